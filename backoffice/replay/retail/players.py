"""Plays the gift shop's invoices and returns."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial

from backoffice.core.actor import transaction
from backoffice.core.sql import execute, insert_rows
from backoffice.replay import stages
from backoffice.replay.engine import Played, StagePlayer
from backoffice.replay.facts import Stage
from backoffice.replay.retail.parser import SHIPPING, ZONE, Row
from finance.choices import PaymentStatus
from finance.services.commands import RecordPayment
from inventory.models import Product, Sku
from logistics.models import Carrier, CarrierAccount
from orders.choices import LineKind
from orders.models import Order, SalesChannel
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder
from orders.services.returns import (
    RequestedLine,
    RequestReturn,
    receive_returns,
    request_returns,
)

CHANNEL = "retail"
CURRENCY = "GBP"


def create_masters(rows: Iterable[Row], *, now: datetime) -> CarrierAccount:
    """Create channel, carrier, products and SKUs that are missing."""
    SalesChannel.objects.get_or_create(
        code=CHANNEL,
        defaults={
            "name": "Online Retail",
            "currency": CURRENCY,
            "time_zone": ZONE.key,
            "prices_include_tax": False,
            "unpaid_expiry_hours": None,
        },
    )
    carrier, _ = Carrier.objects.get_or_create(code=CHANNEL, defaults={"name": "Parcel post"})
    account, _ = CarrierAccount.objects.get_or_create(
        code=CHANNEL, defaults={"name": "Parcel post", "carrier": carrier, "adapter": "manual"}
    )
    names: dict[str, str] = {}
    for row in rows:
        code = row["StockCode"].strip().upper()
        names[code] = names.get(code) or (row["Description"] or "").strip() or code
    with transaction(now=now, reason="import"):
        insert_rows(
            Product,
            {"code": list(names), "name": list(names.values())},
            on_conflict="ON CONFLICT DO NOTHING",
        )
        products = dict(Product.objects.filter(code__any=list(names)).values_list("code", "pk"))
        insert_rows(
            Sku,
            {
                "code": list(names),
                "name": list(names.values()),
                "product_id": [products[code] for code in names],
            },
            constants={"stock_policy": "UNTRACKED"},
            on_conflict="ON CONFLICT DO NOTHING",
        )
    return account


def players(account: CarrierAccount) -> dict[Stage, StagePlayer]:
    """Return who plays which stage."""
    return {
        Stage.PLACE: partial(stages.place, to_command=to_command),
        Stage.PAY: pay,
        Stage.HAND_OVER: partial(stages.hand_over, channel=CHANNEL, account=account),
        Stage.DELIVER: partial(stages.deliver, channel=CHANNEL, account=account),
        Stage.RETURN: give_back,
    }


def to_command(played: Played) -> PlaceOrder:
    """Return an invoice as an order; a customer without a number is a guest."""
    rows = played.body["rows"]
    customer = rows[0]["customer"] or f"guest {played.order}"
    return PlaceOrder(
        channel=CHANNEL,
        external_id=played.order,
        placed_at=played.at,
        currency=CURRENCY,
        customer=CustomerData(customer),
        ship_to=AddressData(rows[0]["country"]),
        lines=[
            LineData(
                row["quantity"],
                row["sku"],
                LineKind.SHIPPING if row["sku"] in SHIPPING else LineKind.ITEM,
                Decimal(row["price"]),
                Decimal(0),
                row["description"],
            )
            for row in rows
        ],
    )


def pay(played: Sequence[Played], now: datetime) -> stages.Reasons:
    """Pay every invoice in full; one over nothing needs no payment."""
    totals = dict(
        Order.objects.filter(
            channel__code=CHANNEL, external_id__any=[p.order for p in played], total_amount__gt=0
        ).values_list("external_id", "total_amount")
    )

    def to_payment(item: Played, order_id: int) -> RecordPayment:
        return RecordPayment(
            provider=CHANNEL,
            external_id=item.order,
            status=PaymentStatus.CAPTURED,
            amount=totals[item.order],
            currency=CURRENCY,
            order_id=order_id,
            method="invoice",
            at=item.at,
        )

    return stages.pay([p for p in played if p.order in totals], now, CHANNEL, to_payment)


# What a customer still has of a SKU, newest first.
SOLD = """
SELECT c.external_id, s.code, l.id, l.order_id, l.delivered - l.returned
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
JOIN orders_customer c ON c.id = o.customer_id JOIN inventory_sku s ON s.id = l.sku_id
JOIN unnest(%s::text[], %s::text[]) AS k(customer, sku)
  ON c.source = 'retail' AND c.external_id = k.customer AND s.code = k.sku
WHERE l.kind = 'ITEM' AND l.delivered > l.returned ORDER BY o.placed_at DESC, l.id DESC
"""


def give_back(played: Sequence[Played], now: datetime) -> stages.Reasons:
    """Return goods against the same customer's and SKU's earlier lines, newest first."""
    keys = sorted({(p.body["row"]["customer"], p.body["row"]["sku"]) for p in played})
    sold: dict[tuple[str, str], list[list[int]]] = {}
    for customer, sku, line, order, units in execute(
        SOLD, [[c for c, _ in keys], [s for _, s in keys]]
    ):
        sold.setdefault((customer, sku), []).append([line, order, units])
    reasons: stages.Reasons = {}
    commands = []
    for p in played:
        row = p.body["row"]
        missing = -row["quantity"]
        for found in sold.get((row["customer"], row["sku"]), []):
            units = min(missing, found[2])
            if units:
                found[2] -= units
                missing -= units
                line, order, _left = found
                key = f"{p.message.external_id}@{line}"
                requested = [RequestedLine(line, units)]
                commands.append(RequestReturn(order, requested, key, p.at))
        if missing == -row["quantity"]:
            reasons[p.message.pk] = "no earlier sale of it to this customer"
        elif missing:
            reasons[p.message.pk] = "some of its units find no earlier sale to this customer"
    opened = request_returns(commands, now=now, reason="import")
    receive_returns(list(opened.created.values()), now=now, reason="import")
    return reasons
