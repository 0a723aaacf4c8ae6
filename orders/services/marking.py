"""Marks on orders: tags, and the priority by which they get stock and are picked."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Func, Value
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.states import Outcome
from orders.models import Order
from orders.states import ORDER


@service
def tag_orders(order_ids: Sequence[int], *, tag: str, now: datetime, reason: str = "") -> Outcome:
    """Put a tag on orders."""
    outcome = ORDER.check(order_ids, "tag")
    having = Order.objects.filter(pk__any=outcome.moved, tags__contains=[tag])
    outcome.block(having.values_list("pk", flat=True), _("The order has this tag already."))
    _set_tags(outcome, "tag", "array_append", tag)
    return outcome


@service
def untag_orders(order_ids: Sequence[int], *, tag: str, now: datetime, reason: str = "") -> Outcome:
    """Take a tag off orders."""
    outcome = ORDER.check(order_ids, "untag")
    lacking = Order.objects.filter(pk__any=outcome.moved).exclude(tags__contains=[tag])
    outcome.block(lacking.values_list("pk", flat=True), _("The order does not have this tag."))
    _set_tags(outcome, "untag", "array_remove", tag)
    return outcome


def _set_tags(outcome: Outcome, verb: str, function: str, tag: str) -> None:
    tags = Func(F("tags"), Value(tag), function=function)
    data = dict.fromkeys(outcome.moved, {"tag": tag})
    ORDER.move(outcome.moved, verb, data=data, values={"tags": tags})


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
