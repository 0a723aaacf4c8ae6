"""Placing orders: many at once, once each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.models import Address
from backoffice.core.sql import execute, insert_rows, insertion, next_ids, take_ids
from orders.choices import LineKind
from orders.models import Customer, Order, OrderLine
from orders.services.catalogue import read_catalogue
from orders.services.commands import AddressData, Placed, PlaceOrder
from orders.services.drafts import Draft, DraftLine, draft_order
from orders.services.given import GIVEN

Keys = dict[tuple[str, str], int]
KNOWN = """
WITH k AS (SELECT * FROM unnest(%(codes)s::text[], %(orders)s::text[], %(customers)s::text[])
  AS k(code, placed, customer))
SELECT true, k.code, o.external_id, o.id
FROM k JOIN orders_saleschannel c ON c.code = k.code
JOIN orders_order o ON o.channel_id = c.id AND o.external_id = k.placed
UNION ALL
SELECT false, k.code, c.external_id, c.id
FROM k JOIN orders_customer c ON c.source = k.code AND c.external_id = k.customer
"""
ADDRESS_COLUMNS = [f.name for f in Address._meta.concrete_fields if not f.primary_key]


@service
def place_orders(commands: Sequence[PlaceOrder], *, now: datetime, reason: str = "") -> Placed:
    """Place orders; one that is there already is answered with its id, a bad one with reasons."""
    placed = Placed()
    catalogue = read_catalogue(commands, all_rates=False)
    known, customers = _known(commands)
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
    new = _insert(list(drafts.values()), customers) if drafts else {}
    # What another transaction placed at the same moment is found by looking again.
    ids = known | new if len(new) == len(drafts) else placed_ids(commands)
    ours = set(new.values())
    for n, command in enumerate(commands):
        key = (command.channel, command.external_id)
        if n in drafts and ids[key] in ours:
            placed.created[n] = ids[key]
        elif n not in placed.refused and n not in placed.existing:
            placed.existing[n] = ids[key]
    return placed


def placed_ids(commands: Sequence[PlaceOrder]) -> Keys:
    """Return the ids of those that are there already, by channel and external id."""
    return _known(commands)[0]


def _known(commands: Sequence[PlaceOrder]) -> tuple[Keys, Keys]:
    """Return the orders and the customers that are there already, by channel and external id."""
    orders: Keys = {}
    customers: Keys = {}
    values = {
        "codes": [c.channel for c in commands],
        "orders": [c.external_id for c in commands],
        "customers": [c.customer.external_id for c in commands],
    }
    for is_order, code, external, pk in execute(KNOWN, values):
        (orders if is_order else customers)[code, external] = pk
    return orders, customers


def _insert(drafts: list[Draft], known: Keys) -> Keys:
    """Insert drafts; return the orders that are ours, not placed by others meanwhile."""
    customers = _customers(drafts, known)
    wanted, ship, bill = _addresses(drafts)
    lines = sum(len(d.lines) for d in drafts)
    taken = take_ids({Address: len(wanted), Order: len(drafts), OrderLine: lines})
    ids, totals = taken[Order], [d.total for d in drafts]
    address = address_columns(taken[Address], wanted)
    placed: dict[str, Any] = {
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
        "ship_to_id": [taken[Address][n] for n in ship],
        "bill_to_id": [taken[Address][n] for n in bill],
        **{name: [getattr(d.command, name) for d in drafts] for name in GIVEN},
    }
    once = "ON CONFLICT (channel_id, external_id) DO NOTHING"
    sold = line_columns(
        taken[OrderLine], [(pk, 1, d.lines) for pk, d in zip(ids, drafts, strict=True)]
    )
    steps = [
        insertion(Address, address),
        insertion(Order, placed, on_conflict=once),
        insertion(OrderLine, sold, condition="WHERE c1 IN (SELECT id FROM placed)"),
    ]
    # One statement, and each line's order among those that came of it.
    sql = "WITH address AS ({}), placed AS ({}), line AS ({}) SELECT id FROM placed"
    rows = execute(sql.format(*(s for s, _ in steps)), [v for _, values in steps for v in values])
    new = {row[0] for row in rows}
    kept = [(pk, d) for pk, d in zip(ids, drafts, strict=True) if pk in new]
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
    return {(d.command.channel, d.command.external_id): pk for pk, d in kept}


def _units(draft: Draft, *, stocked: bool) -> int:
    return sum(
        line.quantity
        for line in draft.lines
        if line.kind == LineKind.ITEM and (not stocked or (line.sku and line.sku.is_stocked))
    )


def insert_lines(kept: Sequence[tuple[int, int, Sequence[DraftLine]]]) -> None:
    """Insert lines of orders, given with the position of the first; kits point within theirs."""
    count = sum(len(lines) for _pk, _at, lines in kept)
    if count:
        insert_rows(OrderLine, line_columns(next_ids(OrderLine, count), kept))


def line_columns(
    ids: Sequence[int], kept: Sequence[tuple[int, int, Sequence[DraftLine]]]
) -> dict[str, list[Any]]:
    """Return the columns of lines of orders, given with the position of the first."""
    rows = [(pk, n, line) for pk, _at, lines in kept for n, line in enumerate(lines, 1)]
    first = {pk: at for pk, at, _lines in kept}
    at = {(pk, n): i for (pk, n, _), i in zip(rows, ids, strict=True)}
    lines = [line for _, _, line in rows]
    return {
        "id": list(ids),
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
            bool(line.sku and line.sku.is_stocked and line.kind == LineKind.ITEM) for line in lines
        ],
        "quantity": [line.quantity for line in lines],
        "unit_price": [line.unit_price for line in lines],
        "tax_rate": [line.tax_rate for line in lines],
        "net_amount": [line.amounts.net for line in lines],
        "tax_amount": [line.amounts.tax for line in lines],
        "gross_amount": [line.amounts.gross for line in lines],
    }


def _customers(drafts: list[Draft], known: Keys) -> list[int]:
    """Return each draft's customer, creating those that the source has not named before."""
    keys = [(d.command.channel, d.command.customer.external_id) for d in drafts]
    missing = {key: d.command for key, d in zip(keys, drafts, strict=True) if key not in known}
    if missing:
        data = [c.customer for c in missing.values()]
        made = insert_rows(
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
            returning="source, external_id, id",
        )
        known |= {(source, external): pk for source, external, pk in made}
        if len(made) < len(missing):
            known |= _known(list(missing.values()))[1]
    return [known[key] for key in keys]


def _addresses(drafts: list[Draft]) -> tuple[list[AddressData], list[int], list[int]]:
    """Return the addresses to insert, and where each draft has its two, which may be one."""
    wanted: list[AddressData] = []
    ship: list[int] = []
    bill: list[int] = []
    for d in drafts:
        ship.append(len(wanted))
        wanted.append(d.command.ship_to)
        if d.command.bill_to is not None and d.command.bill_to != d.command.ship_to:
            wanted.append(d.command.bill_to)
        bill.append(len(wanted) - 1)
    return wanted, ship, bill


def address_columns(ids: Sequence[int], wanted: Sequence[AddressData]) -> dict[str, list[Any]]:
    """Return the columns of addresses."""
    return {"id": list(ids)} | {n: [getattr(a, n) for a in wanted] for n in ADDRESS_COLUMNS}


def insert_addresses(wanted: Sequence[AddressData]) -> list[int]:
    """Insert addresses; return their ids in the same order."""
    ids = next_ids(Address, len(wanted))
    insert_rows(Address, address_columns(ids, wanted))
    return ids
