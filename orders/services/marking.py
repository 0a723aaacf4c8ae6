"""Marks on orders: tags, and the priority by which they get stock and are picked."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.states import Outcome
from backoffice.core.tags import put_tag, take_tag
from orders.models import Order
from orders.states import ORDER


@service
def tag_orders(order_ids: Sequence[int], *, tag: str, now: datetime, reason: str = "") -> Outcome:
    """Put a tag on orders."""
    return put_tag(ORDER, order_ids, tag)


@service
def untag_orders(order_ids: Sequence[int], *, tag: str, now: datetime, reason: str = "") -> Outcome:
    """Take a tag off orders."""
    return take_tag(ORDER, order_ids, tag)


@service
def prioritise_orders(
    order_ids: Sequence[int], *, priority: int, now: datetime, reason: str = ""
) -> Outcome:
    """Let open orders go before those of a lower priority."""
    outcome = ORDER.check(order_ids, "prioritise")
    same = Order.objects.filter(pk__any=outcome.moved, priority=priority)
    outcome.block(same.values_list("pk", flat=True), _("The order has this priority already."))
    data = dict.fromkeys(outcome.moved, {"priority": priority})
    ORDER.move(outcome.moved, "prioritise", data=data, values={"priority": priority})
    return outcome
