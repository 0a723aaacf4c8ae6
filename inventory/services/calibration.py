"""The company's fill curve: measured anew every week by replaying a sample of its own past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from inventory.choices import PlanningRule
from inventory.models import ReplenishmentRun
from inventory.planning.assortment import YOUNG_DAYS, groups
from inventory.planning.calibration import NO_CURVE, FillCurve, fill_curve
from inventory.services.candidates import Candidates, read_assortment

MEASURED_EVERY = timedelta(days=7)
SAMPLE = 800  # SKUs whose past speaks for all
KNUTH = 2654435761  # scatters keys, so that the same SKUs are drawn every week


@dataclass(frozen=True, slots=True)
class Measured:
    """A fill curve and when it was measured."""

    curve: FillCurve
    at: datetime | None


def current_curve(chosen: Candidates, *, now: datetime) -> Measured:
    """Return the last measured curve, or a new one where it is older than a week."""
    runs = ReplenishmentRun.objects.filter(measured_at__isnull=False, started_at__lte=now)
    kept, at = runs.order_by("-started_at", "-pk").values_list("curve", "measured_at").first() or (
        {},
        None,
    )
    if at is None or at <= now - MEASURED_EVERY:
        curve = measure(chosen, now=now)
        if curve.days:
            return Measured(curve, now)
    return Measured(from_json(kept), at)


def measure(chosen: Candidates, *, now: datetime) -> FillCurve:
    """Replay a sample of what the planner plans."""
    planned = [
        n
        for n, terms in enumerate(chosen.terms)
        if terms.rule == PlanningRule.HYBRID and terms.minimum is None
    ]
    if not planned:
        return NO_CURVE
    known = read_assortment(chosen.only(scattered(chosen, planned)[:SAMPLE]), now=now)
    old = np.flatnonzero(known.demand.known_days >= YOUNG_DAYS)
    return fill_curve([group for _rows, group in groups(known, old)])


def scattered(chosen: Candidates, rows: Sequence[int]) -> list[int]:
    """Return rows in an order without meaning, the same every time: the first are a sample."""
    return sorted(rows, key=lambda n: (chosen.rows[n].sku_id * KNUTH % 2**32, n))


def to_json(curve: FillCurve) -> dict[str, Any]:
    """Return a curve as it is kept."""
    if not curve.days:
        return {}
    return {
        "fill": [round(float(x), 6) for x in curve.fill],
        "inventory": [round(float(x), 2) for x in curve.inventory],
        "order_lines": [int(x) for x in curve.order_lines],
        "days": curve.days,
        "rows": curve.rows,
    }


def from_json(kept: dict[str, Any]) -> FillCurve:
    """Return a curve that was kept."""
    if not kept:
        return NO_CURVE
    fill, inventory, lines = (np.array(kept[x]) for x in ("fill", "inventory", "order_lines"))
    return FillCurve(fill, inventory, lines, kept["days"], kept["rows"])
