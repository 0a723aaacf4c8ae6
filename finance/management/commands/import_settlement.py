"""Read a provider's or a bank's file, prove it and say what it comes to."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from finance.settlement_files.base import Control, Statement
from finance.settlement_files.registry import DETECT, FORMATS, UnknownFormatError, read_file


class Command(BaseCommand):
    help = "Import a provider's settlement file or a bank's statement (see docs/reconciliation.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--format", default=DETECT, metavar="NAME", help=f"{DETECT}, {', '.join(FORMATS)}"
        )
        parser.add_argument("--json", action="store_true", help="say what was read as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _format, statement = read_file(options["format"], options["file"].read_bytes())
        except UnknownFormatError as error:
            statement = Statement(reason=str(error))
        except OSError as error:
            statement = Statement(reason=f"{options['file']}: {error.strerror}.")
        if options["json"]:
            self.stdout.write(json.dumps(as_json(statement), ensure_ascii=False))
        if statement.control == Control.REFUSED:
            raise CommandError(statement.reason)
        if not options["json"]:
            self.stdout.write(f"{statement.count} rows, control {statement.control}.")


def as_json(statement: Statement) -> dict[str, Any]:
    """Return what a file comes to, in minor units."""
    return {
        "rows": statement.count,
        "control": statement.control.value,
        "reason": statement.reason,
        "totals": {
            currency: {"gross": totals.gross, "fee": totals.fee, "net": totals.net}
            for currency, totals in statement.totals.items()
        },
    }
