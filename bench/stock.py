"""Stock against raw SQL: promises, the ledger, and what was on hand at an instant of the past.

`reserve_ratio` and `move_ratio` are raw CPU seconds / service CPU seconds, for the same rows.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median

from django.db import transaction

from backoffice.core.actor import acting_job
from backoffice.core.sql import execute
from bench import raw
from bench.cpu import measured
from inventory.models import Product, Sku, StockMove, Warehouse
from inventory.selectors.past import stock_as_of
from inventory.services.closings import close_stock
from inventory.services.moves import Move, post_moves
from inventory.services.reservations import Need, release_stock, reserve_stock

PAIRS = 5
ORDERS, LINES = 500, 3
# Five times so many are posted: a million in all.
MOVES, BATCH = 200_000, 100_000
STEP = 1_000_000_000
SKUS, PAST_MOVES = 100_000, 2_000_000
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

RAW_RESERVE = """
WITH need AS (
  SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[])
    AS n(for_id, sku_id, warehouse_id, units)
), levels AS (
  UPDATE inventory_stocklevel l SET reserved = l.reserved + n.units
  FROM (SELECT sku_id, warehouse_id, sum(units)::int AS units FROM need GROUP BY 1, 2) n
  WHERE l.sku_id = n.sku_id AND l.warehouse_id = n.warehouse_id AND l.available >= n.units
)
INSERT INTO inventory_reservation (for_type, for_id, sku_id, warehouse_id, quantity, promised_at)
SELECT 'bench', for_id, sku_id, warehouse_id, units, %s FROM need
"""
RAW_RELEASE = """
WITH gone AS (
  DELETE FROM inventory_reservation WHERE for_type = 'bench' AND for_id = ANY(%s)
  RETURNING sku_id, warehouse_id, quantity
)
UPDATE inventory_stocklevel l SET reserved = l.reserved - g.units
FROM (SELECT sku_id, warehouse_id, sum(quantity)::int AS units FROM gone GROUP BY 1, 2) g
WHERE l.sku_id = g.sku_id AND l.warehouse_id = g.warehouse_id
"""


def prepare(skus: int) -> tuple[list[int], int]:
    """Return SKUs and a warehouse with plenty of each."""
    house, _ = Warehouse.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    product, _ = Product.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    known = Sku.objects.filter(product=product).count()
    Sku.objects.bulk_create(
        Sku(code=f"S{n}", name=f"Item {n}", product=product) for n in range(known, skus)
    )
    ids = list(Sku.objects.filter(product=product).order_by("pk").values_list("pk", flat=True))
    return ids[:skus], house.pk


def stock(skus: list[int], house: int) -> None:
    with acting_job("importer"):
        moves = [Move("OPENING", sku, house, 100_000, unit_cost=Decimal(4)) for sku in skus]
        post_moves(moves, now=NOW)


def needs_of(skus: list[int], house: int, batch: int) -> list[Need]:
    first = batch * ORDERS * LINES
    return [
        Need("bench", first + n, first + n // LINES, skus[n * 7 % len(skus)], house, 2)
        for n in range(ORDERS * LINES)
    ]


def reserve_by_service(needs: list[Need]) -> float:
    ids = [need.for_id for need in needs]
    with measured() as meter, acting_job("importer"):
        reserved = reserve_stock(needs, now=NOW)
        free = release_stock("bench", ids, now=NOW)
    assert len(reserved.quantities) == len(needs)
    assert free == 2 * len(needs)
    return meter.seconds


def reserve_by_raw(needs: list[Need], told: raw.Rows) -> float:
    """Promise, give back and tell the same, by one statement each, in two transactions."""
    ids = [n.for_id for n in needs]
    columns = [ids, [n.sku_id for n in needs], [n.warehouse_id for n in needs], [2] * len(needs)]
    with measured() as meter:
        with transaction.atomic():
            execute(RAW_RESERVE, [*columns, NOW])
        with transaction.atomic():
            execute(RAW_RELEASE, [ids])
            raw.write(told)
    return meter.seconds


def moves_of(skus: list[int], house: int) -> list[Move]:
    return [
        Move(
            "RECEIPT" if n % 3 else "ADJUSTMENT",
            skus[n * 7 % len(skus)],
            house,
            3 if n % 3 else -1,
            unit_cost=Decimal("4.20") if n % 3 else None,
            for_type="bench",
            for_id=n,
        )
        for n in range(MOVES)
    ]


def post_by_service(moves: list[Move]) -> float:
    with measured() as meter, acting_job("importer"):
        for n in range(0, len(moves), BATCH):
            post_moves(moves[n : n + BATCH], now=NOW + timedelta(seconds=n // BATCH), reason="b")
    return meter.seconds


def post_by_raw(after: int) -> float:
    """Write the same moves once more by INSERT … SELECT from a table."""
    names = [f.column for f in StockMove._meta.concrete_fields if not f.primary_key]
    columns = ", ".join(names)
    execute("DROP TABLE IF EXISTS staged_move")
    execute(
        "CREATE TEMP TABLE staged_move AS SELECT * FROM inventory_stockmove WHERE id > %s", [after]
    )
    with measured() as meter, transaction.atomic():
        execute(f"INSERT INTO inventory_stockmove ({columns}) SELECT {columns} FROM staged_move")  # noqa: S608
    return meter.seconds


def last(table: str) -> int:
    [(pk,)] = execute(f"SELECT coalesce(max(id), 0) FROM {table} WHERE id < %s", [STEP])  # noqa: S608
    return int(pk)


FILL = """
INSERT INTO inventory_stockmove (kind, sku_id, warehouse_id, location_id, lot_id, quantity,
  unit_cost, actor_id, occurred_at, origin)
SELECT CASE WHEN n %% 4 = 0 THEN 'SHIPMENT' ELSE 'RECEIPT' END,
  (%(skus)s::bigint[])[n %% %(count)s + 1],
  %(house)s, 1, 1, CASE WHEN n %% 4 = 0 THEN -1 ELSE 2 END, 4, 1,
  %(now)s::timestamptz - make_interval(mins => n %% 1036800), 'LIVE'
FROM generate_series(0, %(moves)s - 1) n
"""


def past() -> float:
    """Return the CPU seconds of reading what 100,000 SKUs had at an instant of two years."""
    skus, house = prepare(SKUS)
    values = {"skus": skus, "count": SKUS, "house": house, "moves": PAST_MOVES, "now": NOW}
    execute(FILL, values)
    with acting_job("importer"):
        close_stock(now=NOW)
    execute("ANALYZE inventory_stockmove, inventory_stockclosingline")
    seconds = []
    for n in range(1, PAIRS + 1):
        with measured() as meter:
            found = stock_as_of(NOW - timedelta(days=700) * n / (PAIRS + 1))
        assert len(found) > SKUS * 0.9
        seconds.append(meter.seconds)
    return max(seconds)


def run() -> dict[str, float]:
    """Measure interleaved pairs; return the median ratios, and the slowest look into the past."""
    skus, house = prepare(2000)
    stock(skus, house)
    reserve_by_service(needs_of(skus, house, 0))
    reserving, moving, each = [], [], []
    for n in range(1, PAIRS + 1):
        needs = needs_of(skus, house, n)
        before = last("core_event")  # of the service: raw rows have keys far above
        service = reserve_by_service(needs)
        told = raw.capture("core_event", "id > %s AND id < %s", [before, STEP])
        told = raw.moved(told, id=lambda pk, n=n: pk + STEP * n)
        reserving.append(reserve_by_raw(needs, told) / service)
        moves, after = moves_of(skus, house), last("inventory_stockmove")
        service = post_by_service(moves)
        moving.append(post_by_raw(after) / service)
        each.append(service / MOVES * 1e6)
    return {
        "reserve_ratio": round(median(reserving), 3),
        "move_ratio": round(median(moving), 3),
        "move_cpu_us": round(median(each), 2),
        "as_of_cpu_seconds": round(past(), 3),
    }
