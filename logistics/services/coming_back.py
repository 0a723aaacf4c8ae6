"""Parcels that carriers bring back: their goods are awaited, and received into stock."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.sql import execute
from orders.models import Return
from orders.services.returns import (
    RequestedLine,
    RequestReturn,
    cancel_returns,
    expect_undelivered,
)

# Imported parcels came back where they come from.
CONTENT = """
SELECT s.order_id, p.number, sl.order_line_id, sum(pl.quantity)::int FROM logistics_parcel p
JOIN logistics_shipment s ON s.id = p.shipment_id
JOIN logistics_parcelline pl ON pl.parcel_id = p.id
JOIN logistics_shipmentline sl ON sl.id = pl.shipment_line_id
WHERE p.id = ANY(%s) AND p.origin <> 'IMPORT' GROUP BY p.id, s.order_id, sl.order_line_id
ORDER BY p.id, sl.order_line_id
"""
Contents = dict[tuple[int, str], list[RequestedLine]]


def _contents(parcel_ids: Sequence[int]) -> Contents:
    found: Contents = {}
    for order_id, number, line_id, units in execute(CONTENT, [list(parcel_ids)]):
        found.setdefault((order_id, number), []).append(RequestedLine(line_id, units))
    return found


@service
def await_parcels(parcel_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Open a return for each parcel that comes back; its number makes it once."""
    commands = [
        RequestReturn(order_id, lines, external_id=number)
        for (order_id, number), lines in _contents(parcel_ids).items()
    ]
    return expect_undelivered(commands, now=now)


@service
def expect_no_more(parcel_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Call the returns off of parcels that were delivered after all."""
    keys = _contents(parcel_ids)
    waiting = Return.objects.filter(
        order_id__any=[order for order, _ in keys], is_undelivered=True, status="REQUESTED"
    )
    rows = waiting.order_by("pk").values_list("pk", "order_id", "external_id")
    ids = [pk for pk, order_id, number in rows if (order_id, number) in keys]
    return cancel_returns(ids, now=now, reason=reason).moved
