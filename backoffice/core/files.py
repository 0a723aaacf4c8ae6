"""Files in and out: typed by content, stored under their hash, removed in time."""

import hashlib
import io
import os
import re
import unicodedata
from datetime import datetime, timedelta
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from backoffice.core.actor import current_actor
from backoffice.core.models import StoredFile
from backoffice.core.scope import owned

# What somebody stored is theirs, whatever they are limited to.
owned(StoredFile)
LIMIT = 25 * 1024 * 1024
SIGNATURES = [
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
]


class FileRefusedError(ValueError):
    """A file is empty, too big or of no known type."""


def content_type_of(content: bytes) -> str:
    """Return the type that the bytes themselves tell; text is UTF-8 without control characters."""
    for signature, name in SIGNATURES:
        if content.startswith(signature):
            return name
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileRefusedError(_("This kind of file is not taken.")) from None
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text):
        raise FileRefusedError(_("This kind of file is not taken."))
    return "text/plain"


def clean_name(name: str) -> str:
    """Return a file name without path, control and direction characters."""
    base = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in base if unicodedata.category(c)[0] != "C")
    return kept.strip(". ")[-200:] or "file"


def store_file(
    name: str,
    content: bytes,
    *,
    purpose: str,
    now: datetime,
    keep_for: timedelta | None = None,
    content_type: str = "",
) -> StoredFile:
    """Store a file; the same content lies on disk once. FileRefusedError says why not.

    `content_type` is for content that its caller has read itself, in whatever encoding.
    """
    if not content:
        raise FileRefusedError(_("The file is empty."))
    if len(content) > LIMIT:
        raise FileRefusedError(_("The file is bigger than 25 MB."))
    kind = content_type or content_type_of(content)
    file = io.BytesIO(content)
    return keep_file(name, file, purpose=purpose, now=now, keep_for=keep_for, content_type=kind)


def keep_file(
    name: str,
    file: IO[bytes],
    *,
    purpose: str,
    now: datetime,
    keep_for: timedelta | None,
    content_type: str,
) -> StoredFile:
    """Store a file of ours, of whatever size: it is read piece by piece."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    if not default_storage.exists(path_of(digest)):
        default_storage.save(path_of(digest), File(file))
    return StoredFile.objects.create(
        name=clean_name(name),
        purpose=purpose,
        content_type=content_type,
        sha256=digest,
        size=size,
        created_by_id=current_actor().user_id,
        created_at=now,
        keep_until=now + keep_for if keep_for else None,
    )


def path_of(digest: str) -> str:
    return f"{digest[:2]}/{digest}"


def open_file(file: StoredFile) -> IO[bytes]:
    """Open a file's content; FileNotFoundError once it was removed."""
    if file.removed_at:
        raise FileNotFoundError(file.name)
    return default_storage.open(path_of(file.sha256))


def remove_expired_files(*, now: datetime) -> int:
    """Remove up to 500 files whose time is over; their rows stay and say so."""
    due = list(
        StoredFile.objects.filter(keep_until__lt=now, removed_at=None).order_by("keep_until")[:500]
    )
    StoredFile.objects.filter(pk__in=[f.pk for f in due]).update(removed_at=now)
    alive = StoredFile.objects.filter(sha256=OuterRef("sha256"), removed_at=None)
    unused = StoredFile.objects.filter(~Exists(alive), pk__in=[f.pk for f in due])
    for digest in set(unused.values_list("sha256", flat=True)):
        default_storage.delete(path_of(digest))
    return len(due)
