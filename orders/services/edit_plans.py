"""What an edit makes of an order: pure, given the order, its lines and a catalogue."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from backoffice.core.money import allocate, round_amount
from orders.choices import EditKind, LineKind
from orders.models import Order, OrderLine
from orders.pricing import LineAmounts, line_amounts
from orders.services.catalogue import Catalogue
from orders.services.commands import AddressData, Change, CustomerData, LineData, PlaceOrder
from orders.services.drafts import NOTHING, Draft, DraftLine, draft_line

MOST_UNITS = 1_000_000


@dataclass(slots=True)
class EditPlan:
    """An order as it will be: its lines changed in memory, new ones in a draft."""

    order: Order
    lines: dict[int, OrderLine]
    draft: Draft
    note: str = ""
    changes: list[Change] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    before: dict[int, OrderLine] = field(default_factory=dict)
    address: AddressData | None = None

    @property
    def reasons(self) -> list[str]:
        return self.draft.reasons

    def total(self) -> LineAmounts:
        """Return the sums of all lines as they are now in the plan."""
        new = self.draft.total
        lines = self.lines.values()
        return LineAmounts(
            sum((line.net_amount for line in lines), new.net),
            sum((line.tax_amount for line in lines), new.tax),
            sum((line.gross_amount for line in lines), new.gross),
        )


def as_command(order: Order, changes: Sequence[Change]) -> PlaceOrder:
    """Return what the catalogue has to be read for: the lines to be added."""
    ship_to = order.ship_to
    return PlaceOrder(
        channel=order.channel.code,
        external_id=order.external_id,
        placed_at=order.placed_at,
        customer=CustomerData(""),
        ship_to=AddressData(ship_to.country, region=ship_to.region),
        currency=order.currency,
        lines=[_line_data(c) for c in changes if c.kind == EditKind.ADD_LINE],
    )


def _line_data(change: Change) -> LineData:
    return LineData(
        change.quantity or 0, change.sku, unit_price=change.unit_price, tax_rate=change.tax_rate
    )


def plan_edit(
    order: Order,
    lines: Sequence[OrderLine],
    changes: Sequence[Change],
    catalogue: Catalogue,
    *,
    note: str = "",
) -> EditPlan:
    """Make the changes in memory, in their order; the plan has reasons where they are refused."""
    draft = Draft(
        as_command(order, changes),
        channel=order.channel,
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
        order_date=order.order_date,
    )
    plan = EditPlan(order, {line.pk: copy(line) for line in lines}, draft, note)
    plan.before = {line.pk: line for line in lines}
    if not changes:
        plan.reasons.append(_("Name at least one change."))
    for change in changes:
        planner = PLANNERS.get(change.kind)
        if planner is None:
            plan.reasons.append(_("There is no change %(kind)r.") % {"kind": change.kind})
        else:
            planner(plan, change, catalogue)
    if not plan.reasons:
        _check_whole(plan)
    return plan


def _check_whole(plan: EditPlan) -> None:
    total = round_amount(plan.total().gross, plan.order.currency)
    if total < 0:
        plan.reasons.append(_("The total would be negative: %(total)s.") % {"total": total})
    kept = [line.kind for line in plan.lines.values() if line.quantity > line.cancelled]
    if LineKind.ITEM not in [*kept, *(line.kind for line in plan.draft.lines)]:
        plan.reasons.append(_("No item would be left: cancel the order instead."))


def _add_line(plan: EditPlan, change: Change, catalogue: Catalogue) -> None:
    before = len(plan.draft.lines)
    draft_line(plan.draft, len(plan.changes) + 1, _line_data(change), catalogue)
    if len(plan.draft.lines) > before:
        made = plan.draft.lines[before]
        # What was shown is what is made, whatever becomes of the price list.
        change = replace(change, unit_price=made.unit_price, tax_rate=made.tax_rate)
    plan.changes.append(change)


def _line_of(plan: EditPlan, change: Change) -> OrderLine | None:
    """Return the line that a change names, or note why it cannot be changed."""
    line = plan.lines.get(change.line_id or 0)
    words = {"id": change.line_id}
    if line is None:
        plan.reasons.append(_("Line %(id)s is not of this order.") % words)
    elif line.pk in plan.touched:
        plan.reasons.append(_("Line %(id)s is named twice.") % words)
    elif line.kit_line_id is not None:
        plan.reasons.append(_("Line %(id)s is part of a kit: change the kit.") % words)
    elif line.cancelled or line.shipped:
        plan.reasons.append(_("Line %(id)s is cancelled or on its way.") % words)
    else:
        plan.touched.add(line.pk)
        plan.changes.append(change)
        return line
    return None


def _set(line: OrderLine, amounts: LineAmounts) -> None:
    line.net_amount, line.tax_amount, line.gross_amount = amounts.net, amounts.tax, amounts.gross


def _remove_line(plan: EditPlan, change: Change, catalogue: Catalogue) -> None:
    line = _line_of(plan, change)
    if line is None:
        return
    for part in [line, *_components(plan, line)]:
        part.cancelled = part.quantity
        _set(part, NOTHING)


def _components(plan: EditPlan, kit: OrderLine) -> list[OrderLine]:
    parts = [line for line in plan.lines.values() if line.kit_line_id == kit.pk]
    plan.touched |= {part.pk for part in parts}
    return parts


def _change_quantity(plan: EditPlan, change: Change, catalogue: Catalogue) -> None:
    quantity = change.quantity or 0
    if not 0 < quantity <= MOST_UNITS:
        text = _("Quantity %(quantity)s is not possible: remove the line instead.")
        plan.reasons.append(text % {"quantity": quantity})
        return
    line = _line_of(plan, change)
    if line is None:
        return
    if quantity == line.quantity:
        plan.reasons.append(_("Line %(id)s has that quantity already.") % {"id": line.pk})
        return
    for part in _components(plan, line):
        part.quantity = part.quantity // line.quantity * quantity
    line.quantity = quantity
    order = plan.order
    include_tax = order.prices_include_tax
    amounts = line_amounts(
        line.unit_price, quantity, line.tax_rate, order.currency, prices_include_tax=include_tax
    )
    _set(line, amounts)


def _change_address(plan: EditPlan, change: Change, catalogue: Catalogue) -> None:
    now, new = plan.order.ship_to, change.address
    if new is None or plan.address is not None:
        plan.reasons.append(_("Give one address."))
    elif new.country != now.country:
        plan.reasons.append(_("The country has another tax: cancel the order and place it anew."))
    elif _taxed_otherwise(plan, new.region, catalogue):
        plan.reasons.append(_("The region has another tax: cancel the order and place it anew."))
    else:
        plan.address = new
        plan.changes.append(change)


def _taxed_otherwise(plan: EditPlan, region: str, catalogue: Catalogue) -> bool:
    now, day = plan.order.ship_to, plan.order.order_date
    categories = {line.sku.tax_category for line in plan.lines.values() if line.sku}
    return any(
        catalogue.rate(now.country, region, category, day)
        != catalogue.rate(now.country, now.region, category, day)
        for category in {"STANDARD", *categories}
    )


def _adjust_total(plan: EditPlan, change: Change, catalogue: Catalogue) -> None:
    """Add a fee or a discount, split over the tax rates of what the order holds.

    A price change belongs to the supplies that it is for, so each rate bears its share of gross.
    """
    currency = plan.order.currency
    amount = change.amount or Decimal(0)
    if not amount or amount != round_amount(amount, currency):
        text = _("%(amount)s %(currency)s is no amount to adjust by.")
        plan.reasons.append(text % {"amount": amount, "currency": currency})
        return
    plan.changes.append(change)
    weights: dict[Decimal, Decimal] = {}
    for line in plan.lines.values():
        weights[line.tax_rate] = weights.get(line.tax_rate, Decimal(0)) + line.gross_amount
    for new in plan.draft.lines:
        weights[new.tax_rate] = weights.get(new.tax_rate, Decimal(0)) + new.amounts.gross
    rates = sorted(weights)
    shares = allocate(abs(amount), [max(weights[r], Decimal(0)) for r in rates], currency)
    for rate, share in zip(rates, shares, strict=True):
        if share:
            plan.draft.lines.append(_adjustment(plan, share.copy_sign(amount), rate))


def _adjustment(plan: EditPlan, gross: Decimal, rate: Decimal) -> DraftLine:
    tax = round_amount(gross * rate / (1 + rate), plan.order.currency)
    net = gross - tax
    return DraftLine(
        kind=LineKind.FEE if gross > 0 else LineKind.DISCOUNT,
        sku=None,
        quantity=1,
        unit_price=gross if plan.order.prices_include_tax else net,
        tax_rate=rate,
        amounts=LineAmounts(net, tax, gross),
        description=plan.note or _("Adjustment"),
        external_id="",
        warehouse_id=None,
        seller_id=None,
    )


PLANNERS: dict[str, Callable[[EditPlan, Change, Catalogue], None]] = {
    EditKind.ADD_LINE: _add_line,
    EditKind.REMOVE_LINE: _remove_line,
    EditKind.CHANGE_QUANTITY: _change_quantity,
    EditKind.CHANGE_ADDRESS: _change_address,
    EditKind.ADJUST_TOTAL: _adjust_total,
}
