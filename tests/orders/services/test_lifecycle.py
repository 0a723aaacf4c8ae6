from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from backoffice.core.extensions import effects
from backoffice.core.models import Event
from orders.choices import HoldReason
from orders.models import Hold, Order
from orders.services.fulfilment import LineUnits, record_delivered, record_shipped, start_picking
from orders.services.holds import place_holds, release_holds
from orders.services.lifecycle import (
    cancel_orders,
    complete_orders,
    confirm_orders,
    expire_unpaid_orders,
    release_orders,
)
from orders.services.payments import PaymentDelta, apply_payments

pytestmark = pytest.mark.usefixtures("proven")


def kinds(order):
    return list(
        Event.objects.filter(order_id=order.pk).order_by("id").values_list("kind", flat=True)
    )


def test_flows_from_placed_to_completed(place, now):
    order = place()
    line = order.lines.get()

    assert confirm_orders([order.pk], now=now).moved == [order.pk]
    assert release_orders([order.pk], now=now).moved == [order.pk]
    record_shipped([LineUnits(line.pk, 2)], now=now)
    order.refresh_from_db()
    assert (order.fulfilment_status, order.shipped_at) == ("SHIPPED", now)
    record_delivered([LineUnits(line.pk, 1)], now=now)
    order.refresh_from_db()
    assert (order.fulfilment_status, order.delivered_at) == ("SHIPPED", None)
    arrived = now + timedelta(days=2)
    record_delivered([LineUnits(line.pk, 1, arrived)], now=now)
    order.refresh_from_db()
    assert (order.fulfilment_status, order.delivered_at) == ("DELIVERED", arrived)
    assert complete_orders([order.pk], now=now).moved == [order.pk]

    assert kinds(order) == [
        "order.placed",
        "order.confirmed",
        "order.released",
        "order.shipped",
        "order.partly_delivered",
        "order.delivered",
        "order.completed",
    ]


def test_unpaid_orders_of_a_prepaid_channel_wait(place, channel, now):
    type(channel).objects.filter(pk=channel.pk).update(payment_terms="PREPAID")
    order = place()

    outcome = confirm_orders([order.pk], now=now)

    assert outcome.moved == []
    assert [str(r) for r in outcome.blocked[order.pk]] == [
        "The order is not paid: wait for the payment or record it."
    ]
    order.refresh_from_db()
    assert (order.status, order.version) == ("PENDING", 0)
    apply_payments([PaymentDelta(order.pk, captured=Decimal("23.80"))], now=now)
    assert confirm_orders([order.pk], now=now).moved == [order.pk]


def test_a_held_order_neither_confirms_nor_releases(place, now):
    order = place()

    place_holds([order.pk], now=now, hold=HoldReason.FRAUD, reason="odd address")

    assert confirm_orders([order.pk], now=now).moved == []
    hold = Hold.objects.get()
    assert (hold.note, hold.placed_by_id) == ("odd address", order.created_by_id)
    assert release_holds([order.pk], now=now).moved == [order.pk]
    assert confirm_orders([order.pk], now=now).moved == [order.pk]


def test_cancelling_is_refused_once_picking_began(place, now):
    order = place()
    confirm_orders([order.pk], now=now)
    release_orders([order.pk], now=now)
    start_picking([order.pk], now=now)

    outcome = cancel_orders([order.pk], now=now)

    assert outcome.moved == []
    assert str(outcome.blocked[order.pk][0]).startswith("Picking has begun")
    order.refresh_from_db()
    assert order.status == "RELEASED"


def test_cancelling_counts_the_units_and_tells_what_was_paid(place, now):
    order = place()
    apply_payments([PaymentDelta(order.pk, captured=Decimal("23.80"))], now=now)

    cancel_orders([order.pk], now=now, reason="customer called")

    order.refresh_from_db()
    assert (order.status, order.cancelled_quantity, order.cancelled_at) == ("CANCELLED", 2, now)
    event = Event.objects.get(kind="order.cancelled")
    assert (event.data, event.reason) == ({"captured": "23.8000"}, "customer called")


def test_only_orders_that_nobody_paid_in_time_expire(place, channel):
    type(channel).objects.filter(pk=channel.pk).update(payment_terms="PREPAID")
    late, paid, fresh = place("1"), place("2"), place("3")
    then = datetime(2026, 3, 20, tzinfo=UTC)
    apply_payments([PaymentDelta(paid.pk, captured=Decimal("23.80"))], now=then)
    Order.objects.filter(pk=fresh.pk).update(placed_at=then)

    assert expire_unpaid_orders(now=then).moved == [late.pk]


def test_orders_flow_by_themselves_where_the_channel_says_so(place, channel, drain):
    type(channel).objects.filter(pk=channel.pk).update(
        confirms_by_itself=True, releases_by_itself=True
    )
    order = place()

    drain()

    order.refresh_from_db()
    assert order.status == "RELEASED"


def test_refunds_cannot_exceed_what_was_captured(place, now):
    from django.db import IntegrityError, transaction

    order = place()
    apply_payments([PaymentDelta(order.pk, captured=Decimal("10.00"))], now=now)

    with pytest.raises(IntegrityError), transaction.atomic():
        apply_payments([PaymentDelta(order.pk, refunded=Decimal("10.01"))], now=now)

    order.refresh_from_db()
    assert (order.payment_status, order.refunded_amount) == ("PARTIALLY_PAID", 0)


def test_a_release_of_holds_tells_first_which_they_are(place, now):
    order = place()
    place_holds([order.pk], now=now, hold=HoldReason.ADDRESS, reason="no street")

    (line,) = effects("orders.order", "release_hold", [order.pk], now)

    assert (
        str(line)
        == f"{order.order_number}: Address to be checked – “no street” (Automatic: the system)"
    )
