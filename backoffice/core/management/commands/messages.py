"""Keep the Chinese catalogue complete, without gettext's programs."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation.template import templatize

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
APPS = ["backoffice", "inventory", "orders", "logistics", "finance", "support"]
# The header carries no date of its own: the same texts give the same file.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
FOLDER = Path(settings.BASE_DIR) / "backoffice" / "locale" / "zh_Hans" / "LC_MESSAGES"


class Command(BaseCommand):
    help = "Extract the texts that users read and compile their translations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail where one is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        path = FOLDER / "django.po"
        old = Catalog(locale="zh_Hans")
        if path.exists():
            with open(path, "rb") as stored:
                old = read_po(stored, locale="zh_Hans")
        catalogue = build(old)
        missing = [str(m.id) for m in catalogue if m.id and not _is_translated(m)]
        po, mo = io.BytesIO(), io.BytesIO()
        write_po(po, catalogue, no_location=True, omit_header=False, sort_output=True, width=100)
        write_mo(mo, catalogue)
        if options["check"]:
            stale = not path.exists() or path.read_bytes() != po.getvalue()
            stale |= not (FOLDER / "django.mo").exists()
            stale = stale or (FOLDER / "django.mo").read_bytes() != mo.getvalue()
            if missing:
                shown = "\n  ".join(missing[:30])
                raise CommandError(f"{len(missing)} texts lack their translation:\n  {shown}")
            if stale:
                raise CommandError("The catalogue is stale: run manage.py messages and commit it.")
            self.stdout.write(f"{len(catalogue)} texts are translated.")
            return
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po.getvalue())
        (FOLDER / "django.mo").write_bytes(mo.getvalue())
        self.stdout.write(f"{len(catalogue)} texts, {len(missing)} without translation.")


def build(old: Catalog) -> Catalog:
    """Return the catalogue of today's texts with yesterday's translations."""
    catalogue = Catalog(
        locale="zh_Hans",
        project="Backoffice",
        version="1",
        fuzzy=False,
        creation_date=EPOCH,
        revision_date=EPOCH,
    )
    for message, context in texts():
        kept = old.get(message if isinstance(message, str) else message[0], context)
        catalogue.add(message, kept.string if kept else None, context=context)
    return catalogue


def texts() -> Iterator[tuple[Any, str | None]]:
    """Return every text marked for translation in Python files and templates."""
    for app in APPS:
        root = Path(settings.BASE_DIR) / app
        for path in sorted(root.rglob("*.py")):
            if "migrations" not in path.parts:
                yield from _extract(path.read_bytes())
        for path in sorted(root.rglob("templates/**/*.html")):
            yield from _extract(templatize(path.read_text(), origin=str(path)).encode())


def _extract(source: bytes) -> Iterator[tuple[Any, str | None]]:
    for _line, message, _comments, context in extract(
        "python", io.BytesIO(source), keywords=KEYWORDS, options={"encoding": "utf-8"}
    ):
        if message and (isinstance(message, tuple) or message.strip()):
            yield message, context


def _is_translated(message: Any) -> bool:
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)
