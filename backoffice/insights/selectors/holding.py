"""Days of inventory, told: which warehouse's stock and sales made them change."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from backoffice.core.sql import execute
from backoffice.insights.choices import Dimension, Metric
from backoffice.insights.models import DailyMetric
from backoffice.insights.selectors.asking import Question
from backoffice.insights.selectors.mix import Effect, Stat
from backoffice.insights.selectors.times import SLOWEST, TREND_DAYS, Day, Part, Split, Story, tell
from backoffice.insights.services.rollup import company_zone
from backoffice.insights.services.turnover import WINDOW, WINDOWED
from inventory.models import Warehouse

DAY = 86400.0
AT = (
    WINDOWED
    + """
SELECT day, dimension, key, (average * n)::float8, (daily_cost * n)::float8, n FROM windowed
WHERE origin = %(origin)s AND day IN (%(before)s, %(after)s)
"""
)
# The SKUs whose value lies longest, by what they sold in the days before.
LYING = """
WITH sold AS (
  SELECT sku_id, warehouse_id, sum(-quantity * unit_cost) AS cost FROM inventory_stockmove
  WHERE occurred_at >= %(since)s AND origin = %(origin)s AND kind IN ('SHIPMENT', 'RETURN')
  GROUP BY sku_id, warehouse_id
)
SELECT k.id, k.code, k.name, w.name, l.on_hand, l.on_hand * l.average_cost AS value,
  (%(window)s * l.on_hand * l.average_cost / nullif(greatest(s.cost, 0), 0))::float8 AS days
FROM inventory_stocklevel l JOIN inventory_sku k ON k.id = l.sku_id
JOIN inventory_warehouse w ON w.id = l.warehouse_id
LEFT JOIN sold s ON s.sku_id = l.sku_id AND s.warehouse_id = l.warehouse_id
WHERE l.on_hand > 0 AND l.average_cost > 0
ORDER BY value DESC, k.id LIMIT %(limit)s
"""


def answer(question: Question) -> Story:
    """Answer a question of any of the five times."""
    return tell_stock(question) if question.metric == Metric.T_I else tell(question)


def tell_stock(question: Question) -> Story:
    """Answer a question of the days of inventory: a day's against that of some days before.

    Each day's figure looks back thirty days already.
    """
    before_day = question.last - timedelta(days=question.base_days)
    values = {
        "today": question.last,
        "window": WINDOW,
        "origin": question.origin,
        "before": before_day,
        "after": question.last,
    }
    sides: dict[Any, dict[str, tuple[float, float]]] = {before_day: {}, question.last: {}}
    wholes: dict[Any, tuple[float, float]] = {}
    counts: dict[Any, int] = {}
    for day, dimension, key, stock, cost, n in execute(AT, values):
        if dimension == Dimension.ALL:
            wholes[day], counts[day] = (stock, cost), n
        else:
            sides[day][str(key)] = (stock, cost)
    stats = [_stat(wholes.get(day), counts.get(day, 0)) for day in (before_day, question.last)]
    splits = []
    if stats[0].mean is not None and stats[1].mean is not None:
        parts = _parts(sides, wholes, before_day, question.last)
        splits = [Split(Dimension.WAREHOUSE, _("Warehouse"), parts)]
    return Story(question, stats[1], stats[0], 0, _trend(question), splits)


def _stat(whole: tuple[float, float] | None, n: int) -> Stat:
    if whole is None or whole[1] <= 0:
        return Stat(n)
    days = DAY * whole[0] / whole[1]
    return Stat(n, days, days)


def _parts(
    sides: Mapping[Any, Mapping[str, tuple[float, float]]],
    wholes: Mapping[Any, tuple[float, float]],
    before: Any,
    after: Any,
) -> list[Part]:
    """Return what each warehouse's stock and all sales did to the days of inventory.

    A warehouse contributes its stock ÷ the cost of all sales. Its effect is split as a product:
    within = change of its stock × mean pace, mix = its mean stock × change of the pace.
    """
    names = {str(pk): name for pk, name in Warehouse.objects.values_list("pk", "name")}
    pace = (DAY / wholes[before][1], DAY / wholes[after][1])
    found = []
    for key in {**sides[before], **sides[after]}:
        old, new = sides[before].get(key, (0.0, 0.0)), sides[after].get(key, (0.0, 0.0))
        effect = Effect(
            within=(new[0] - old[0]) * (pace[0] + pace[1]) / 2,
            mix=(new[0] + old[0]) / 2 * (pace[1] - pace[0]),
        )
        found.append(Part(key, names.get(key, key), _stat(old, WINDOW), _stat(new, WINDOW), effect))
    return sorted(found, key=lambda part: (-abs(part.effect.total), part.label))


def _trend(question: Question) -> list[Day]:
    rows = DailyMetric.objects.filter(
        metric=Metric.T_I,
        span=1,
        dimension=Dimension.ALL,
        origin=question.origin,
        day__gt=question.last - timedelta(days=TREND_DAYS),
        day__lte=question.last,
    )
    return [Day(r.day, Stat(r.n, r.mean, r.median)) for r in rows.order_by("day", "pk")]


def lying(origin: str, *, now: datetime) -> list[tuple[int, str, str, str, int, Decimal, Any]]:
    """Return the SKUs that hold the most value now: id, code, name, warehouse, units, value, days.

    No days where nothing was sold in the last thirty.
    """
    zone = ZoneInfo(company_zone())
    since = now.astimezone(zone) - timedelta(days=WINDOW)
    values = {"since": since, "origin": origin, "window": WINDOW, "limit": SLOWEST}
    return execute(LYING, values)  # type: ignore[return-value]
