"""What a channel says of an order beside what we have."""

from typing import Any

from django.utils.translation import gettext as _

from orders.models import ChannelOrder
from orders.services.catalogue import read_catalogue
from orders.services.channel_changes import (
    Compared,
    items_by_key,
    lines_of,
    values_of_command,
    values_of_order,
)
from orders.services.channel_problems import corrected, with_listings
from orders.services.channel_reading import read_again
from orders.services.commands import AddressData, PlaceOrder


def _command(row: ChannelOrder) -> PlaceOrder | None:
    heard = read_again([row], "message_id")["message_id"].get(row.pk)
    if heard is None or heard.told.command is None:
        return None
    return with_listings([corrected(heard.told.command, row.corrections)])[0]


def told_address(row: ChannelOrder) -> AddressData | None:
    """Return where the channel, or who corrected it, says that the goods go."""
    command = _command(row)
    return command.ship_to if command else None


def difference(row: ChannelOrder) -> list[tuple[str, Any, Any]] | None:
    """Return what differs between a channel's order and ours; None where one is not there."""
    command, order = _command(row), row.order
    if command is None or order is None:
        return None
    catalogue = read_catalogue([command])
    items = items_by_key(command, lines_of({order.pk: order})[order.pk])
    compared = Compared(values_of_command(command, catalogue), values_of_order(order, items))
    skus = {x.external_id or x.sku: x.sku for x in command.lines}
    skus |= {key: line.sku.code for key, line in items.items() if line.sku}
    names = {"address": _("Ship to"), "total": _("Total")}
    return [
        (
            names.get(kind) or _("Units of %(sku)s") % {"sku": skus.get(key, key)},
            _shown(compared.theirs.get((kind, key))),
            _shown(compared.ours.get((kind, key))),
        )
        for kind, key in compared.differing()
    ]


def _shown(value: Any) -> Any:
    if isinstance(value, AddressData):
        parts = (value.recipient, value.line1, value.postal_code, value.city, value.country)
        return ", ".join(part for part in parts if part)
    return 0 if value is None else value
