"""Settlement against raw SQL: `settlement_ratio` = raw CPU seconds / service CPU seconds.

`settlement_replay` is what settling the same orders again costs, as a part of the first time.
"""

from datetime import timedelta
from decimal import Decimal
from statistics import median

from django.db import connection, transaction

from backoffice.core.actor import acting_job
from backoffice.core.actor import transaction as unit
from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute
from bench import intake, raw
from bench.cpu import measured
from finance.models import CommissionContract
from finance.services.settlement import settle_orders
from inventory.models import Seller
from orders.models import Order

PAIRS, SELLERS = 5, 20
STEP = 1_000_000_000


def prepare() -> list[int]:
    """Create sellers with contracts of their own, a commission and a fee per line."""
    intake.prepare()
    for n in range(SELLERS):
        seller, _ = Seller.objects.get_or_create(code=f"BENCH{n}", defaults={"name": f"Seller {n}"})
        CommissionContract.objects.get_or_create(
            seller=seller,
            defaults={
                "name": seller.code,
                "currency": "EUR",
                "commission_rate": Decimal("0.12"),
                "line_fee": Decimal("0.30"),
            },
        )
    codes = Seller.objects.filter(code__startswith="BENCH").order_by("pk")
    return list(codes.values_list("pk", flat=True))


def delivered_orders(batch: str, sellers: list[int]) -> list[int]:
    """Place a batch of orders and bring it to delivered; one in five is of own goods."""
    intake.by_service(batch)
    ids = list(
        Order.objects.filter(external_id__startswith=f"{batch}-").values_list("pk", flat=True)
    )
    with acting_job("importer"), unit(now=intake.NOW):
        execute(
            "UPDATE orders_orderline SET shipped = quantity, delivered = quantity,"
            " seller_id = (%s::bigint[])[order_id %% %s + 1] WHERE order_id = ANY(%s)",
            [sellers, SELLERS * 5 // 4, ids],
        )
        execute(
            "UPDATE orders_order SET status = 'RELEASED', released_at = %s, delivered_at = %s,"
            " shipped_quantity = ordered_quantity, delivered_quantity = ordered_quantity"
            " WHERE id = ANY(%s)",
            [intake.NOW, intake.NOW, ids],
        )
        emit("order.delivered", [Fact(i, i) for i in ids])
    return ids


def by_service(ids: list[int], *, new: bool = True) -> float:
    """Settle a batch through the service; of one that is not new nothing comes."""
    now = intake.NOW + timedelta(days=1)
    with measured() as meter, acting_job("importer"):
        settled = settle_orders(ids, now=now)
    assert len(settled.settlements) == len(ids) * new, len(settled.settlements)
    return meter.seconds


def rows_of(ids: list[int]) -> list[raw.Rows]:
    """Capture every row that settling wrote."""
    settlements = raw.capture("finance_ordersettlement", "order_id = ANY(%s)", [ids])
    entries = raw.capture(
        "finance_journalentry",
        "source_type = 'finance.ordersettlement' AND source_id = ANY(%s)",
        [settlements.values[0]],
    )
    events = raw.capture("core_event", "kind = 'order.settled' AND order_id = ANY(%s)", [ids])
    rows = [
        settlements,
        entries,
        raw.capture("finance_posting", "entry_id = ANY(%s)", [entries.values[0]]),
        events,
    ]
    deliveries = raw.capture("core_eventdelivery", "event_id = ANY(%s)", [events.values[0]])
    return [*rows, deliveries] if deliveries.values and deliveries.values[0] else rows


def by_raw(rows: list[raw.Rows], n: int) -> float:
    """Write the same rows under other keys from staged copies, in one transaction.

    The service works inside the database, so its limit pays no transport either.
    """

    def shift(value: int) -> int:
        return value + STEP * n

    changed = []
    for table in rows:
        keys = {
            c: shift
            for c in ("id", "order_id", "source_id", "entry_id", "event_id", "subject_id")
            if c in table.columns
        }
        if "idempotency_key" in table.columns:
            keys["idempotency_key"] = lambda v: f"raw{n}:{v}"  # type: ignore[assignment]
        changed.append(raw.moved(table, **keys))
    for table in changed:
        raw.stage(table)
    with measured() as meter, transaction.atomic():
        for table in changed:
            raw.write_staged(table)
    return meter.seconds


def run() -> dict[str, float]:
    """Measure interleaved pairs; return the median ratio."""
    sellers = prepare()
    by_service(delivered_orders("sw", sellers))
    ratios, each, replays = [], [], []
    for n in range(1, PAIRS + 1):
        ids = delivered_orders(f"x{n}", sellers)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE orders_order, orders_orderline")
        service = by_service(ids)
        limit = by_raw(rows_of(ids), n)
        ratios.append(limit / service)
        each.append(service / len(ids) * 1000)
        replays.append(by_service(ids, new=False) / service)
    return {
        "settlement_ratio": round(median(ratios), 3),
        "settlement_cpu_ms": round(median(each), 3),
        "settlement_replay": round(median(replays), 3),
    }
