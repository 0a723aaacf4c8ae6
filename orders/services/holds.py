"""Holds and notes: why an order must not go on."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import execute, insert_rows, per_row
from backoffice.core.states import Outcome
from orders.choices import HoldReason
from orders.models import Hold, Note, Order
from orders.states import DOUBTED, ORDER

NO_REASON = _("Say why the address is right as it is.")


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


RELEASE = """
WITH released AS (
  UPDATE orders_hold SET released_at = %(now)s, released_by_id = %(who)s
  WHERE order_id = ANY(%(ids)s) AND released_at IS NULL
    AND (NOT %(only_due)s OR until <= %(now)s)
    AND CASE WHEN reason = 'ADDRESS' THEN order_id <> ALL(%(doubted)s) ELSE NOT %(only_address)s END
  RETURNING order_id
) SELECT order_id, count(*)::int FROM released GROUP BY order_id ORDER BY order_id
"""


@service
def release_holds(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Release the open holds of orders; those for a doubted address need a new one first."""
    outcome = ORDER.check(order_ids, "release_hold")
    _release(outcome.moved, "release_hold", now)
    return outcome


@service
def release_due_holds(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Release the holds whose time has come, but none of an address that is still in doubt."""
    locked = lock(Order, order_ids)
    doubted = Order.objects.filter(DOUBTED, pk__any=locked).values_list("pk", flat=True)
    return _release(locked, "release_hold", now, only_due=True, doubted=list(doubted))


@service
def accept_addresses(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Release the holds of addresses that somebody found right as they are, and says why."""
    outcome = ORDER.check(order_ids, "accept_address")
    if not reason.strip():
        outcome.block(list(outcome.moved), NO_REASON)
    _release(outcome.moved, "accept_address", now, only_address=True)
    return outcome


def _release(
    order_ids: Sequence[int],
    verb: str,
    now: datetime,
    *,
    only_due: bool = False,
    only_address: bool = False,
    doubted: Sequence[int] = (),
) -> list[int]:
    """End holds of locked orders and count them down; return the orders that had such."""
    values = {
        "now": now,
        "who": current_unit().actor.user_id,
        "ids": list(order_ids),
        "only_due": only_due,
        "only_address": only_address,
        "doubted": list(doubted),
    }
    ended: dict[int, int] = dict(execute(RELEASE, values))  # type: ignore[arg-type]
    left = F("open_holds") - per_row(Order, "open_holds", ended)
    data = {pk: {"holds": n} for pk, n in ended.items()}
    ORDER.move(sorted(ended), verb, values={"open_holds": left}, data=data)
    return sorted(ended)


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
