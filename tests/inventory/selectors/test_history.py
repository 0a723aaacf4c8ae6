from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from inventory.models import Warehouse
from inventory.selectors.columns import read_columns
from inventory.selectors.history import demand_history
from tests.fixtures.inventory import bring, ship_on

NONE = np.zeros(1, dtype=np.int64)


def history(pairs, houses, now, **changes):
    zones = {house.pk: ZoneInfo(house.time_zone) for house in houses}
    free = np.zeros(len(pairs), dtype=np.int64)
    return demand_history(pairs, free, zones, now=now, **changes)


def test_demand_falls_on_the_warehouse_day(goods, house):
    a = goods("A", 0)
    # Half past eleven in the evening, UTC, is the next day in Berlin.
    shipped = {
        datetime(2026, 3, 28, 22, 30, tzinfo=UTC): 1,
        datetime(2026, 3, 28, 23, 30, tzinfo=UTC): 2,
        datetime(2026, 3, 29, 21, 30, tzinfo=UTC): 4,
        datetime(2026, 3, 29, 22, 30, tzinfo=UTC): 8,
    }
    ship_on(a, house, shipped)

    found = history([(a.pk, house.pk)], [house], datetime(2026, 4, 2, 12, tzinfo=UTC))

    # On the 29th the clocks go forward: its day is an hour shorter, and nothing is lost.
    assert found.daily[0, -5:].tolist() == [1, 6, 8, 0, 0]
    assert found.daily.sum() == 15
    assert found.daily.shape == (1, 28)


def test_each_pair_has_its_own_row_in_its_own_zone(goods, house, now):
    a, b = goods("A", 0), goods("B", 0)
    tokyo = Warehouse.objects.create(code="TYO", name="Tokyo", time_zone="Asia/Tokyo")
    late = datetime(2026, 3, 8, 20, tzinfo=UTC)  # the 8th in Berlin, the 9th in Tokyo
    ship_on(b, house, {late: 3})
    ship_on(a, tokyo, {late: 5})
    pairs = [(b.pk, house.pk), (a.pk, tokyo.pk), (a.pk, house.pk)]

    found = history(pairs, [house, tokyo], now)

    assert found.daily[:, -2:].tolist() == [[3, 0], [0, 5], [0, 0]]
    assert found.born.tolist() == [25, 26, 28]


def test_what_was_asked_today_is_no_closed_day(goods, house, now):
    a = goods("A", 0)
    ship_on(a, house, {now - timedelta(minutes=5): 7})

    assert history([(a.pk, house.pk)], [house], now).daily.sum() == 0


def test_the_days_before_anything_was_known_are_left_out(goods, house, now):
    a = goods("A", 0)
    bring(a, house, 1, at=now - timedelta(days=40))
    bring(a, house, -1, at=now - timedelta(days=40))

    found = history([(a.pk, house.pk)], [house], now)

    assert found.daily.shape == (1, 40)
    assert found.is_censored.tolist() == [[False] + [True] * 39]
    assert history([(a.pk, house.pk)], [house], now, days=30).daily.shape == (1, 28)


def test_columns_are_read_as_arrays(db):
    sql = "SELECT n AS big, -n AS small, timestamptz '1970-01-01 00:00:01.5Z' AS at FROM %(rows)s"
    sql = sql.replace("%(rows)s", "generate_series(1, %(most)s) AS g(n)")
    types = {"big": "int8", "small": "int4", "at": "timestamptz"}

    found = read_columns(sql, {"most": 3}, types)
    none = read_columns(sql, {"most": 0}, types)

    assert {name: column.tolist() for name, column in found.items()} == {
        "big": [1, 2, 3],
        "small": [-1, -2, -3],
        "at": [1_500_000] * 3,
    }
    assert {name: column.tolist() for name, column in none.items()} == dict.fromkeys(types, [])
