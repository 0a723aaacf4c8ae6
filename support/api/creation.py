"""Tickets and reviews to be taken in; each is one service call for all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.core.api.creation import Made
from backoffice.core.scope import for_actor
from backoffice.core.states import BlockedError
from orders.models import Order
from support.choices import base_language
from support.services.commands import OpenTicket, RecordSurvey
from support.services.opening import NoQueueError, open_tickets
from support.services.surveys import record_surveys

UNKNOWN_ORDER = _("There is no order of this number.")


def _orders(items: Sequence[dict[str, Any]]) -> dict[str, Order]:
    numbers = {item["order"] for item in items if "order" in item}
    rows = for_actor(Order.objects.filter(order_number__any=sorted(numbers)))
    return {order.order_number: order for order in rows.only("order_number", "customer_id")}


def _about(item: dict[str, Any], orders: dict[str, Order]) -> dict[str, Any]:
    """Return an item with its order's keys instead of its number."""
    values = dict(item)
    order = orders.get(values.pop("order", ""))
    return values | ({"order_id": order.pk, "customer_id": order.customer_id} if order else {})


def _known(items: Sequence[dict[str, Any]], orders: dict[str, Order]) -> list[int]:
    return [n for n, item in enumerate(items) if item.get("order", "") in {"", *orders}]


def open_(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Open tickets."""
    orders = _orders(items)
    known = _known(items, orders)
    commands = []
    for n in known:
        values = _about(items[n], orders)
        if values.get("language"):
            values["language"] = base_language(values["language"])
        commands.append(OpenTicket(**values))
    try:
        opened = open_tickets(commands, now=now)
    except NoQueueError as error:
        raise BlockedError([str(error)]) from error
    return _made(known, len(items), opened.created, opened.existing, {})


def take_reviews(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Take in reviews from outside; the same external id again is the first survey."""
    orders = _orders(items)
    known = _known(items, orders)
    done = record_surveys([RecordSurvey(**_about(items[n], orders)) for n in known], now=now)
    return _made(known, len(items), done.created, done.existing, done.refused)


def _made(
    known: Sequence[int],
    total: int,
    created: dict[int, int],
    existing: dict[int, int],
    refused: dict[int, str],
) -> Made:
    return Made(
        {known[n]: [pk] for n, pk in created.items()},
        {known[n]: [pk] for n, pk in existing.items()},
        {known[n]: [text] for n, text in refused.items()}
        | {n: [UNKNOWN_ORDER] for n in range(total) if n not in set(known)},
    )
