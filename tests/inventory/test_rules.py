"""What rules do with stock, proposals and purchase orders."""

import pytest

from backoffice.core.filtering import FilterError
from backoffice.core.models import OutboundMessage, Rule, User
from backoffice.core.rules.backtest import backtest
from backoffice.core.rules.running import run_due_rules
from inventory.models import PurchaseOrder, StockLevel
from inventory.services.purchasing import CreatePurchaseOrder, PurchaseLine, create_purchase_orders
from tests.fixtures.rules import acts, do

LOW = {
    "document": "inventory.stocklevel",
    "trigger": "EVERY",
    "event": "",
    "every_minutes": 5,
    "filter": "available_max=5",
    "action": "inventory.tell",
    "parameters": {"to": "ada", "text": "Buy soon."},
}


@pytest.fixture
def ada(db):
    return User.objects.create(username="ada", is_staff=True, email="ada@example.com")


def test_a_colleague_hears_of_low_stock_once(ada, goods, make_rule, now):
    goods("A", 3)
    goods("B", 30)
    rule = make_rule(**LOW)

    assert run_due_rules(now=now) == 1
    assert [result for _pk, result in acts(rule)] == ["ACTED"]
    told = OutboundMessage.objects.get(recipient="ada@example.com").body.splitlines()
    assert told[2:4] == [str(StockLevel.objects.get(sku__code="A")), ""]


def test_rows_without_a_date_have_no_past(goods, now):
    goods("A", 3)

    with pytest.raises(FilterError) as caught:
        backtest(Rule(**LOW), now=now)

    assert list(caught.value.errors) == ["document"]


def test_purchase_orders_are_approved_and_sent(goods, house, supply, supplier, now):
    sku = goods("A", 1)
    supply(sku)
    made = create_purchase_orders(
        [CreatePurchaseOrder(supplier.pk, house.pk, [PurchaseLine(sku.pk, 5)])], now=now
    )
    [pk] = made.ids.values()

    assert do("purchase_orders.approve", [pk], now=now).blocked == {}
    assert do("purchase_orders.send", [pk], now=now).blocked == {}
    assert PurchaseOrder.objects.get().status == "SENT"
