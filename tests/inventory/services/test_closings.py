from datetime import timedelta

import pytest

from backoffice.core.sql import execute
from inventory.models import StockClosing
from inventory.selectors.past import stock_as_of
from inventory.services.closings import close_stock
from tests.fixtures.inventory import bring

pytestmark = pytest.mark.django_db(transaction=True)
WEEK = timedelta(days=7)
SUM = """
SELECT sku_id, warehouse_id, sum(quantity)::int FROM inventory_stockmove WHERE occurred_at <= %s
GROUP BY 1, 2 HAVING sum(quantity) <> 0
"""


def test_stock_is_told_for_any_instant_however_late_it_was_recorded(goods, house, now):
    a, b = goods("A", 0), goods("B", 0)
    instants = [now - n * WEEK / 2 for n in range(-1, 21)]

    def is_right():
        plain = [{(s, w): n for s, w, n in execute(SUM, [at])} for at in instants]
        return [stock_as_of(at) for at in instants] == plain

    for n in range(1, 10):
        bring(a, house, 3, at=now - n * WEEK)
    assert is_right()
    assert close_stock(now=now) == 2
    assert is_right()
    # Recorded after the closings, for times before, between and after them.
    bring(b, house, 9, at=now - 10 * WEEK)
    bring(a, house, -2, at=now - 4 * WEEK)
    bring(a, house, -1, at=now)
    assert is_right()
    assert close_stock(now=now) == 0
    bring(b, house, -9, at=now - 3 * WEEK)
    assert is_right()
    assert close_stock(now=now + 4 * WEEK) == 1

    assert is_right()
    assert stock_as_of(now - 9.5 * WEEK, sku_ids=[b.pk]) == {(b.pk, house.pk): 9}
    assert StockClosing.objects.count() == 3
