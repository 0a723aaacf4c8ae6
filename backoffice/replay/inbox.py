"""Orders that the demo's shops send: kept raw in the inbox, placed from there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import acting_job
from backoffice.core.api.problems import field_errors
from backoffice.core.choices import Origin
from backoffice.core.inbox import processor
from backoffice.core.models import InboundMessage
from orders.api.creation import place
from orders.api.serializers import OrderInput
from orders.choices import HoldReason
from orders.models import Order
from orders.services.commands import PlaceOrder
from orders.services.holds import place_holds

SHOP = "demo.shop"


def as_message(command: PlaceOrder) -> dict[str, Any]:
    """Return an order as a shop sends it: the API's own form, empty fields left out."""
    return _filled(json.loads(json.dumps(asdict(command), default=str)))


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _filled(v) for k, v in value.items() if v not in (None, "")}
    return [_filled(v) for v in value] if isinstance(value, list) else value


def orders_of(message: InboundMessage) -> list[Order]:
    """Return the order that a shop's message made."""
    return list(Order.objects.filter(external_id=message.external_id, origin=Origin.DEMO))


@processor(SHOP, _("Demo shops"), orders_of)
def take_orders(messages: Sequence[InboundMessage], now: datetime) -> Mapping[int, str]:
    """Place the orders of the demo's shops; one that cannot be read or placed is refused."""
    refused: dict[int, str] = {}
    items: dict[int, dict[str, Any]] = {}
    for message in messages:
        try:
            body = OrderInput(data=json.loads(message.body))
        except ValueError as error:
            refused[message.pk] = f"This is no JSON: {error}"
            continue
        if body.is_valid():
            items[message.pk] = body.validated_data
        else:
            wrong = field_errors(body.errors)
            refused[message.pk] = " ".join(f"{e['field']}: {e['detail']}" for e in wrong)
    if items:
        with acting_job("demo", origin=Origin.DEMO):
            refused |= _place(items, now)
    return refused


def _place(items: Mapping[int, dict[str, Any]], now: datetime) -> dict[int, str]:
    keys, orders = list(items), list(items.values())
    made = place(orders, now=now)
    # An order that nobody can deliver is stopped before it is confirmed.
    held = [pk for n, ids in made.created.items() for pk in ids if not _street(orders[n])]
    if held:
        place_holds(held, now=now, hold=HoldReason.ADDRESS, reason="no street")
    return {keys[n]: " ".join(map(str, reasons)) for n, reasons in made.refused.items()}


def _street(order: Mapping[str, Any]) -> str:
    return str(order["ship_to"].get("line1", ""))
