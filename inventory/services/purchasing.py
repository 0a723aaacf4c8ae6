"""Purchase orders: drawn up, approved, sent, closed, called off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.models import Company
from backoffice.core.money import round_amount
from backoffice.core.origins import inherited
from backoffice.core.outbound import WriteMessage, queue_messages
from backoffice.core.sql import insert_rows, next_ids
from backoffice.core.states import Outcome, Text
from inventory.choices import StockPolicy
from inventory.models import (
    PurchaseOrder,
    PurchaseOrderLine,
    Sku,
    Supplier,
    SupplierItem,
    Warehouse,
)
from inventory.states import PURCHASE_ORDER

NO_SUPPLIER = _("The supplier does not exist or is not active.")
NO_WAREHOUSE = _("The warehouse does not exist or is not active.")
NO_LINES = _("A purchase order has at least one line, each of at least one unit.")
NOT_STOCKED = _("A SKU does not exist, is a kit, or is not tracked in stock.")
NO_PRICE = _("A SKU has no price: give one, or add it to the supplier's items.")
NO_RATE = _("The currency is neither the company's nor the supplier's, so it has no rate.")
TWICE = _("A SKU stands on two lines.")


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """Units of a SKU; without a price the supplier's item gives it."""

    sku_id: int
    quantity: int
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CreatePurchaseOrder:
    """A purchase order to be drawn up; without a currency it is the supplier's.

    One that is drawn up for a proposal has the proposal's origin.
    """

    supplier_id: int
    warehouse_id: int
    lines: Sequence[PurchaseLine]
    currency: str = ""
    expected_on: date | None = None
    proposal_id: int | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """The purchase orders by the position of their command, and why others were refused."""

    ids: dict[int, int] = field(default_factory=dict)
    refused: dict[int, list[Text]] = field(default_factory=dict)


@dataclass(slots=True)
class _Draft:
    command: CreatePurchaseOrder
    currency: str
    rate: Decimal
    prices: list[Decimal]
    expected_on: date

    @property
    def total(self) -> Decimal:
        lines = zip(self.command.lines, self.prices, strict=True)
        parts = (round_amount(line.quantity * price, self.currency) for line, price in lines)
        return sum(parts, Decimal(0))


@dataclass(slots=True)
class _Facts:
    """What commands refer to, read at once."""

    suppliers: Mapping[int, Supplier]
    zones: Mapping[int, ZoneInfo]
    stocked: set[int]
    items: Mapping[tuple[int, int], SupplierItem]
    base: str
    now: datetime


def _read(commands: Sequence[CreatePurchaseOrder], now: datetime) -> _Facts:
    sku_ids = {line.sku_id for c in commands for line in c.lines}
    supplier_ids = {c.supplier_id for c in commands}
    suppliers = Supplier.objects.filter(pk__any=supplier_ids, is_active=True)
    houses = Warehouse.objects.filter(pk__any={c.warehouse_id for c in commands}, is_active=True)
    skus = Sku.objects.filter(pk__any=sku_ids, stock_policy=StockPolicy.TRACKED, is_kit=False)
    items = SupplierItem.objects.filter(supplier_id__any=supplier_ids, sku_id__any=sku_ids)
    return _Facts(
        suppliers.in_bulk(),
        {pk: ZoneInfo(zone) for pk, zone in houses.values_list("pk", "time_zone")},
        set(skus.values_list("pk", flat=True)),
        {(item.supplier_id, item.sku_id): item for item in items},
        Company.objects.values_list("currency", flat=True)[0],
        now,
    )


def _draft(command: CreatePurchaseOrder, facts: _Facts) -> tuple[_Draft | None, list[Text]]:
    """Return a checked draft, or the reasons against it."""
    supplier = facts.suppliers.get(command.supplier_id)
    if supplier is None:
        return None, [NO_SUPPLIER]
    reasons: list[Text] = []
    if command.warehouse_id not in facts.zones:
        reasons.append(NO_WAREHOUSE)
    if not command.lines or any(line.quantity <= 0 for line in command.lines):
        reasons.append(NO_LINES)
    if any(line.sku_id not in facts.stocked for line in command.lines):
        reasons.append(NOT_STOCKED)
    if len({line.sku_id for line in command.lines}) < len(command.lines):
        reasons.append(TWICE)
    currency = command.currency or supplier.currency
    rates = {supplier.currency: supplier.exchange_rate, facts.base: Decimal(1)}
    if currency not in rates:
        reasons.append(NO_RATE)
    prices = []
    lead = 0
    for line in command.lines:
        item = facts.items.get((command.supplier_id, line.sku_id))
        lead = max(lead, item.lead_time_days if item else 0)
        if line.unit_price is not None:
            prices.append(line.unit_price)
        elif item is not None and item.currency == currency:
            prices.append(item.price)
    if len(prices) < len(command.lines) or any(price < 0 for price in prices):
        reasons.append(NO_PRICE)
    if reasons:
        return None, reasons
    today = facts.now.astimezone(facts.zones[command.warehouse_id]).date()
    expected = command.expected_on or today + timedelta(days=lead)
    return _Draft(command, currency, rates[currency], prices, expected), []


@service
def create_purchase_orders(
    commands: Sequence[CreatePurchaseOrder], *, now: datetime, reason: str = ""
) -> Created:
    """Draw up purchase orders; a bad one is refused with its reasons."""
    created = Created()
    facts = _read(commands, now)
    drafts: dict[int, _Draft] = {}
    for n, command in enumerate(commands):
        draft, reasons = _draft(command, facts)
        if draft is None:
            created.refused[n] = reasons
        else:
            drafts[n] = draft
    if drafts:
        ids = next_ids(PurchaseOrder, len(drafts))
        _insert(ids, list(drafts.values()))
        created.ids.update(zip(drafts, ids, strict=True))
    return created


def _insert(ids: Sequence[int], drafts: Sequence[_Draft]) -> None:
    insert_rows(
        PurchaseOrder,
        {
            "id": ids,
            "supplier_id": [d.command.supplier_id for d in drafts],
            "warehouse_id": [d.command.warehouse_id for d in drafts],
            "currency": [d.currency for d in drafts],
            "exchange_rate": [d.rate for d in drafts],
            "total_amount": [d.total for d in drafts],
            "expected_on": [d.expected_on for d in drafts],
            "origin": inherited(
                [("inventory.replenishmentproposal", d.command.proposal_id) for d in drafts]
            ),
        },
    )
    rows = [
        (pk, position, line, price)
        for pk, d in zip(ids, drafts, strict=True)
        for position, (line, price) in enumerate(zip(d.command.lines, d.prices, strict=True), 1)
    ]
    insert_rows(
        PurchaseOrderLine,
        {
            "purchase_order_id": [pk for pk, *_rest in rows],
            "position": [position for _pk, position, *_rest in rows],
            "sku_id": [line.sku_id for *_rest, line, _price in rows],
            "quantity": [line.quantity for *_rest, line, _price in rows],
            "unit_price": [price for *_rest, price in rows],
        },
        constants={"received": 0},
    )
    emit(
        "purchase_order.created",
        [
            Fact(
                pk,
                data={
                    "supplier_id": d.command.supplier_id,
                    "warehouse_id": d.command.warehouse_id,
                    "total": str(d.total),
                    "currency": d.currency,
                    "lines": len(d.command.lines),
                },
            )
            for pk, d in zip(ids, drafts, strict=True)
        ],
    )


@service
def approve_purchase_orders(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Approve drafts."""
    return PURCHASE_ORDER.apply(ids, "approve")


@service
def send_purchase_orders(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Send approved purchase orders; suppliers with an email address get them by mail."""
    outcome = PURCHASE_ORDER.apply(ids, "send")
    orders = PurchaseOrder.objects.filter(pk__any=outcome.moved).select_related(
        "supplier", "warehouse"
    )
    lines = PurchaseOrderLine.objects.filter(purchase_order_id__any=outcome.moved)
    items = SupplierItem.objects.filter(sku_id__any=lines.values_list("sku_id", flat=True))
    codes = {(i.supplier_id, i.sku_id): i.supplier_code for i in items}
    texts: dict[int, list[str]] = {}
    for line in lines.select_related("sku", "purchase_order").order_by(
        "purchase_order", "position"
    ):
        code = codes.get((line.purchase_order.supplier_id, line.sku_id)) or line.sku.code
        texts.setdefault(line.purchase_order_id, []).append(
            f"{line.position}. {line.quantity} x {code} {line.sku.name}"
            f" @ {line.unit_price.normalize():f} {line.purchase_order.currency}"
        )
    queue_messages([_letter(order, texts[order.pk]) for order in orders], now=now)
    return outcome


def _letter(order: PurchaseOrder, lines: Sequence[str]) -> WriteMessage:
    total = f"Total: {round_amount(order.total_amount, order.currency)} {order.currency}"
    head = f"Deliver to: {order.warehouse.name}\nExpected on: {order.expected_on}"
    return WriteMessage(
        dedupe_key=f"purchase_order:{order.pk}",
        recipient=order.supplier.email,
        subject=f"Purchase order {order.number}",
        body="\n".join([f"Purchase order {order.number}", head, "", *lines, "", total]),
        for_type="inventory.purchaseorder",
        for_id=order.pk,
    )


@service
def close_purchase_orders(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Close purchase orders whose missing units will not come."""
    return PURCHASE_ORDER.apply(ids, "close")


@service
def cancel_purchase_orders(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Call purchase orders off before anything came."""
    return PURCHASE_ORDER.apply(ids, "cancel")
