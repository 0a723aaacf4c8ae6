"""Holds and notes: why an order must not go on."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Value
from django.db.models.functions import Greatest

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import execute, insert_rows
from backoffice.core.states import GONE, Outcome
from orders.choices import HoldReason
from orders.models import Hold, Note, Order
from orders.states import IS_HELD, ORDER


@service
def place_holds(
    order_ids: Sequence[int],
    *,
    now: datetime,
    hold: str = HoldReason.OTHER,
    until: datetime | None = None,
    reason: str = "",
) -> Outcome:
    """Hold orders that have not been released yet; the note is the reason given."""
    outcome = ORDER.check(order_ids, "hold")
    unit = current_unit()
    if outcome.moved:
        insert_rows(
            Hold,
            {"order_id": outcome.moved},
            constants={
                "reason": hold,
                "note": reason[:300],
                "placed_at": now,
                "placed_by_id": unit.actor.user_id,
                "until": until,
            },
        )
    data = {i: {"hold": hold} for i in outcome.moved}
    ORDER.move(outcome.moved, "hold", data=data, values={"open_holds": F("open_holds") + 1})
    return outcome


@service
def release_holds(
    order_ids: Sequence[int], *, now: datetime, reason: str = "", only_due: bool = False
) -> Outcome:
    """Release the open holds of orders, or only those whose time has come."""
    unit = current_unit()
    locked = lock(Order, order_ids)
    rows = execute(
        "WITH released AS (UPDATE orders_hold SET released_at = %s, released_by_id = %s"
        " WHERE order_id = ANY(%s) AND released_at IS NULL AND (NOT %s OR until <= %s)"
        " RETURNING order_id)"
        " SELECT order_id, count(*) FROM released GROUP BY order_id ORDER BY order_id",
        [now, unit.actor.user_id, locked, only_due, now],
    )
    outcome = Outcome(moved=[order_id for order_id, _n in rows])
    outcome.block(set(order_ids) - set(locked), GONE)
    outcome.block(set(locked) - set(outcome.moved), IS_HELD.reason)
    for count in {n for _order, n in rows}:
        ids = [order_id for order_id, n in rows if n == count]
        Order.objects.filter(pk__any=ids).update(
            open_holds=Greatest(F("open_holds") - count, Value(0)),
            version=F("version") + 1,
            updated_at=now,
            modified_by_id=unit.actor.user_id,
        )
    emit("order.hold_released", [Fact(i, i, {"holds": n}) for i, n in rows])
    return outcome


@service
def write_notes(
    order_ids: Sequence[int], *, now: datetime, text: str, reason: str = ""
) -> list[int]:
    """Write the same note on orders."""
    author = current_unit().actor.user_id
    rows = insert_rows(
        Note,
        {"order_id": list(order_ids)},
        constants={"text": text, "author_id": author, "written_at": now},
        returning="order_id",
    )
    emit("order.noted", [Fact(order_id, order_id) for (order_id,) in rows])
    return [order_id for (order_id,) in rows]
