"""Placing orders: many at once, once each."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.models import Address
from backoffice.core.sql import execute, insert_rows, next_ids
from orders.choices import LineKind
from orders.models import Customer, Order, OrderLine
from orders.services.catalogue import read_catalogue
from orders.services.commands import AddressData, Placed, PlaceOrder
from orders.services.drafts import Draft, DraftLine, draft_order
from orders.services.given import GIVEN

ADDRESS_COLUMNS = [f.name for f in Address._meta.concrete_fields if not f.primary_key]


@service
def place_orders(commands: Sequence[PlaceOrder], *, now: datetime, reason: str = "") -> Placed:
    """Place orders; one that is there already is answered with its id, a bad one with reasons."""
    placed = Placed()
    catalogue = read_catalogue(commands)
    known = placed_ids(commands)
    drafts: dict[int, Draft] = {}
    seen: set[tuple[str, str]] = set()
    for n, command in enumerate(commands):
        key = (command.channel, command.external_id)
        if key in known:
            placed.existing[n] = known[key]
        elif key not in seen:
            draft = draft_order(command, catalogue)
            if draft.reasons:
                placed.refused[n] = draft.reasons
            else:
                seen.add(key)
                drafts[n] = draft
    new = _insert(list(drafts.values())) if drafts else set()
    # What another transaction placed at the same moment is found here as well.
    ids = placed_ids(commands) if drafts else known
    for n, command in enumerate(commands):
        key = (command.channel, command.external_id)
        if n in drafts and ids[key] in new:
            placed.created[n] = ids[key]
        elif n not in placed.refused and n not in placed.existing:
            placed.existing[n] = ids[key]
    return placed


def placed_ids(commands: Sequence[PlaceOrder]) -> dict[tuple[str, str], int]:
    """Return the ids of those that are there already, by channel and external id."""
    rows = execute(
        "SELECT c.code, o.external_id, o.id"
        " FROM unnest(%s::text[], %s::text[]) AS k(code, external)"
        " JOIN orders_saleschannel c ON c.code = k.code"
        " JOIN orders_order o ON o.channel_id = c.id AND o.external_id = k.external",
        [[c.channel for c in commands], [c.external_id for c in commands]],
    )
    return {(code, external): pk for code, external, pk in rows}


def _insert(drafts: list[Draft]) -> set[int]:
    """Insert drafts; return the orders that are ours, not placed by others meanwhile."""
    customers = _customers(drafts)
    ship, bill = _addresses(drafts)
    ids = next_ids(Order, len(drafts))
    totals = [d.total for d in drafts]
    inserted = insert_rows(
        Order,
        {
            "id": ids,
            "channel_id": [d.channel.pk for d in drafts if d.channel],
            "customer_id": customers,
            "order_date": [d.order_date for d in drafts],
            "currency": [d.currency for d in drafts],
            "prices_include_tax": [d.channel.prices_include_tax for d in drafts if d.channel],
            "net_amount": [t.net for t in totals],
            "tax_amount": [t.tax for t in totals],
            "total_amount": [t.gross for t in totals],
            "ordered_quantity": [_units(d, stocked=False) for d in drafts],
            "short_quantity": [_units(d, stocked=True) for d in drafts],
            "ship_to_id": ship,
            "bill_to_id": bill,
            **{name: [getattr(d.command, name) for d in drafts] for name in GIVEN},
        },
        on_conflict="ON CONFLICT (channel_id, external_id) DO NOTHING",
    )
    new = {row[0] for row in inserted}
    kept = [(pk, d) for pk, d in zip(ids, drafts, strict=True) if pk in new]
    insert_lines([(pk, 1, d.lines) for pk, d in kept])
    emit(
        "order.placed",
        [
            Fact(
                pk,
                pk,
                {
                    "channel": d.command.channel,
                    "total": str(d.total.gross),
                    "currency": d.currency,
                    "lines": len(d.lines),
                },
                d.command.placed_at,
            )
            for pk, d in kept
        ],
    )
    return new


def _units(draft: Draft, *, stocked: bool) -> int:
    return sum(
        line.quantity
        for line in draft.lines
        if line.kind == LineKind.ITEM and (not stocked or (line.sku and line.sku.is_stocked))
    )


def insert_lines(kept: Sequence[tuple[int, int, Sequence[DraftLine]]]) -> None:
    """Insert lines of orders, given with the position of the first; kits point within theirs."""
    rows = [(pk, n, line) for pk, _at, lines in kept for n, line in enumerate(lines, 1)]
    first = {pk: at for pk, at, _lines in kept}
    if not rows:
        return
    ids = next_ids(OrderLine, len(rows))
    at = {(pk, n): i for (pk, n, _), i in zip(rows, ids, strict=True)}
    lines = [line for _, _, line in rows]
    insert_rows(
        OrderLine,
        {
            "id": ids,
            "order_id": [pk for pk, _, _ in rows],
            "position": [first[pk] + n - 1 for pk, n, _ in rows],
            "kind": [line.kind for line in lines],
            "sku_id": [line.sku.id if line.sku else None for line in lines],
            "seller_id": [line.seller_id for line in lines],
            "warehouse_id": [line.warehouse_id for line in lines],
            "kit_line_id": [at[pk, line.kit] if line.kit else None for pk, _, line in rows],
            "external_id": [line.external_id for line in lines],
            "description": [line.description for line in lines],
            "is_stocked": [
                bool(line.sku and line.sku.is_stocked and line.kind == LineKind.ITEM)
                for line in lines
            ],
            "quantity": [line.quantity for line in lines],
            "unit_price": [line.unit_price for line in lines],
            "tax_rate": [line.tax_rate for line in lines],
            "net_amount": [line.amounts.net for line in lines],
            "tax_amount": [line.amounts.tax for line in lines],
            "gross_amount": [line.amounts.gross for line in lines],
        },
    )


def _customers(drafts: list[Draft]) -> list[int]:
    """Return each draft's customer, creating those that the source has not named before."""
    keys = [(d.command.channel, d.command.customer.external_id) for d in drafts]
    known = _known_customers(keys)
    missing = {key: d.command for key, d in zip(keys, drafts, strict=True) if key not in known}
    if missing:
        data = [c.customer for c in missing.values()]
        insert_rows(
            Customer,
            {
                "source": [source for source, _ in missing],
                "external_id": [external for _, external in missing],
                "name": [c.name[:200] for c in data],
                "email": [c.email[:254] for c in data],
                "phone": [c.phone[:40] for c in data],
                "language": [c.language for c in data],
                "country": [c.ship_to.country for c in missing.values()],
            },
            on_conflict="ON CONFLICT (source, external_id) DO NOTHING",
        )
        known |= _known_customers(list(missing))
    return [known[key] for key in keys]


def _known_customers(keys: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    rows = execute(
        "SELECT c.source, c.external_id, c.id FROM orders_customer c"
        " JOIN unnest(%s::text[], %s::text[]) AS k(source, external)"
        " ON c.source = k.source AND c.external_id = k.external",
        [[s for s, _ in keys], [e for _, e in keys]],
    )
    return {(source, external): pk for source, external, pk in rows}


def _addresses(drafts: list[Draft]) -> tuple[list[int], list[int]]:
    """Insert the addresses; a bill-to that was not given is the ship-to."""
    wanted: list[AddressData] = []
    ship: list[int] = []
    bill: list[int] = []
    for d in drafts:
        ship.append(len(wanted))
        wanted.append(d.command.ship_to)
        if d.command.bill_to is not None and d.command.bill_to != d.command.ship_to:
            wanted.append(d.command.bill_to)
        bill.append(len(wanted) - 1)
    ids = insert_addresses(wanted)
    return [ids[n] for n in ship], [ids[n] for n in bill]


def insert_addresses(wanted: Sequence[AddressData]) -> list[int]:
    """Insert addresses; return their ids in the same order."""
    ids = next_ids(Address, len(wanted))
    insert_rows(
        Address,
        {"id": ids} | {name: [getattr(a, name) for a in wanted] for name in ADDRESS_COLUMNS},
    )
    return ids
