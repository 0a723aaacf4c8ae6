from datetime import date, timedelta
from decimal import Decimal

import pytest

from backoffice.core.models import Event, User
from inventory.models import (
    AlertPolicy,
    PurchaseOrder,
    StockAlert,
    StockCountLine,
    StockHealth,
    StockLevel,
)
from inventory.selectors.alerts import explain_alert
from inventory.services import alerts
from inventory.services.alerts import (
    assign_alerts,
    refresh_alerts,
    snooze_alerts,
    take_alerts,
    wake_alerts,
)
from inventory.services.classes import classify_stock
from inventory.services.counted import Counted, count_stock
from inventory.services.counts import StartCount, start_counts
from inventory.services.places import lots
from inventory.services.purchasing import (
    CreatePurchaseOrder,
    PurchaseLine,
    approve_purchase_orders,
    create_purchase_orders,
    send_purchase_orders,
)
from tests.fixtures.inventory import bring, ship_on

pytestmark = pytest.mark.usefixtures("proven")
DAY = timedelta(days=1)


@pytest.fixture
def sold(house, new_sku, now):
    """Return a SKU that sold one a day for a hundred days, with units left."""

    def run(code, left, *, until=1):
        sku = new_sku(code)
        ship_on(sku, house, {now - n * DAY: 1 for n in range(until, 101)})
        if left:
            bring(sku, house, left, at=now)
        classify_stock([house.pk], now=now)
        return sku

    return run


def raised(**filters):
    rows = StockAlert.objects.filter(**{"status": "OPEN"} | filters).order_by("kind", "sku__code")
    return {
        (a.sku.code, a.kind): explain_alert(a.kind, a.facts) for a in rows.select_related("sku")
    }


def order(supplier, house, sku, units, on, now):
    command = CreatePurchaseOrder(
        supplier.pk, house.pk, [PurchaseLine(sku.pk, units)], expected_on=on
    )
    ids = list(create_purchase_orders([command], now=now).ids.values())
    approve_purchase_orders(ids, now=now)
    send_purchase_orders(ids, now=now)
    return PurchaseOrder.objects.get(pk=ids[0])


def test_classes_are_reckoned(sold, house, now):
    sku = sold("A", 50)

    health = StockHealth.objects.get(sku=sku)

    assert (health.abc, health.xyz, health.on_hand, health.value) == ("A", "X", 50, Decimal(100))
    assert health.daily_demand == Decimal("0.9890")
    assert (health.days_of_cover, health.idle_days) == (Decimal("50.6"), 1)
    assert health.usage_value == Decimal(200)


def test_running_out_is_raised_once_and_resolved_when_goods_come(sold, house, supply, now):
    sku = sold("A", 5)
    supply(sku, lead_time_days=7)

    assert refresh_alerts(now=now) == (1, 0)
    assert refresh_alerts(now=now) == (0, 0)
    assert raised() == {
        ("A", "LOW"): "What is there and on order lasts 5.1 days; a delivery takes 8."
    }
    bring(sku, house, -5)
    assert refresh_alerts(now=now) == (1, 1)
    assert raised() == {
        ("A", "OUT"): "None is left to sell; 0.989 are asked for a day. None is on order."
    }
    bring(sku, house, 90)
    assert refresh_alerts(now=now + DAY) == (0, 1)

    assert raised() == {}
    assert set(StockAlert.objects.values_list("status", "resolved_at")) == {
        ("RESOLVED", now),
        ("RESOLVED", now + DAY),
    }
    told = Event.objects.filter(kind__startswith="stock_alert").order_by("pk")
    assert [event.kind.partition(".")[2] for event in told] == [
        *("raised", "resolved", "raised", "resolved")
    ]


def test_a_delivery_that_comes_too_late(sold, house, supplier, supply, now):
    sku = sold("A", 5)
    supply(sku, lead_time_days=7)
    order(supplier, house, sku, 50, now.date() + 9 * DAY, now)

    refresh_alerts(now=now)

    assert raised() == {
        ("A", "LATE"): "5 units last 5.1 days; the delivery is expected on 2026-03-19."
    }


def test_too_much_slow_and_dead(sold, house, now):
    sold("OVER", 400)
    sold("SLOW", 3, until=95)
    AlertPolicy.objects.create(warehouse=house, slow_days=20, dead_days=80)
    AlertPolicy.objects.create(over_days=5000)

    refresh_alerts(now=now)
    assert raised() == {
        ("OVER", "OVER"): "400 units last 404 days, more than 180.",
        ("SLOW", "DEAD"): "3 units, and none left for 95 days.",
    }
    AlertPolicy.objects.filter(warehouse=house).update(dead_days=200)
    refresh_alerts(now=now)
    AlertPolicy.objects.filter(warehouse=house).update(is_active=False)
    refresh_alerts(now=now)

    assert raised() == {("SLOW", "SLOW"): "3 units, and none left for 95 days."}


def test_lots_that_expire(goods, house, now):
    sku = goods("A", 0)
    made = lots([(sku.pk, "L1", date(2026, 4, 1)), (sku.pk, "L2", date(2026, 6, 1))])
    for lot in made.values():
        bring(sku, house, 4, lot_id=lot)
    classify_stock([house.pk], now=now)

    refresh_alerts(now=now)

    assert raised() == {("A", "EXPIRING"): "4 units expire, the first on 2026-04-01."}


def test_a_count_that_was_far_off_until_the_next_is_right(goods, house, now):
    sku = goods("A", 60, cost="20")
    classify_stock([house.pk], now=now)
    for found in (54, 54):
        command = StartCount(house.pk, tolerance_percent=Decimal(50), tolerance_value=Decimal(999))
        [[pk]] = start_counts([command], now=now).ids.values()
        line = StockCountLine.objects.get(stock_count=pk).pk
        count_stock([pk], lines=[Counted(found, line)], now=now)
        now += DAY
        if found == 54 and not raised():
            refresh_alerts(now=now)
            assert raised() == {
                ("A", "VARIANCE"): "The last counts were off by -6 units, worth 120 in all."
            }
    refresh_alerts(now=now)

    assert raised() == {}
    assert StockLevel.objects.get(sku=sku).on_hand == 54


def test_an_alert_is_taken_snoozed_and_wakes(sold, actor, now):
    sold("A", 0)
    refresh_alerts(now=now)
    alert = StockAlert.objects.get()
    User.objects.create(username="bea", is_staff=True)

    assert take_alerts([alert.pk], now=now).moved == [alert.pk]
    alert.refresh_from_db()
    assert alert.owner_id == actor.user_id
    assign_alerts([alert.pk], owner="bea", now=now)
    snooze_alerts([alert.pk], until=now + 2 * DAY, now=now, reason="ordered by phone")
    alert.refresh_from_db()
    assert (alert.status, alert.owner.username) == ("SNOOZED", "bea")
    assert refresh_alerts(now=now + DAY) == (0, 0)
    assert raised(status="SNOOZED").keys() == {("A", "OUT")}
    refresh_alerts(now=now + 2 * DAY)
    alert.refresh_from_db()
    assert (alert.status, alert.snoozed_until) == ("OPEN", None)
    snooze_alerts([alert.pk], until=now + 9 * DAY, now=now + 2 * DAY, reason="again")
    wake_alerts([alert.pk], now=now + 2 * DAY)
    assert raised().keys() == {("A", "OUT")}


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda ids, now: snooze_alerts(ids, until=now, now=now, reason="x"), alerts.PAST),
        (lambda ids, now: snooze_alerts(ids, until=now + DAY, now=now, reason=" "), alerts.WHY),
        (lambda ids, now: assign_alerts(ids, owner="nobody", now=now), alerts.NO_OWNER),
    ],
)
def test_what_makes_no_sense_is_refused(sold, now, call, why):
    sold("A", 0)
    refresh_alerts(now=now)
    [pk] = StockAlert.objects.values_list("pk", flat=True)

    assert call([pk], now).blocked == {pk: [why]}
    assert StockAlert.objects.values_list("status", "owner", "version").get() == ("OPEN", None, 0)
