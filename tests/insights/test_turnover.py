"""Days of inventory against plain Python over random moves."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from backoffice.core.models import User
from backoffice.insights.models import DailyMetric, DailyStock
from backoffice.insights.services.turnover import refresh_turnover
from inventory.models import StockMove

pytestmark = pytest.mark.usefixtures("actor")
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")


def move(kind: str, quantity: int, cost: str, at: datetime, warehouse: int = 1) -> StockMove:
    return StockMove(
        kind=kind,
        quantity=quantity,
        unit_cost=Decimal(cost),
        occurred_at=at,
        warehouse_id=warehouse,
        sku_id=1,
        location_id=1,
        lot_id=1,
        actor_id=User.objects.get(username="job:system").pk,
    )


def random_moves(seed: int) -> list[StockMove]:
    chance = random.Random(seed)
    moves = []
    for warehouse in (1, 2):
        first = NOW - timedelta(days=50)
        moves.append(move("OPENING", 5000, "4.50", first, warehouse))
        for _ in range(120):
            at = first + timedelta(minutes=chance.randrange(1, 60 * 24 * 50))
            kind = chance.choice(["SHIPMENT", "SHIPMENT", "RECEIPT", "RETURN", "WRITE_OFF"])
            sign = -1 if kind in ("SHIPMENT", "WRITE_OFF") else 1
            cost = f"{chance.randrange(100, 900) / 100}"
            moves.append(move(kind, sign * chance.randrange(1, 20), cost, at, warehouse))
    return moves


def brute_force(moves: list[StockMove], today: date) -> dict[date, float]:
    days = {}
    local = [(m.occurred_at.astimezone(ZONE).date(), m) for m in moves]
    first = min(day for day, _ in local)
    for n in range((today - first).days + 1):
        day = first + timedelta(days=n)
        window = [day - timedelta(days=k) for k in range(30) if day - timedelta(days=k) >= first]
        values = [sum(m.quantity * m.unit_cost for d, m in local if d <= w) for w in window]
        cost = sum(
            -m.quantity * m.unit_cost
            for d, m in local
            if d in window and m.kind in ("SHIPMENT", "RETURN")
        )
        if cost > 0:
            days[day] = 86400 * float(sum(values) / cost)
    return days


def stored(dimension: str = "ALL", key: int = 0) -> dict[date, float]:
    rows = DailyMetric.objects.filter(metric="T_I", span=1, dimension=dimension, key=key)
    return dict(rows.values_list("day", "median"))


def test_it_agrees_with_brute_force_however_the_moves_come() -> None:
    moves = random_moves(1)
    for part, days_ago in ((moves[::2], 3), (moves[1::2], 1), ([], 0), ([], 0)):
        StockMove.objects.bulk_create(part)
        refresh_turnover(now=NOW - timedelta(days=days_ago))
    today = NOW.astimezone(ZONE).date()
    assert stored() == pytest.approx(brute_force(moves, today))
    second = [m for m in moves if m.warehouse_id == 2]
    assert stored("WAREHOUSE", 2) == pytest.approx(brute_force(second, today))
    assert DailyStock.objects.filter(moves__gt=0).count() == DailyStock.objects.count()
    newest = DailyMetric.objects.get(metric="T_I", span=30, dimension="ALL")
    assert newest.median == stored()[newest.day]


def test_days_of_inventory_in_numbers() -> None:
    # 100 units at 10; 2 leave on the first and each of the next nine days.
    first = datetime(2026, 4, 1, 10, tzinfo=UTC)
    StockMove.objects.bulk_create(
        [move("OPENING", 100, "10", first)]
        + [move("SHIPMENT", -2, "10", first + timedelta(days=n, hours=1)) for n in range(10)]
    )
    refresh_turnover(now=datetime(2026, 4, 10, 12, tzinfo=UTC))
    # Values at the ends of the days: 980, 960, … 800; 20 are sold a day.
    assert stored()[date(2026, 4, 1)] == 86400 * 980 / 20
    assert stored()[date(2026, 4, 10)] == pytest.approx(86400 * 890 / 20)
