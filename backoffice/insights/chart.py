"""A trend by day as an inline drawing: the median, the p90 above it, each day a link."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from backoffice.insights.selectors.figures import duration
from backoffice.insights.selectors.times import TREND_DAYS, Day

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 860, 200, 56, 22, 8
CUT = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """A day in the drawing."""

    day: date
    x: float
    y: float
    left: float
    is_picked: bool
    median: str
    p90: str
    n: int
    url: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All of the drawing; `levels` are the lines across, with their height and text."""

    marks: list[Mark]
    median: str
    p90: str
    levels: list[tuple[float, str]]
    days: list[tuple[float, date]]
    usual: float | None
    step: float
    is_cut: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP
    floor: int = HEIGHT - BOTTOM


def draw(
    trend: Sequence[Day],
    picked: tuple[date, date],
    usual: float | None,
    address: Callable[[date], str],
) -> Chart | None:
    """Draw the days up to the picked one, or nothing where nothing was measured."""
    known = [d for d in trend if d.stat.median is not None]
    if not known:
        return None
    heights = [max(d.stat.p90 or 0.0, d.stat.median or 0.0) for d in known]
    # One odd day would press all others flat, and a long tail the median.
    usual_top = CUT * max(d.stat.median or 0.0 for d in known) * 2
    top = min(max(heights), CUT * median(heights), usual_top) or max(heights) or 1.0
    step = (WIDTH - LEFT) / TREND_DAYS
    first = picked[1] - timedelta(days=TREND_DAYS - 1)
    floor = HEIGHT - BOTTOM

    def x(day: date) -> float:
        return round(LEFT + ((day - first).days + 0.5) * step, 1)

    def y(seconds: float) -> float:
        return round(floor - min(seconds / top, 1.0) * (floor - TOP), 1)

    marks = [
        Mark(
            d.day,
            x(d.day),
            y(d.stat.median or 0.0),
            round(x(d.day) - step / 2, 1),
            picked[0] <= d.day <= picked[1],
            duration(d.stat.median),
            duration(d.stat.p90),
            d.stat.n,
            address(d.day),
        )
        for d in known
    ]
    return Chart(
        marks,
        " ".join(f"{m.x},{m.y}" for m in marks),
        " ".join(f"{x(d.day)},{y(d.stat.p90)}" for d in known if d.stat.p90 is not None),
        [(y(top * part), duration(top * part)) for part in (1.0, 0.5)],
        [(x(d), d) for d in (first + timedelta(days=n) for n in (2, 20, 38, 56))],
        None if usual is None or usual > top else y(usual),
        round(step, 1),
        max(heights) > top,
    )
