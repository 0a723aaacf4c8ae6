"""Checks and prices orders to be placed: pure, given a catalogue."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from backoffice.core.money import DIGITS
from orders.choices import LineKind
from orders.models import SalesChannel
from orders.pricing import LineAmounts, line_amounts
from orders.services.catalogue import Catalogue, SkuFacts
from orders.services.commands import LineData, PlaceOrder
from orders.services.given import problems_of

NOTHING = LineAmounts(Decimal(0), Decimal(0), Decimal(0))


@dataclass(slots=True)
class DraftLine:
    """A checked line; `kit` points to the position of the kit line it belongs to."""

    kind: str
    sku: SkuFacts | None
    quantity: int
    unit_price: Decimal
    tax_rate: Decimal
    amounts: LineAmounts
    description: str
    external_id: str
    warehouse_id: int | None
    seller_id: int | None
    kit: int | None = None


@dataclass(slots=True)
class Draft:
    """A checked order, or the reasons why it is refused."""

    command: PlaceOrder
    channel: SalesChannel | None = None
    currency: str = ""
    prices_include_tax: bool = True
    order_date: date | None = None
    lines: list[DraftLine] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def total(self) -> LineAmounts:
        amounts = [line.amounts for line in self.lines]
        return LineAmounts(
            sum((a.net for a in amounts), Decimal(0)),
            sum((a.tax for a in amounts), Decimal(0)),
            sum((a.gross for a in amounts), Decimal(0)),
        )


def draft_order(command: PlaceOrder, catalogue: Catalogue) -> Draft:
    """Check one order against the catalogue and price its lines."""
    draft = Draft(command)
    channel = catalogue.channels.get(command.channel)
    if channel is None or not channel.is_active:
        draft.reasons.append(_("Sales channel %(code)r is unknown.") % {"code": command.channel})
        return draft
    draft.channel = channel
    draft.currency = command.currency or channel.currency
    draft.prices_include_tax = channel.prices_include_tax
    draft.order_date = command.placed_at.astimezone(catalogue.zones[channel.code]).date()
    if not command.external_id:
        draft.reasons.append(_("The external id is missing."))
    draft.reasons += problems_of(command)
    if draft.currency not in DIGITS:
        draft.reasons.append(_("Currency %(code)r is unknown.") % {"code": draft.currency})
        return draft
    if len(command.ship_to.country) != 2:
        draft.reasons.append(_("The ship-to country has to be a two-letter code."))
    if not any(line.kind in (LineKind.ITEM, LineKind.KIT) for line in command.lines):
        draft.reasons.append(_("The order has no item line."))
    for number, line in enumerate(command.lines, 1):
        draft_line(draft, number, line, catalogue)
    if not draft.reasons:
        _check_total(draft)
    return draft


def _check_total(draft: Draft) -> None:
    total = draft.total.gross
    if total < 0:
        draft.reasons.append(_("The total is negative: %(total)s.") % {"total": total})
    if draft.command.total is not None and draft.command.total != total:
        draft.reasons.append(
            _("The channel's total %(theirs)s is not the sum of the lines %(ours)s.")
            % {"theirs": draft.command.total, "ours": total}
        )


def draft_line(draft: Draft, number: int, line: LineData, catalogue: Catalogue) -> None:
    """Check and price one line and add it to the draft, or say why it is refused."""
    channel, day = draft.channel, draft.order_date
    assert channel is not None
    assert day is not None
    sku = catalogue.skus.get(line.sku) if line.sku else None
    problem = ""
    if line.kind not in LineKind.values:
        problem = _("kind %(kind)r is unknown") % {"kind": line.kind}
    elif line.kind in (LineKind.ITEM, LineKind.KIT) and sku is None:
        problem = _("SKU %(code)r is unknown") % {"code": line.sku}
    elif not 0 < line.quantity <= 1_000_000:
        problem = _("quantity %(quantity)s is not possible") % {"quantity": line.quantity}
    elif line.warehouse and line.warehouse not in catalogue.warehouses:
        problem = _("warehouse %(code)r is unknown") % {"code": line.warehouse}
    elif line.seller and line.seller not in catalogue.sellers:
        problem = _("seller %(code)r is unknown") % {"code": line.seller}
    price = line.unit_price
    if price is None and sku is not None:
        price = catalogue.price(sku.id, channel.pk, draft.currency, day)
    if not problem and price is None:
        problem = _("there is no price in %(currency)s") % {"currency": draft.currency}
    elif not problem and price is not None and price < 0 and line.kind != LineKind.DISCOUNT:
        problem = _("the price is negative")
    if problem:
        draft.reasons.append(_("Line %(n)s: %(problem)s.") % {"n": number, "problem": problem})
        return
    assert price is not None
    rate = line.tax_rate
    if rate is None:
        to = draft.command.ship_to
        category = sku.tax_category if sku else "STANDARD"
        rate = catalogue.rate(to.country, to.region, category, day) or Decimal(0)
    amounts = line_amounts(
        price, line.quantity, rate, draft.currency, prices_include_tax=draft.prices_include_tax
    )
    # Where the channel chooses, the line gets its warehouse with its reservation.
    home = None if channel.routes_orders else channel.warehouse_id
    warehouse_id = catalogue.warehouses.get(line.warehouse, home)
    seller_id = catalogue.sellers.get(line.seller, sku.seller_id if sku else None)
    is_kit = sku is not None and sku.is_kit
    kind = LineKind.KIT if is_kit else line.kind
    description = line.description or (sku.name if sku else "")
    drafted = DraftLine(
        kind,
        sku,
        line.quantity,
        price,
        rate,
        amounts,
        description[:300],
        line.external_id,
        warehouse_id,
        seller_id,
    )
    draft.lines.append(drafted)
    if is_kit and sku is not None:
        position = len(draft.lines)
        for component, each in catalogue.components.get(sku.id, ()):
            draft.lines.append(
                DraftLine(
                    LineKind.ITEM,
                    component,
                    each * line.quantity,
                    Decimal(0),
                    rate,
                    NOTHING,
                    component.name[:300],
                    line.external_id,
                    warehouse_id,
                    seller_id,
                    kit=position,
                )
            )
