"""Replay replenishment policies over a file of daily demand."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inventory.planning.comparison import BadDemandFile, compare, read_demand


class Command(BaseCommand):
    """Show what each policy would have kept and ordered for the same fill rate."""

    help = "Replay replenishment policies over a CSV of date, sku, quantity, unit_value."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--fill", type=float, default=0.98, help="value fill rate to ask for")
        parser.add_argument("--rhythm", type=float, default=14.0, help="days that one order covers")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(
        self, *_args: Any, file: Path, fill: float, rhythm: float, as_json: bool, **_options: Any
    ) -> None:
        if not 0.5 <= fill < 1:
            raise CommandError("--fill must be at least 0.5 and less than 1, such as 0.98.")
        if not 1 <= rhythm <= 90:
            raise CommandError("--rhythm must be 1 to 90 days.")
        try:
            demand, unit_value = read_demand(file)
            result = compare(demand, unit_value, fill=fill, order_rhythm_days=rhythm)
        except BadDemandFile as error:
            raise CommandError(str(error)) from error
        if as_json:
            self.stdout.write(json.dumps(result, indent=2))
        else:
            self._table(result)

    def _table(self, result: dict[str, Any]) -> None:
        self.stdout.write(
            f"{result['skus']} SKUs, {result['days']} days, the last {result['tested_days']} count"
        )
        for fill in ("95", "98"):
            self.stdout.write(
                f"\nat {fill} % value fill  {'inventory':>12} {'lines':>9}  ours ÷ it"
            )
            for name, points in result["policies"].items():
                point, ratio = points[fill], result["ratios"].get(name, {}).get(fill)
                if point is None:
                    self.stdout.write(f"{name:20} {'not reached':>12}")
                    continue
                beside = f"{ratio['inventory']:10.3f}" if ratio else ""
                self.stdout.write(
                    f"{name:20} {point['inventory']:12,.0f} {point['order_lines']:9,.0f} {beside}"
                )
        asked = result["asked"]
        self.stdout.write(
            f"\nasked for {asked['fill']:.1%}: delivered {asked['delivered']:.2%}"
            f" with {asked['inventory']:,.0f} in stock and {asked['order_lines']:,} order lines"
        )
