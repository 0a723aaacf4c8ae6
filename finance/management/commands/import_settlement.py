"""Read a provider's or a bank's file, prove it and say what it comes to."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError
from django.utils import timezone

from backoffice.core.actor import acting_job
from backoffice.core.files import FileRefusedError
from finance.choices import FileControl
from finance.services.provider_files import store_statement
from finance.settlement_files.base import Format, Statement
from finance.settlement_files.registry import DETECT, FORMATS, UnknownFormatError, read_file


class Command(BaseCommand):
    help = "Import a provider's settlement file or a bank's statement (see docs/reconciliation.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--format", default=DETECT, metavar="NAME", help=f"{DETECT}, {', '.join(FORMATS)}"
        )
        parser.add_argument("--check", action="store_true", help="read and prove, store nothing")
        parser.add_argument("--json", action="store_true", help="say what was read as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        format, content = None, None
        try:
            content = path.read_bytes()
            format, statement = read_file(options["format"], content)
        except UnknownFormatError as error:
            statement = Statement(reason=str(error))
        except OSError as error:
            statement = Statement(reason=f"{path}: {error.strerror}.")
        if options["json"]:
            self.stdout.write(json.dumps(as_json(statement), ensure_ascii=False))
        else:
            self.stdout.write(f"{statement.count} rows, control {statement.control.lower()}.")
        if content is not None and not options["check"]:
            self._store(path.name, content, statement, format)
        if statement.control == FileControl.REFUSED:
            raise CommandError(statement.reason)

    def _store(
        self, name: str, content: bytes, statement: Statement, format: Format | None
    ) -> None:
        """Store a file; where there is no database yet, say so: what was read is told already."""
        try:
            with acting_job("importer"):
                imported = store_statement(name, content, statement, format, now=timezone.now())
        except FileRefusedError as error:
            self.stderr.write(str(error))
        except (OperationalError, ProgrammingError):
            self.stderr.write("Not stored: the database is not set up. `make run` does that.")
        else:
            if not imported.is_new:
                self.stderr.write(f"Imported before, as {imported.file}: nothing changed.")


def as_json(statement: Statement) -> dict[str, Any]:
    """Return what a file comes to, in minor units."""
    return {
        "rows": statement.count,
        "control": statement.control.lower(),
        "reason": statement.reason,
        "totals": {
            currency: {"gross": totals.gross, "fee": totals.fee, "net": totals.net}
            for currency, totals in statement.totals.items()
        },
    }
