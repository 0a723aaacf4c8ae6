"""One of the five times, told: how long it took, what is usual, and which parts made the change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.apps import apps

from backoffice.core.extensions import Text
from backoffice.core.sql import execute
from backoffice.insights.drivers import SOURCES, Driver
from backoffice.insights.selectors.asking import Question
from backoffice.insights.selectors.mix import Effect, Stat, effects

TREND_DAYS = 60
# So many measurements of a side are told apart; of more, a fixed share of them.
TOLD_APART = 10_000
SLOWEST = 10
# Parts beyond these are told as one, so that the effects still sum to the change.
SHOWN = 10
FIGURES = """count(*), avg(seconds), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
  percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds)"""
TIMES = """
SELECT s.subject_id, s.order_id, s.started_at, s.ended_at, s.day, s.seconds{columns}
FROM insights_stagetime s {joins}
WHERE s.metric = %(metric)s AND s.origin = %(origin)s AND s.seconds >= 0
  AND s.day BETWEEN %(start)s AND %(last)s {within}
"""
PARTS = """
SELECT part.driver, part.key, t.day >= %(first)s, {figures}
FROM ({times}) AS t CROSS JOIN LATERAL (VALUES ('', ''), {values}) AS part(driver, key)
GROUP BY 1, 2, 3
"""
TREND = "SELECT day, {figures} FROM ({times}) AS t GROUP BY day ORDER BY day"
SLOWEST_IDS = """
SELECT subject_id FROM ({times}) AS t ORDER BY seconds DESC, subject_id LIMIT %(limit)s
"""
SLOW = "{times} AND s.subject_id = ANY(%(ids)s) ORDER BY s.seconds DESC, s.subject_id"
# The shares are of the documents' numbers, so that each question looks at the same ones.
SAMPLE = """ AND s.subject_id %% (CASE WHEN s.day >= %(first)s THEN %(every_after)s
  ELSE %(every_before)s END) = 0"""
SIZES = """
SELECT coalesce(sum(n) FILTER (WHERE day < %(first)s), 0)::bigint,
  coalesce(sum(n) FILTER (WHERE day >= %(first)s), 0)::bigint
FROM insights_dailymetric WHERE metric = %(metric)s AND span = 1 AND dimension = 'ALL' AND key = 0
  AND origin = %(origin)s AND day BETWEEN %(start)s AND %(last)s
"""
ERRORS = """
SELECT count(*) FROM insights_stagetime WHERE metric = %(metric)s AND origin = %(origin)s
  AND seconds < 0 AND day BETWEEN %(first)s AND %(last)s
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a driver: its figures on both sides, and its effect on the mean."""

    key: str
    label: str
    before: Stat
    after: Stat
    effect: Effect


@dataclass(frozen=True, slots=True)
class Split:
    """The change of the mean, told by the parts of one driver, the largest effect first."""

    name: str
    label: Text
    parts: list[Part]

    @property
    def change(self) -> float:
        return sum(part.effect.total for part in self.parts)

    def surplus(self, part: Part) -> float:
        """Return how much more a part did than its share of all would have."""
        sizes = [sum(getattr(p, side).n for p in self.parts) or 1 for side in ("before", "after")]
        share = (part.before.n / sizes[0] + part.after.n / sizes[1]) / 2
        return part.effect.total - share * self.change

    @property
    def weight(self) -> float:
        return max(abs(self.surplus(part)) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Day:
    """What a day measured."""

    day: date
    stat: Stat


@dataclass(frozen=True, slots=True)
class Slow:
    """A document that took long, and what it was, driver by driver."""

    subject_id: int
    order_id: int | None
    started_at: Any
    ended_at: Any
    seconds: float
    traits: list[str]


@dataclass(frozen=True, slots=True)
class Story:
    """What a question has for an answer."""

    question: Question
    after: Stat
    before: Stat
    errors: int
    trend: list[Day]
    splits: list[Split] = field(default_factory=list)
    slowest: list[Slow] = field(default_factory=list)
    parts: list[tuple[Driver, str, str]] = field(default_factory=list)
    # One measurement of so many was looked at, before and after.
    every: tuple[int, int] = (1, 1)

    @property
    def change(self) -> float | None:
        """Return the change of the mean in seconds."""
        if self.after.mean is None or self.before.mean is None:
            return None
        return self.after.mean - self.before.mean

    @property
    def slower_than(self) -> tuple[int, int]:
        """Return on how many days before the median was lower, of how many."""
        asked = self.question
        days = [d.stat.median for d in self.trend if asked.base_first <= d.day < asked.first]
        known = [median for median in days if median is not None]
        own = self.after.median
        return sum(own is not None and median < own for median in known), len(known)


def tell(question: Question) -> Story:
    """Answer a question of a time that is measured on documents, in seven statements and names.

    Where there are many, the figures are those of a sample: its counts are raised to the whole.
    """
    sources = SOURCES[question.metric]
    drivers = [driver for driver in sources.drivers if driver.name not in question.hidden]
    values: dict[str, Any] = {
        "metric": question.metric,
        "origin": question.origin,
        "first": question.first,
        "last": question.last,
        "start": question.base_first,
    }
    within, joins = "", ""
    chosen = {driver.name: driver for driver in drivers}
    for place, (name, key) in enumerate(question.parts):
        within += f" AND coalesce(({chosen[name].sql})::text, '') = %(part{place})s"
        values[f"part{place}"] = key
        joins = sources.joins
    columns = [
        f"coalesce(({driver.sql})::text, '') AS c{place}" for place, driver in enumerate(drivers)
    ]
    every = _every(values)
    values |= {"every_before": every[0], "every_after": every[1]}
    of_all = TIMES.format(columns="", joins=joins, within=within)
    traits = {"columns": ", " + ", ".join(columns), "joins": sources.joins}
    sampled = within + SAMPLE if max(every) > 1 else within
    plain = TIMES.format(columns="", joins=joins, within=sampled)
    pairs = ", ".join(f"('{driver.name}', t.c{n})" for n, driver in enumerate(drivers))
    told = PARTS.format(figures=FIGURES, times=TIMES.format(**traits, within=sampled), values=pairs)
    sides = _sides(execute(told, values), every)
    picked = values | {"start": question.first, "limit": SLOWEST}
    # What the slowest were is asked of them alone.
    ids = [pk for (pk,) in execute(SLOWEST_IDS.format(times=of_all), picked)]
    told = SLOW.format(times=TIMES.format(**traits, within=within))
    slow = execute(told, picked | {"ids": ids})
    start = min(question.base_first, question.last - timedelta(days=TREND_DAYS - 1))
    days = execute(TREND.format(figures=FIGURES, times=plain), values | {"start": start})
    ((errors,),) = execute(ERRORS, values)
    names = _names(drivers, sides, question)
    before, after = sides.get("", ({}, {}))
    splits = [
        Split(d.name, d.label, _parts(*sides[d.name], names[d.name]))
        for d in drivers
        if d.name in sides
    ]
    return Story(
        question,
        after.get("", Stat()),
        before.get("", Stat()),
        errors,
        [Day(day, Stat(n * every[day >= question.first], *figures)) for day, n, *figures in days],
        # What tells nothing apart explains nothing.
        sorted((s for s in splits if len(s.parts) > 1), key=lambda s: -s.weight),
        [
            Slow(
                subject,
                order,
                started,
                ended,
                seconds,
                [
                    names[driver.name].get(key, key)
                    for driver, key in zip(drivers, keys, strict=True)
                    if key
                ],
            )
            for subject, order, started, ended, _day, seconds, *keys in slow
        ],
        [(chosen[name], key, names[name].get(key, key)) for name, key in question.parts],
        every,
    )


def _every(values: Mapping[str, Any]) -> tuple[int, int]:
    """Return one of how many measurements is to be looked at on each side, by the rollups."""
    ((before, after),) = execute(SIZES, values)
    return max(1, -(-before // TOLD_APART)), max(1, -(-after // TOLD_APART))


Sides = tuple[dict[str, Stat], dict[str, Stat]]


def _sides(rows: Iterable[Sequence[Any]], every: tuple[int, int]) -> dict[str, Sides]:
    """Return each driver's figures before and after, by value; counts are those of the whole."""
    found: dict[str, Sides] = {}
    for driver, key, is_after, n, *figures in rows:
        stat = Stat(n * every[bool(is_after)], *figures)
        found.setdefault(driver, ({}, {}))[bool(is_after)][key] = stat
    return found


def _names(
    drivers: Iterable[Driver], sides: Mapping[str, Sides], question: Question
) -> dict[str, dict[str, str]]:
    """Return what the values of each driver are called."""
    named: dict[str, dict[str, str]] = {}
    for driver in drivers:
        before, after = sides.get(driver.name, ({}, {}))
        keys = {*before, *after, *(key for name, key in question.parts if name == driver.name)}
        words = {key: str(driver.words.get(key, key)) for key in keys}
        named_by = [key for key in keys if key.isascii() and key.isdigit() and len(key) < 19]
        ids = [int(key) for key in named_by] if driver.model else []
        if ids:
            rows = apps.get_model(driver.model)._default_manager.in_bulk(ids)
            words |= {str(pk): str(row) for pk, row in rows.items()}
        named[driver.name] = words | {"": str(driver.nothing)}
    return named


def _parts(
    before: Mapping[str, Stat], after: Mapping[str, Stat], names: Mapping[str, str]
) -> list[Part]:
    known = effects(before, after)
    parts = [
        Part(
            key,
            names.get(key, key),
            before.get(key, Stat()),
            after.get(key, Stat()),
            known.get(key, Effect(0.0, 0.0)),
        )
        for key in {**before, **after}
    ]
    return sorted(parts, key=lambda part: (-abs(part.effect.total), part.label))


def shown(parts: Sequence[Part], others: str) -> list[Part]:
    """Return the parts with the largest effects, and all the rest as one."""
    if len(parts) <= SHOWN + 1:
        return list(parts)
    rest = parts[SHOWN:]
    effect = Effect(sum(p.effect.within for p in rest), sum(p.effect.mix for p in rest))
    sums = [Stat(sum(getattr(p, side).n for p in rest)) for side in ("before", "after")]
    return [*parts[:SHOWN], Part("", others % {"n": len(rest)}, sums[0], sums[1], effect)]
