"""What a channel changed about its order, and the edit that lets ours follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from backoffice.core.models import Address
from orders.choices import EditKind, LineKind
from orders.models import Order, OrderLine
from orders.pricing import line_amounts
from orders.services.catalogue import Catalogue
from orders.services.commands import AddressData, Change, PlaceOrder
from orders.services.drafts import draft_order
from orders.services.intake import ADDRESS_COLUMNS

GOODS = (LineKind.ITEM, LineKind.KIT)
Values = dict[tuple[str, str], Any]


@dataclass(slots=True)
class Compared:
    """Differences by what they are about: (what the channel says, what the order has)."""

    theirs: Values
    ours: Values

    def differing(self) -> list[tuple[str, str]]:
        """Return what differs, in a fixed order."""
        names = sorted({*self.theirs, *self.ours})
        return [n for n in names if self.theirs.get(n) != self.ours.get(n)]


@dataclass(slots=True)
class Wanted:
    """The changes to one order; codes that no SKU is known for keep it from following."""

    changes: list[Change] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)


def values_of_command(command: PlaceOrder, catalogue: Catalogue) -> Values:
    """Return what of an order as a channel tells it can be compared."""
    values: Values = {("address", ""): command.ship_to}
    for line in command.lines:
        if line.kind in GOODS:
            key = ("item", line.external_id or line.sku)
            values[key] = values.get(key, 0) + line.quantity
    if command.total is not None:
        values["total", ""] = command.total
    elif not (draft := draft_order(command, catalogue)).reasons:
        values["total", ""] = draft.total.gross
    return values


def values_of_order(order: Order, items: Mapping[str, OrderLine]) -> Values:
    """Return the same of an order of ours, given its items by the channel's key."""
    values: Values = {("address", ""): address_of(order.ship_to)}
    values |= {("item", key): line.quantity - line.cancelled for key, line in items.items()}
    values["total", ""] = order.total_amount
    return values


def items_by_key(command: PlaceOrder, lines: Sequence[OrderLine]) -> dict[str, OrderLine]:
    """Return what is left of an order's items by the key that its channel has for them.

    A line that an edit added has no such key: its SKU tells.
    """
    keys = {x.sku: x.external_id or x.sku for x in command.lines if x.kind in GOODS}
    items = {}
    for line in lines:
        if line.kind in GOODS and line.kit_line_id is None and line.quantity > line.cancelled:
            code = line.sku.code if line.sku else ""
            items[line.external_id or keys.get(code, code)] = line
    return items


def address_of(row: Address) -> AddressData:
    """Return an address as data."""
    return AddressData(**{name: getattr(row, name) for name in ADDRESS_COLUMNS})


def changes_wanted(
    command: PlaceOrder,
    base: PlaceOrder | None,
    order: Order,
    lines: Sequence[OrderLine],
    catalogue: Catalogue,
) -> Wanted:
    """Return what lets an order follow its channel.

    Where it is known what the order follows by now, only what the channel changed since counts:
    what was edited here meanwhile stays.
    """
    items = items_by_key(command, lines)
    theirs, ours = values_of_command(command, catalogue), values_of_order(order, items)
    differing = Compared(theirs, ours).differing()
    before = values_of_command(base, catalogue) if base is not None else None
    if before is not None:
        changed = set(Compared(theirs, before).differing())
        differing = [name for name in differing if name in changed]
    wanted = Wanted()
    effect = Decimal(0)
    for kind, key in differing:
        if kind == "item":
            effect += _item(wanted, order, command, items.get(key), key, theirs, catalogue)
        elif kind == "address":
            wanted.changes.append(Change(EditKind.CHANGE_ADDRESS, address=command.ship_to))
    if ("total", "") in theirs and (wanted.changes or ("total", "") in differing):
        start = before["total", ""] if before and ("total", "") in before else order.total_amount
        gap = theirs["total", ""] - start - effect
        if gap:
            wanted.changes.append(Change(EditKind.ADJUST_TOTAL, amount=gap))
    return wanted


def _item(
    wanted: Wanted,
    order: Order,
    command: PlaceOrder,
    line: OrderLine | None,
    key: str,
    theirs: Values,
    catalogue: Catalogue,
) -> Decimal:
    """Add the change of one item; return what it does to the total."""
    units = theirs.get(("item", key), 0)
    if line is None and units:
        told = next(x for x in command.lines if x.kind in GOODS and (x.external_id or x.sku) == key)
        if told.sku not in catalogue.skus:
            wanted.codes.append(told.sku)
            return Decimal(0)
        change = Change(
            EditKind.ADD_LINE,
            sku=told.sku,
            quantity=units,
            unit_price=told.unit_price,
            tax_rate=told.tax_rate,
        )
        wanted.changes.append(change)
        return _gross(order, told.unit_price or Decimal(0), units, told.tax_rate or Decimal(0))
    if line is None:
        return Decimal(0)
    if not units:
        wanted.changes.append(Change(EditKind.REMOVE_LINE, line_id=line.pk))
        return -line.gross_amount
    change = Change(EditKind.CHANGE_QUANTITY, line_id=line.pk, quantity=units)
    wanted.changes.append(change)
    return _gross(order, line.unit_price, units, line.tax_rate) - line.gross_amount


def _gross(order: Order, price: Decimal, units: int, rate: Decimal) -> Decimal:
    includes_tax = order.prices_include_tax
    return line_amounts(price, units, rate, order.currency, prices_include_tax=includes_tax).gross


def lines_of(orders: Mapping[int, Order]) -> dict[int, list[OrderLine]]:
    """Return the lines of orders, in one query."""
    found: dict[int, list[OrderLine]] = {pk: [] for pk in orders}
    rows = OrderLine.objects.filter(order_id__any=list(orders)).select_related("sku")
    for line in rows.order_by("order_id", "position"):
        found[line.order_id].append(line)
    return found
