"""One order brought to a total and a status that somebody names, in one transaction."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.locks import lock
from backoffice.core.states import GONE, BlockedError, Outcome, Transition
from orders.choices import EditKind, EditStatus, OrderStatus
from orders.models import Order, OrderEdit
from orders.services.commands import Change, EditOrder
from orders.services.edits import draft_edits, submit_edits
from orders.services.lifecycle import (
    cancel_orders,
    complete_orders,
    confirm_orders,
    release_orders,
)
from orders.states import ORDER

STEPS: dict[str, Callable[..., Outcome]] = {
    "confirm": confirm_orders,
    "release": release_orders,
    "complete": complete_orders,
    "cancel": cancel_orders,
}
NOT_ALLOWED = _("You lack the permission for this.")


@service
def update_order(
    order_id: int,
    *,
    now: datetime,
    total_amount: Decimal | None = None,
    status: str = "",
    may: Callable[[str], bool] = lambda permission: True,
    reason: str = "",
) -> OrderEdit | None:
    """Edit an order's total by an adjustment and move it by the one verb that leads to a status.

    Returns the edit where it waits for a second person: then nothing else is done. Raises
    BlockedError with the reasons, and nothing is done either.
    """
    if not lock(Order, [order_id]):
        raise BlockedError([GONE])
    order = Order.objects.get(pk=order_id)
    step = _step(order, status, may) if status and status != order.status else None
    if total_amount is not None and total_amount != order.total_amount:
        if not may(ORDER.transitions["edit"].permission):
            raise BlockedError([NOT_ALLOWED])
        waiting = _adjust(order, total_amount, now=now, reason=reason)
        if waiting is not None:
            return waiting
    if step is not None:
        outcome = STEPS[step.name]([order_id], now=now, reason=reason)
        if outcome.blocked:
            raise BlockedError(outcome.blocked[order_id])
    return None


def _step(order: Order, status: str, may: Callable[[str], bool]) -> Transition:
    """Return the one permitted transition that leads to a status."""
    leading = [
        t
        for t in ORDER.transitions.values()
        if t.name in STEPS and t.to == status and order.status in t.sources
    ]
    permitted = [t for t in leading if may(t.permission)]
    if len(permitted) == 1:
        return permitted[0]
    if leading and not permitted:
        raise BlockedError([NOT_ALLOWED])
    text = _("No single step leads from %(from)s to %(to)s.")
    words = {"from": order.get_status_display(), "to": OrderStatus(status).label}
    raise BlockedError([text % words])


def _adjust(order: Order, total: Decimal, *, now: datetime, reason: str) -> OrderEdit | None:
    """Adjust the total at once, or return the edit that waits for a second person."""
    waiting = OrderEdit.objects.filter(
        order=order, status=EditStatus.PROPOSED, total_after=total, order_version=order.version
    ).first()
    if waiting is not None:
        return waiting
    change = Change(EditKind.ADJUST_TOTAL, amount=total - order.total_amount)
    drafted = draft_edits([EditOrder(order.pk, [change])], now=now, reason=reason)
    if drafted.refused:
        raise BlockedError(drafted.refused[0])
    edit_id = drafted.created[0]
    outcome = submit_edits([edit_id], now=now, reason=reason)
    if outcome.blocked:
        raise BlockedError(outcome.blocked[edit_id])
    edit = OrderEdit.objects.get(pk=edit_id)
    return edit if edit.status == EditStatus.PROPOSED else None
