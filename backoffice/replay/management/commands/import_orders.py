"""Import the past of a shop from a plain CSV or the Online Retail file."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backoffice.core.actor import acting_job
from backoffice.core.choices import Origin
from backoffice.replay import plain
from backoffice.replay.engine import pending, play, store
from backoffice.replay.progress import Progress
from backoffice.replay.report import print_report
from backoffice.replay.retail import parser as retail
from backoffice.replay.retail import players as retail_players
from orders.channels.csv.parser import ColumnsError


class Command(BaseCommand):
    help = "Import orders from a CSV (see docs/imports.md) or Online Retail's Parquet file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--channel", default="csv", help="the channel of a CSV's orders")
        parser.add_argument("--window-hours", type=int, default=72)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path} is no file.")
        now = timezone.now()
        with acting_job("importer", origin=Origin.IMPORT):
            if path.suffix == ".parquet":
                channel = retail_players.CHANNEL
                try:
                    account = retail_players.create_masters(retail.read_rows(path), now=now)
                except retail.MissingReaderError as error:
                    raise CommandError(str(error)) from error
                # Read again rather than kept: half a million rows are half a gigabyte.
                found: Iterator = retail.facts(retail.read_rows(path))
                players = retail_players.players(account)
            else:
                channel = options["channel"]
                try:
                    found = iter(plain.read_facts(path, channel))
                except ColumnsError as error:
                    raise CommandError(str(error)) from error
                players = plain.players(channel)
        new = store(channel, found)
        self.stdout.write(
            "New rows: " + (", ".join(f"{s} {n:,}" for s, n in new.items() if n) or "none")
        )
        window = timedelta(hours=options["window_hours"])
        play(channel, players, window=window, progress=Progress(pending(channel)))
        if not print_report(self.stdout, source=channel, channel=channel):  # type: ignore[arg-type]
            raise CommandError("Something is not as it must be: see above.")
