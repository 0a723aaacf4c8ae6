"""Confirm and cancel sets of 500 orders: ratio = CPU seconds of raw SQL ÷ those of the service.

Raw SQL writes the same rows, set by set in one transaction, and decides nothing: no lock, guard or
check of what is in stock. History's triggers fire for both.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from django.db import connection, transaction

from backoffice.core.actor import acting_job
from backoffice.core.models import Event
from bench import intake
from bench.cpu import measured
from bench.intake import NOW, commands
from inventory.choices import MoveKind
from inventory.models import Sku, StockLevel, Warehouse
from inventory.services.moves import Move, post_moves
from orders.models import Order, SalesChannel
from orders.services.intake import place_orders
from orders.services.lifecycle import cancel_orders, confirm_orders

SET, PAIRS = 500, 5
CONFIRM = [
    "UPDATE orders_orderline SET reserved = quantity WHERE order_id = ANY(%(ids)s)",
    """INSERT INTO inventory_reservation
         (for_type, for_id, sku_id, warehouse_id, quantity, promised_at)
       SELECT 'orders.orderline', id, sku_id, warehouse_id, quantity, %(now)s
         FROM orders_orderline WHERE order_id = ANY(%(ids)s) ORDER BY id""",
    """UPDATE inventory_stocklevel s SET reserved = s.reserved + n.units
         FROM (SELECT sku_id, warehouse_id, sum(quantity) AS units FROM orders_orderline
                WHERE order_id = ANY(%(ids)s) GROUP BY 1, 2) n
        WHERE s.sku_id = n.sku_id AND s.warehouse_id = n.warehouse_id""",
    """UPDATE orders_order SET status = 'CONFIRMED', confirmed_at = %(now)s, short_quantity = 0,
         reserved_quantity = ordered_quantity, version = version + 1, updated_at = %(now)s
        WHERE id = ANY(%(ids)s)""",
]
CANCEL = [
    """UPDATE inventory_stocklevel s SET reserved = s.reserved - n.units
         FROM (SELECT sku_id, warehouse_id, sum(quantity) AS units FROM orders_orderline
                WHERE order_id = ANY(%(ids)s) GROUP BY 1, 2) n
        WHERE s.sku_id = n.sku_id AND s.warehouse_id = n.warehouse_id""",
    """DELETE FROM inventory_reservation r USING orders_orderline l
        WHERE r.for_type = 'orders.orderline' AND r.for_id = l.id AND l.order_id = ANY(%(ids)s)""",
    """UPDATE orders_orderline SET reserved = 0, cancelled = quantity
        WHERE order_id = ANY(%(ids)s)""",
    """UPDATE orders_order SET status = 'CANCELLED', cancelled_at = %(now)s, reserved_quantity = 0,
         cancelled_quantity = ordered_quantity, version = version + 1, updated_at = %(now)s
        WHERE id = ANY(%(ids)s)""",
]
# The events of the service's last run, once more: for these orders, and for the stock.
TELL = """
WITH event AS (
  INSERT INTO core_event (kind, subject_type, subject_id, order_id, actor_id, request_id, reason,
    data, origin, occurred_at)
  SELECT kind, subject_type, subject_id, order_id, actor_id, request_id, reason, data, origin,
    occurred_at FROM core_event WHERE id > %(after)s ORDER BY id RETURNING id, kind
)
INSERT INTO core_eventdelivery (event_id, handler)
SELECT event.id, d.handler FROM event JOIN (
  SELECT DISTINCT e.kind, d.handler FROM core_event e JOIN core_eventdelivery d ON d.event_id = e.id
   WHERE e.id > %(after)s) d ON d.kind = event.kind
"""


def prepare() -> None:
    """Give the bench's SKUs stock in a warehouse of their own."""
    intake.prepare()
    house, _ = Warehouse.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    SalesChannel.objects.filter(code="bench").update(
        warehouse=house, payment_terms="ON_ACCOUNT", confirms_by_itself=False
    )
    skus = Sku.objects.filter(code__startswith="B", product__code="bench")
    skus.update(stock_policy="TRACKED")
    moves = [
        Move(MoveKind.OPENING, pk, house.pk, 1_000_000, unit_cost=1)  # type: ignore[arg-type]
        for pk in skus.values_list("pk", flat=True)
    ]
    with acting_job("importer"):
        post_moves(moves, now=NOW)
    assert StockLevel.objects.filter(warehouse=house).count() == len(moves)


def placed(batch: str) -> list[int]:
    """Place a set of orders of three lines."""
    todo = [replace(command, priority=0) for command in commands(batch)[:SET]]
    with acting_job("importer"):
        ids = list(place_orders(todo, now=NOW).created.values())
    assert len(ids) == SET
    return ids


def by_service(ids: Sequence[int], verb: Callable) -> float:
    with measured() as meter, acting_job("importer"):
        assert len(verb(ids, now=NOW).moved) == SET
    return meter.seconds


def by_raw(ids: Sequence[int], statements: Sequence[str], after: int) -> float:
    values = {"ids": list(ids), "now": NOW, "after": after}
    with measured() as meter, transaction.atomic(), connection.cursor() as cursor:
        for statement in [*statements, TELL]:
            cursor.execute(statement, values)
    return meter.seconds


def run() -> dict[str, float]:
    """Measure interleaved pairs; return the median ratios."""
    prepare()
    ratios: dict[str, list[float]] = {"confirm": [], "cancel": []}
    each: dict[str, list[float]] = {"confirm": [], "cancel": []}
    for n in range(PAIRS + 1):
        service, raw = placed(f"move{n}"), placed(f"raw{n}")
        for name, verb, statements in (
            ("confirm", confirm_orders, CONFIRM),
            ("cancel", cancel_orders, CANCEL),
        ):
            after = Event.objects.order_by("-pk").values_list("pk", flat=True)[0]
            used = by_service(service, verb)
            limit = by_raw(raw, statements, after)
            assert Order.objects.filter(pk__in=raw, reserved_quantity=0).count() == (
                0 if name == "confirm" else SET
            )
            if n:  # The first pair warms up.
                ratios[name].append(limit / used)
                each[name].append(used / SET * 1000)
    return {
        **{f"{name}_ratio": round(median(values), 3) for name, values in ratios.items()},
        **{f"{name}_cpu_ms": round(median(values), 3) for name, values in each.items()},
    }
