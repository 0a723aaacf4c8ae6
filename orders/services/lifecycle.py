"""The order's way: confirm, release, complete, cancel.

`times` says when each order really moved, where that is not now: a replay of the past.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils.translation import gettext_noop

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute
from backoffice.core.states import Outcome
from orders.choices import OrderStatus, PaymentStatus
from orders.models import Order
from orders.services.counters import cancellation_values, reservation_values
from orders.services.reservations import give_back, reserve_orders
from orders.states import ORDER


@service
def confirm_orders(
    order_ids: Sequence[int],
    *,
    now: datetime,
    reason: str = "",
    times: Mapping[int, datetime] | None = None,
) -> Outcome:
    """Confirm orders and reserve their stock; those that stay short are blocked.

    Where the channel allows back-orders, an order is confirmed with what there is and waits for
    the rest.
    """
    outcome = ORDER.check(order_ids, "confirm")
    if not outcome.moved:
        return outcome
    allowed = set(
        Order.objects.filter(pk__any=outcome.moved, channel__allows_backorders=True).values_list(
            "pk", flat=True
        )
    )
    strict = [i for i in outcome.moved if i not in allowed]
    reserved = reserve_orders(strict, now=now)
    for order_id, reasons in reserved.short.items():
        for text in reasons:
            outcome.block([order_id], text)
    waiting = reserve_orders(sorted(allowed), now=now, partial=True) if allowed else None
    ORDER.move(outcome.moved, "confirm", values=reservation_values(), times=times)
    if waiting and waiting.short:
        emit("order.backordered", [Fact(i, i) for i in sorted(waiting.short)])
    return outcome


@service
def release_orders(
    order_ids: Sequence[int],
    *,
    now: datetime,
    reason: str = "",
    times: Mapping[int, datetime] | None = None,
) -> Outcome:
    """Release confirmed orders to the warehouse."""
    return ORDER.apply(order_ids, "release", times=times)


@service
def complete_orders(
    order_ids: Sequence[int],
    *,
    now: datetime,
    reason: str = "",
    times: Mapping[int, datetime] | None = None,
) -> Outcome:
    """Complete orders that are delivered and paid."""
    return ORDER.apply(order_ids, "complete", times=times)


@service
def cancel_orders(
    order_ids: Sequence[int],
    *,
    now: datetime,
    reason: str = "",
    times: Mapping[int, datetime] | None = None,
) -> Outcome:
    """Cancel orders, give their stock back and tell what money is owed back."""
    outcome = ORDER.check(order_ids, "cancel")
    give_back(outcome.moved, now=now)
    execute(
        "UPDATE orders_orderline SET cancelled = quantity - shipped WHERE order_id = ANY(%s)",
        [outcome.moved],
    )
    paid = Order.objects.filter(pk__any=outcome.moved).values_list("pk", "captured_amount")
    data = {pk: {"captured": str(amount)} for pk, amount in paid}
    ORDER.move(outcome.moved, "cancel", data=data, values=cancellation_values(), times=times)
    return outcome


def unpaid_orders(now: datetime) -> list[int]:
    """Return up to 500 live orders that were not paid within their channel's time."""
    unpaid = Order.objects.filter(
        Q(payment_status=PaymentStatus.UNPAID),
        status=OrderStatus.PENDING,
        origin__in=["LIVE", "DEMO"],
        channel__payment_terms="PREPAID",
        channel__unpaid_expiry_hours__isnull=False,
        placed_at__lt=now - F("channel__unpaid_expiry_hours") * timedelta(hours=1),
    )
    return list(unpaid.order_by("placed_at", "pk").values_list("pk", flat=True)[:500])


@service
def expire_unpaid_orders(*, now: datetime) -> Outcome:
    """Cancel orders that were not paid in time; what is paid meanwhile stays."""
    ids = unpaid_orders(now)
    held = ORDER.check(ids, "cancel", skip_locked=True)
    # The payment is read again under the lock: money may have come since the list was made.
    still = set(
        Order.objects.filter(pk__any=held.moved, payment_status=PaymentStatus.UNPAID).values_list(
            "pk", flat=True
        )
    )
    return cancel_orders(sorted(still), now=now, reason=gettext_noop("not paid in time"))
