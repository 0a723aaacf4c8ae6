"""A small demo shop, seeded into the test's own transaction."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.apps import apps
from django.db import transaction
from django.http import QueryDict

from backoffice.core.filtering import FILTERSETS
from backoffice.core.invariants import check_invariants
from backoffice.core.models import Event, EventDelivery, InboundMessage, OutboundMessage
from backoffice.insights.desks import DESKS
from backoffice.insights.models import DailyMetric
from backoffice.replay.demo.catalogue import FAMILIES, goods
from backoffice.replay.demo.history import History, measure
from backoffice.replay.demo.market import MARKETS, orders_of_day
from finance.models import JournalEntry, Payment, Refund
from inventory.models import PurchaseOrder, StockMove
from logistics.models import DeliveryException, Parcel, Shipment, TrackingEvent
from orders.models import Order, Return
from support.models import Ticket

SEED = 7
NOW = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)
WEB = MARKETS[0]
# What waits here shows that something went wrong.
ERRORS = {
    "Parcels without a number",
    "Shipments lost after picking",
    "Refunds without an answer",
    "Events set aside",
    "Rules that stopped",
}
# What the shop's past has none of: it receives no file, counts nothing and looks for no alert.
UNTOUCHED = {
    "Bins to be counted",
    "Counts that differ",
    "Exceptions to be cleared",
    "Stock running out",
    "Stock to be looked at",
}


def history(*, days: int, scale: float, seed: int = SEED) -> History:
    return History(seed, days, scale, NOW)


def play(*, days: int, scale: float, seed: int = SEED) -> list[int]:
    steps: list[int] = []
    history(days=days, scale=scale, seed=seed).play(steps.append)
    return steps


def told() -> list[tuple]:
    """Return what a shop's past comes to, without the keys that the database gives."""
    orders = Order.objects.order_by("external_id").values_list(
        "external_id", "status", "fulfilment_status", "total_amount", "confirmed_at", "shipped_at"
    )
    parcels = Parcel.objects.order_by("tracking_number").values_list("tracking_number", "status")
    return [*orders, *parcels, *sorted(Counter(Event.objects.values_list("kind")).items())]


def empty_queues() -> list[str]:
    """Return the work queues of the first page in which nothing waits."""
    empty = []
    for box in (box for desk in DESKS for box in desk.queues):
        rows = apps.get_model(box.document).objects.all()
        chosen = FILTERSETS[box.document](QueryDict(box.query), queryset=rows, now=NOW).strict()
        empty += [] if chosen.exists() else [str(box.label)]
    return empty


@pytest.mark.django_db
def test_a_week_leaves_a_sound_shop_with_work_in_every_queue():
    ordered = history(days=7, scale=1).orders()

    steps = play(days=7, scale=1)
    measure(now=NOW)

    assert sum(steps) == len(ordered) == 255
    assert check_invariants() == []
    assert not EventDelivery.objects.exists()
    assert set(empty_queues()) <= ERRORS | UNTOUCHED
    assert {o.origin for o in Order.objects.all()} == {"DEMO"}
    # Everything happened in the past, and nothing of it waits to be sent.
    begins = NOW - timedelta(days=7, hours=4)
    for model in (Order, Shipment, Parcel, Payment, Ticket, PurchaseOrder, Refund):
        times = model.objects.values_list("created_at", flat=True)
        assert begins <= min(times) <= max(times) <= NOW, model
    assert begins <= min(Event.objects.values_list("occurred_at", flat=True))
    assert set(OutboundMessage.objects.values_list("status", flat=True)) == {"SENT", "FAILED"}
    assert [m.reason for m in InboundMessage.objects.filter(status="REFUSED")] == [
        "Line 1: SKU 'TEA-99' is unknown."
    ]
    # Each order went its way in the right order.
    for order in Order.objects.filter(status="COMPLETED"):
        way = (order.placed_at, order.confirmed_at, order.released_at, order.picking_started_at)
        assert all(a <= b for a, b in pairwise([*filter(None, way), order.delivered_at]))
    measured = DailyMetric.objects.filter(span=1, dimension="ALL", origin="DEMO")
    days = Counter(measured.values_list("metric", flat=True))
    assert {name: days[name] >= 4 for name in ("T_O", "T_I", "T_L", "T_S", "T_F")} == dict.fromkeys(
        ("T_O", "T_I", "T_L", "T_S", "T_F"), True
    )
    assert {s.source for s in TrackingEvent.objects.all()} == {"PUSH", "MANUAL"}
    assert DeliveryException.objects.filter(status="RESOLVED").exists()
    assert JournalEntry.objects.filter(kind="SETTLEMENT").exists()
    assert set(StockMove.objects.values_list("kind", flat=True)) >= {"OPENING", "SHIPMENT"}
    assert set(Order.objects.values_list("currency", flat=True)) == {"EUR", "CNY"}
    assert not Return.objects.filter(requested_at__gt=NOW).exists()


@pytest.mark.django_db
def test_the_same_seed_makes_the_same_shop():
    shops = []
    for _ in range(2):
        with transaction.atomic():
            play(days=1, scale=0.4)
            shops.append(told())
            transaction.set_rollback(True)

    assert shops[0] == shops[1]
    other = history(days=1, scale=0.4, seed=SEED + 1)
    assert history(days=1, scale=0.4).orders() != other.orders()


def test_orders_come_by_weekday_season_and_trend():
    tea = next(f for f in FAMILIES if f.code == "TEA")
    garden = next(f for f in FAMILIES if f.code == "GAR")
    winter, summer = datetime(2026, 1, 15).date(), datetime(2026, 6, 15).date()

    assert tea.demand(winter, 0) > tea.demand(summer, 0)
    assert garden.demand(winter, 0) < garden.demand(summer, 0)
    assert tea.demand(winter, 0) > tea.demand(winter, 60)
    wholesale = MARKETS[-1]
    sunday = datetime(2026, 3, 8).date()
    assert not list(orders_of_day(wholesale, sunday, seed=SEED, ago=3, scale=10))


def test_an_order_is_composed_the_same_from_the_same_number():
    day = NOW.date()

    first = list(orders_of_day(WEB, day, seed=SEED, ago=0, scale=2))

    assert first == list(orders_of_day(WEB, day, seed=SEED, ago=0, scale=2))
    assert len({c.external_id for c in first}) == len(first) == 54
    assert all(c.customer.email.endswith("@example.com") for c in first)


def test_goods_cost_less_than_they_bring():
    assert len(goods()) == 90
    assert len({g.code for g in goods()}) == 90
    assert all(Decimal(0) < g.cost < g.price * Decimal("0.6") for g in goods())
    assert sum(g.share for g in goods()) == pytest.approx(len(FAMILIES))
