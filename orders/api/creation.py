"""Orders and returns to be made; each is one service call for all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backoffice.core.api.creation import Made
from backoffice.core.api.references import ids_of
from orders.models import Order
from orders.services.commands import (
    AddressData,
    Change,
    CustomerData,
    EditOrder,
    LineData,
    PlaceOrder,
)
from orders.services.edits import draft_edits
from orders.services.intake import place_orders
from orders.services.returns import RequestedLine, RequestReturn, request_returns


def place(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Place orders; the same channel and external id again is the first order."""
    placed = place_orders([_order(item) for item in items], now=now)
    return Made.of(placed.created, placed.existing, placed.refused)


def _order(item: dict[str, Any]) -> PlaceOrder:
    values = dict(item)
    bill_to = values.pop("bill_to", None)
    return PlaceOrder(
        **{
            **values,
            "customer": CustomerData(**values["customer"]),
            "ship_to": AddressData(**values["ship_to"]),
            "lines": [LineData(**line) for line in values["lines"]],
        },
        bill_to=AddressData(**bill_to) if bill_to else None,
    )


def request(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Open returns of delivered units; the same external id again is the first return."""
    orders = ids_of(Order.objects.all(), "order_number", (item["order"] for item in items))
    commands = [
        RequestReturn(
            orders.get(item["order"], 0),
            [RequestedLine(**line) for line in item["lines"]],
            item.get("external_id", ""),
        )
        for item in items
    ]
    done = request_returns(commands, now=now)
    return Made.of(done.created, done.existing, done.refused)


def draft(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Draft edits with what they would cost; nothing is changed before they are committed."""
    orders = ids_of(Order.objects.all(), "order_number", (item["order"] for item in items))
    commands = [
        EditOrder(
            orders.get(item["order"], 0),
            [_change(change) for change in item["changes"]],
            item.get("note", ""),
            item.get("version"),
        )
        for item in items
    ]
    drafted = draft_edits(commands, now=now)
    return Made.of(drafted.created, {}, drafted.refused)


def _change(item: dict[str, Any]) -> Change:
    address = item.get("address")
    return Change(**{**item, "address": AddressData(**address) if address else None})
