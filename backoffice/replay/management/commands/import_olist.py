"""Import the public Olist files through the services that live orders use."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backoffice.core.actor import acting_job
from backoffice.core.choices import Origin
from backoffice.replay.engine import pending, play, store
from backoffice.replay.olist.parser import MissingFileError, facts, read_files
from backoffice.replay.olist.players import CHANNEL, create_masters, players
from backoffice.replay.progress import Progress
from backoffice.replay.report import print_report


class Command(BaseCommand):
    help = "Import the Olist data set from a folder; twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--window-hours", type=int, default=72)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tables = read_files(options["folder"])
        except MissingFileError as error:
            raise CommandError(str(error)) from error
        with acting_job("importer", origin=Origin.IMPORT):
            account = create_masters(tables, now=timezone.now())
        new = store(CHANNEL, facts(tables))
        self.stdout.write(
            "New rows: " + (", ".join(f"{s} {n:,}" for s, n in new.items() if n) or "none")
        )
        window = timedelta(hours=options["window_hours"])
        play(CHANNEL, players(account), window=window, progress=Progress(pending(CHANNEL)))
        if not print_report(self.stdout, source=CHANNEL, channel=CHANNEL):  # type: ignore[arg-type]
            raise CommandError("Something is not as it must be: see above.")
