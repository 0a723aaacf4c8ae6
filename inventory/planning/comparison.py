"""Replay every policy over one panel of demand and read them off at the same fill rates."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from inventory.planning.bounds import best_fixed, least_inventory
from inventory.planning.knob import replay_asked
from inventory.planning.peers import MinMax, textbook
from inventory.planning.replay import Floats, Outcome, Panel, replay

COLUMNS = ("date", "sku", "quantity", "unit_value")
LEAD_TIMES = np.arange(5, 11)
WARM_UP_DAYS = 365
FILLS = (0.95, 0.98)
FACTORS = np.array([1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 13, 17, 23, 32, 48])
SERVICE_LEVELS = 1 - np.geomspace(0.4, 1e-7, 16)
MOST_DAYS = 20_000


class BadDemandFile(ValueError):
    """The file cannot be replayed; the message says why and where."""


def read_demand(path: Path) -> tuple[NDArray[np.int64], Floats]:
    """Return units per SKU and day (n, days) and mean unit value (n,) of a CSV, gzipped or not.

    Columns `date,sku,quantity,unit_value`, one line per SKU and day or more; days without demand
    may be left out. SKUs are in the order of their names.
    """
    days, skus, quantities, values = [], [], [], []
    with _opened(path) as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise BadDemandFile(
                f"{path.name} has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}"
            )
        for line in reader:
            try:
                days.append(date.fromisoformat(line["date"]).toordinal())
                quantities.append(int(line["quantity"]))
                values.append(float(line["unit_value"]))
            except (TypeError, ValueError) as error:
                raise BadDemandFile(f"{path.name}, line {reader.line_num}: {error}") from error
            skus.append(line["sku"])
            if quantities[-1] < 0 or not 0 <= values[-1] < float("inf"):
                raise BadDemandFile(
                    f"{path.name}, line {reader.line_num}: "
                    "quantity and unit_value must be 0 or more"
                )
    if not days:
        raise BadDemandFile(f"{path.name} holds no demand")
    return _matrix(np.array(days), np.array(skus), np.array(quantities), np.array(values))


def _matrix(
    days: NDArray, skus: NDArray, quantities: NDArray, values: NDArray
) -> tuple[NDArray[np.int64], Floats]:
    span = int(days.max() - days.min()) + 1
    if span > MOST_DAYS:
        raise BadDemandFile(f"the dates span {span} days; check the first and the last one")
    names, row = np.unique(skus, return_inverse=True)
    demand = np.zeros((len(names), span), dtype=np.int64)
    np.add.at(demand, (row, days - days.min()), quantities)
    weights = np.maximum(quantities, 1e-9)
    worth = np.bincount(row, values * weights) / np.bincount(row, weights)
    return demand, worth


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        with path.open("rb") as raw:
            is_packed = raw.read(2) == b"\x1f\x8b"
        opener = gzip.open if is_packed else open
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            yield stream  # type: ignore[misc]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadDemandFile(f"{path.name} cannot be read: {error}") from error


def compare(
    demand: NDArray, unit_value: Floats, *, fill: float, order_rhythm_days: float
) -> dict[str, Any]:
    """Return inventory value and order lines of every policy at 95 % and 98 % value fill.

    Daily review, lead time 5 to 10 days evenly, sales that find no stock are lost. What counts are
    the days after the first year, or after half the file where that is less.
    """
    days = demand.shape[1]
    start = min(WARM_UP_DAYS, days // 2)
    if start < 30:
        raise BadDemandFile(f"the file spans {days} days; a replay needs 60 or more")
    panel = Panel.draw(demand, unit_value, start, LEAD_TIMES)
    cover = order_rhythm_days
    ours = replay_asked(panel, LEAD_TIMES, fill=fill, order_rhythm_days=order_rhythm_days)
    curves = {
        "static_min_max": replay(panel, MinMax(panel, FACTORS, cover_days=cover, reset_days=None)),
        "monthly_min_max": replay(panel, MinMax(panel, FACTORS, cover_days=cover)),
        "textbook_normal": replay(panel, textbook(panel, SERVICE_LEVELS, cover_days=cover)),
        "ours": ours.curve,
        "hindsight_fixed": best_fixed(panel),
    }
    policies = {name: _read(outcome) for name, outcome in curves.items()}
    policies["clairvoyant_bound"] = _bounds(panel, policies["ours"])
    given = ours.delivered
    return {
        "skus": len(demand),
        "days": days,
        "tested_days": days - start,
        "policies": policies,
        "ratios": _ratios(policies),
        "asked": {
            "fill": fill,
            "delivered": round(float(given.fill[0]), 5),
            "inventory": round(float(given.inventory[0]), 2),
            "order_lines": int(given.order_lines[0]),
            "penalty_days": round(ours.penalty_days, 1),
        },
    }


def _key(fill: float) -> str:
    return f"{fill * 100:g}"


def _read(outcome: Outcome) -> dict[str, dict[str, float] | None]:
    points = {}
    for fill in FILLS:
        read = outcome.at(fill)
        points[_key(fill)] = read and {
            "inventory": round(read[0], 2),
            "order_lines": round(read[1], 1),
        }
    return points


def _bounds(panel: Panel, ours: dict[str, Any]) -> dict[str, dict[str, float] | None]:
    points: dict[str, dict[str, float] | None] = {}
    for fill in FILLS:
        read = ours[_key(fill)]
        points[_key(fill)] = read and {
            "inventory": round(
                least_inventory(panel, fill=fill, order_lines=read["order_lines"]), 2
            ),
            "order_lines": read["order_lines"],
        }
    return points


def _ratios(policies: dict[str, Any]) -> dict[str, dict[str, dict[str, float] | None]]:
    """Return our inventory and order lines ÷ those of each other policy, by fill."""
    found: dict[str, dict[str, dict[str, float] | None]] = {}
    for name, points in policies.items():
        if name == "ours":
            continue
        found[name] = {}
        for key, other in points.items():
            ours = policies["ours"][key]
            is_known = ours and other and other["inventory"] and other["order_lines"]
            found[name][key] = (
                {what: round(ours[what] / other[what], 4) for what in ("inventory", "order_lines")}
                if is_known
                else None
            )
    return found
