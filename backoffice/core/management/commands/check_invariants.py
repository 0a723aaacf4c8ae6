"""Check that everything that must be true is true."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.core.invariants import REGISTRY, check_invariants


class Command(BaseCommand):
    help = "Run the invariants; exit non-zero with the rows that break one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", help="only these, such as orders.counters")

    def handle(self, *args: Any, **options: Any) -> None:
        unknown = set(options["names"]) - set(REGISTRY)
        if unknown:
            raise CommandError(f"Unknown: {', '.join(sorted(unknown))}. See --help.")
        broken = check_invariants(options["names"] or None)
        for violation in broken:
            self.stderr.write(f"{violation.invariant.name}: {violation.invariant.text}")
            for row in violation.rows:
                self.stderr.write("  " + ", ".join(f"{k}={v}" for k, v in row.items()))
            if violation.invariant.repair:
                self.stderr.write(f"  To repair: {violation.invariant.repair}")
        count = len(options["names"]) or len(REGISTRY)
        if broken:
            raise CommandError(f"{len(broken)} of {count} invariants are broken.")
        self.stdout.write(f"{count} invariants hold.")
