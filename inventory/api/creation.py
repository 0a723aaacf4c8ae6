"""Purchase orders, receipts and simulations to be made; each is one service call for all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backoffice.core.api.creation import Made
from backoffice.core.api.references import ids_of
from inventory.models import PurchaseOrder, Sku, Supplier, Warehouse
from inventory.services.purchasing import (
    NO_WAREHOUSE,
    CreatePurchaseOrder,
    PurchaseLine,
    create_purchase_orders,
)
from inventory.services.receiving import ReceivedGoods, ReceiveGoods, receive_goods
from inventory.services.simulations import Simulate, start_simulations


def draw_up(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Draw up purchase orders."""
    suppliers = ids_of(Supplier.objects.all(), "code", (item["supplier"] for item in items))
    houses = ids_of(Warehouse.objects.all(), "code", (item["warehouse"] for item in items))
    codes = (line["sku"] for item in items for line in item["lines"])
    skus = ids_of(Sku.objects.all(), "code", codes)
    commands = [
        CreatePurchaseOrder(
            suppliers.get(item["supplier"], 0),
            houses.get(item["warehouse"], 0),
            [
                PurchaseLine(skus.get(line["sku"], 0), line["quantity"], line.get("unit_price"))
                for line in item["lines"]
            ],
            item["currency"],
            item.get("expected_on"),
        )
        for item in items
    ]
    created = create_purchase_orders(commands, now=now)
    return Made.of(created.ids, {}, created.refused)


def take_in(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Take deliveries in; the same delivery note again is the first receipt."""
    numbers = (item["purchase_order"] for item in items)
    orders = ids_of(PurchaseOrder.objects.all(), "number", numbers)
    commands = [
        ReceiveGoods(
            orders.get(item["purchase_order"], 0),
            [ReceivedGoods(**line) for line in item["lines"]],
            item.get("delivery_note", ""),
            item.get("received_at"),
        )
        for item in items
    ]
    result = receive_goods(commands, now=now)
    return Made.of(result.created, result.existing, result.refused)


def simulate(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Queue replays of changes of the replenishment policy."""
    given = [dict(item) for item in items]
    codes = [item.pop("warehouse", "") for item in given]
    houses = ids_of(Warehouse.objects.all(), "code", filter(None, codes))
    known = {
        n: Simulate(warehouse_id=houses.get(code), **item)
        for n, (code, item) in enumerate(zip(codes, given, strict=True))
        if not code or code in houses
    }
    ids = start_simulations(list(known.values()), now=now) if known else []
    refused = {n: [NO_WAREHOUSE] for n in range(len(items)) if n not in known}
    return Made.of(dict(zip(known, ids, strict=True)), {}, refused)
