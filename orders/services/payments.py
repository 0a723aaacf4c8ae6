"""The money counters of orders; finance is the only caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import execute
from orders.models import Order

APPLY = """
UPDATE orders_order o SET
  authorised_amount = o.authorised_amount + d.authorised,
  captured_amount = o.captured_amount + d.captured,
  refunded_amount = o.refunded_amount + d.refunded,
  updated_at = %(now)s, modified_by_id = %(actor)s
FROM (
  SELECT id, sum(a) AS authorised, sum(c) AS captured, sum(r) AS refunded
  FROM unnest(%(ids)s::bigint[], %(a)s::numeric[], %(c)s::numeric[], %(r)s::numeric[])
    AS d(id, a, c, r) GROUP BY id
) d WHERE o.id = d.id
RETURNING o.id, o.payment_status, o.captured_amount, o.refunded_amount
"""


@dataclass(frozen=True, slots=True)
class PaymentDelta:
    """By how much an order's money counters change, in its currency, and when it happened."""

    order_id: int
    authorised: Decimal = Decimal(0)
    captured: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    at: datetime | None = None


@service
def apply_payments(
    deltas: Sequence[PaymentDelta], *, now: datetime, reason: str = ""
) -> dict[int, str]:
    """Add to the money counters of orders; return each order's payment status."""
    lock(Order, [d.order_id for d in deltas])
    unit = current_unit()
    rows = execute(
        APPLY,
        {
            "now": now,
            "actor": unit.actor.user_id,
            "ids": [d.order_id for d in deltas],
            "a": [d.authorised for d in deltas],
            "c": [d.captured for d in deltas],
            "r": [d.refunded for d in deltas],
        },
    )
    times: dict[int, datetime] = {}
    for d in deltas:
        if d.at is not None:
            times[d.order_id] = max(d.at, times.get(d.order_id, d.at))
    emit(
        "order.payment_changed",
        [
            Fact(
                pk,
                pk,
                {"status": status, "captured": str(captured), "refunded": str(refunded)},
                times.get(pk),
            )
            for pk, status, captured, refunded in sorted(rows)
        ],
    )
    return {pk: status for pk, status, _, _ in rows}
