"""What a simulation found, to be shown: a table and a curve of each policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inventory.choices import SimulatedPolicy
from inventory.models import Simulation

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, FLOOR = 78, 700, 14, 282
LEAST_FILL = 0.85  # nobody plans for less
HIGHEST = 2  # times where the highest policy stands
FINE_MARKS = (0.8, 0.85, 0.9, 0.95, 0.98, 1.0)
COARSE_MARKS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Row:
    """What one policy would have done: as it is, and the stock it needs for today's fill."""

    policy: str
    label: Any
    fill: float
    inventory: float
    order_lines: int
    short_days: int
    lost: float
    same_fill: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One curve of the chart, in its own coordinates, and where the policy stands on it."""

    policy: str
    label: Any
    points: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Fill to the right, mean stock value upwards; `fills` and `values` mark the axes."""

    lines: Sequence[Line]
    fills: Sequence[tuple[float, str]]
    values: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found; `missing` are the policies still being replayed, `errors` why not."""

    rows: Sequence[Row]
    chart: Chart | None
    about: Mapping[str, Any]
    missing: Sequence[Any]
    errors: Sequence[str]


def findings(simulation: Simulation) -> Findings:
    """Return what is known so far."""
    results = dict(simulation.curves.values_list("policy", "result"))
    told = {p: results[p] for p in SimulatedPolicy.values if "points" in results.get(p, {})}
    errors = {r["error"] for r in results.values() if "error" in r}
    missing = [p.label for p in SimulatedPolicy if not results.get(p.value)]
    today = told.get(SimulatedPolicy.TODAY)
    fill = today["here"]["fill"] if today else None
    rows = [_row(policy, result, fill) for policy, result in told.items()]
    about: dict[str, Any] = today or next(iter(told.values()), {})
    return Findings(rows, _chart(told), about, missing, sorted(errors))


def _row(policy: str, result: Mapping[str, Any], fill: float | None) -> Row:
    here = result["here"]
    return Row(
        policy,
        SimulatedPolicy(policy).label,
        here["fill"],
        here["inventory"],
        here["order_lines"],
        here["short_days"],
        (1 - here["fill"]) * result["asked_value"],
        None if fill is None else stock_at(result["points"], fill),
    )


def stock_at(points: Sequence[Mapping[str, Any]], fill: float) -> float | None:
    """Return the mean stock value at which a curve reaches a fill, log-linearly between points."""
    ordered = sorted((p["fill"], p["inventory"]) for p in points)
    fills = [f for f, _value in ordered]
    if not fills[0] <= fill <= fills[-1]:
        return None
    values = np.log([max(value, 1e-9) for _f, value in ordered])
    return float(np.exp(np.interp(fill, fills, values)))


def _chart(told: Mapping[str, Mapping[str, Any]]) -> Chart | None:
    here = {p: (r["here"]["fill"], r["here"]["inventory"]) for p, r in told.items()}
    least = min([LEAST_FILL, *(f for f, _v in here.values())])
    shown = {
        policy: sorted((p["fill"], p["inventory"]) for p in result["points"] if p["fill"] >= least)
        for policy, result in told.items()
    }
    # A curve's last steps cost a multiple: what is far above where anybody stands is cut off.
    stands = max((value for _f, value in here.values()), default=0.0)
    if stands <= 0:
        return None
    top = max((v for points in shown.values() for _f, v in points), default=0.0)
    most = min(max(stands, top), HIGHEST * stands) * 1.05

    def x(fill: float) -> float:
        return LEFT + (fill - least) / (1 - least) * (RIGHT - LEFT)

    def y(value: float) -> float:
        return FLOOR - value / most * (FLOOR - TOP)

    lines = [
        Line(
            policy,
            SimulatedPolicy(policy).label,
            " ".join(f"{x(f):.1f},{y(v):.1f}" for f, v in shown[policy] if v <= most),
            round(x(here[policy][0]), 1),
            round(y(here[policy][1]), 1),
        )
        for policy in told
    ]
    marks = [f for f in (FINE_MARKS if least > 0.8 else COARSE_MARKS) if f >= least]
    step = 10 ** np.floor(np.log10(most))
    step = next(s * step for s in (0.1, 0.2, 0.25, 0.5, 1, 2) if most / (s * step) <= 6)
    return Chart(
        lines,
        [(round(x(f), 1), f"{f:.0%}".replace("%", " %")) for f in marks],
        [(round(y(v), 1), float(v)) for v in np.arange(0, most, step)],
    )
