from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from backoffice.core.files import (
    LIMIT,
    FileRefusedError,
    clean_name,
    open_file,
    path_of,
    remove_expired_files,
    store_file,
)
from backoffice.core.models import StoredFile

PDF = b"%PDF-1.7 something"


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def store(content=PDF, now=None, **options):
    return store_file("label.pdf", content, purpose="label", now=now, **options)


def test_a_file_is_kept_under_its_hash(actor, now):
    file = store(now=now)

    assert (file.content_type, file.size, file.keep_until) == ("application/pdf", 18, None)
    assert file.created_by_id == actor.user_id
    with open_file(file) as stored:
        assert stored.read() == PDF


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"PK\x03\x04zip", "application/zip"),
        ("\ufeffa,b\n退款,2\n".encode(), "text/plain"),
        # What claims to be a page is only ever shown as text.
        (b"<script>alert(1)</script>", "text/plain"),
    ],
)
def test_the_type_is_what_the_bytes_tell(actor, now, content, kind):
    assert store(content, now).content_type == kind


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF\x02\x01", b"a\x00b", b"\xff\xfe", b"x" * (LIMIT + 1)]
)
def test_what_is_empty_too_big_or_unknown_is_refused(actor, now, content):
    with pytest.raises(FileRefusedError):
        store(content, now)

    assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.csv", "a.csv"),
        ("a\u202egpj.exe\n", "agpj.exe"),
        ("...", "file"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_name_is_a_name(given, kept):
    assert clean_name(given) == kept


def test_expired_files_go_unless_another_keeps_the_content(actor, now):
    kept = store(now=now)
    expired = store(now=now, keep_for=timedelta(days=1))
    other = store(b"other", now, keep_for=timedelta(days=1))
    later = now + timedelta(days=2)

    assert remove_expired_files(now=now) == 0
    assert remove_expired_files(now=later) == 2
    assert remove_expired_files(now=later) == 0

    for file in (expired, other):
        file.refresh_from_db()
        assert file.removed_at == later
    assert default_storage.exists(path_of(kept.sha256))
    assert not default_storage.exists(path_of(other.sha256))
    with pytest.raises(FileNotFoundError):
        open_file(expired)
