"""Bulk intake against raw SQL: `intake_ratio` = raw CPU seconds / service CPU seconds."""

from datetime import UTC, datetime
from decimal import Decimal
from statistics import median

from django.db import transaction

from backoffice.core.actor import acting_job
from bench import raw
from bench.cpu import measured
from inventory.models import Product, Sku
from orders.models import Order, SalesChannel
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder
from orders.services.intake import place_orders

ORDERS, PAIRS = 2_000, 5
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
STEP = 1_000_000_000


def prepare() -> None:
    """Create the channel and SKUs that orders refer to."""
    SalesChannel.objects.get_or_create(code="bench", defaults={"name": "Bench", "currency": "EUR"})
    product, _ = Product.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    for n in range(200):
        Sku.objects.get_or_create(code=f"B{n}", defaults={"name": f"Item {n}", "product": product})


def commands(batch: str) -> list[PlaceOrder]:
    """Return orders of three lines each."""
    return [
        PlaceOrder(
            channel="bench",
            external_id=f"{batch}-{n}",
            placed_at=NOW,
            customer=CustomerData(f"{batch}-{n}", f"Customer {n}", f"c{n}@example.com"),
            ship_to=AddressData("DE", f"Customer {n}", line1="Street 1", city="Berlin"),
            lines=[
                LineData(
                    2, f"B{(n * 3 + i) % 200}", unit_price=Decimal("9.99"), tax_rate=Decimal("0.19")
                )
                for i in range(3)
            ],
        )
        for n in range(ORDERS)
    ]


def by_service(batch: str) -> float:
    """Place a batch through the service."""
    todo = commands(batch)
    with measured() as meter, acting_job("importer"):
        placed = place_orders(todo, now=NOW)
    assert len(placed.created) == ORDERS
    return meter.seconds


def rows_of(batch: str) -> list[raw.Rows]:
    """Capture every row that a batch wrote, history aside: the same trigger writes it again."""
    ids = list(
        Order.objects.filter(external_id__startswith=f"{batch}-").values_list("pk", flat=True)
    )
    orders = raw.capture("orders_order", "id = ANY(%s)", [ids])
    ship = orders.values[orders.columns.index("ship_to_id")]
    customers = orders.values[orders.columns.index("customer_id")]
    events = raw.capture("core_event", "order_id = ANY(%s)", [ids])
    return [
        raw.capture("core_address", "id = ANY(%s)", [ship]),
        raw.capture("orders_customer", "id = ANY(%s)", [customers]),
        orders,
        raw.capture("orders_orderline", "order_id = ANY(%s)", [ids]),
        events,
        raw.capture("core_eventdelivery", "event_id = ANY(%s)", [events.values[0]]),
    ]


def by_raw(rows: list[raw.Rows], n: int) -> float:
    """Write the same rows under other keys by raw SQL, in one transaction."""

    def shift(value: int) -> int:
        return value + STEP * n

    changed = []
    for table in rows:
        keys = {
            c: shift
            for c in (
                "id",
                "order_id",
                "ship_to_id",
                "bill_to_id",
                "customer_id",
                "event_id",
                "subject_id",
            )
            if c in table.columns
        }
        if table.table in ("orders_order", "orders_customer"):
            keys["external_id"] = lambda v: f"raw{n}-{v}"  # type: ignore[assignment]  # noqa: B023
        changed.append(raw.moved(table, **keys))
    with measured() as meter, transaction.atomic():
        for table in changed:
            raw.write(table)
    return meter.seconds


def run() -> dict[str, float]:
    """Measure interleaved pairs; return the median ratio."""
    prepare()
    by_service("warm")
    ratios, each = [], []
    for n in range(1, PAIRS + 1):
        service = by_service(f"s{n}")
        limit = by_raw(rows_of(f"s{n}"), n)
        ratios.append(limit / service)
        each.append(service / ORDERS * 1000)
    return {"intake_ratio": round(median(ratios), 3), "intake_cpu_ms": round(median(each), 3)}
