"""A million delivered orders settled: `million_cpu_s` = CPU seconds of client and database.

They are settled in the job's own chunks, each in a transaction of its own, in a copy of the shop
that the order list is measured in; two sellers' worth of lines each, under the standard contract.
"""

import json
import os
import subprocess
import sys
from datetime import timedelta

import django
from psycopg import sql

from bench.databases import addresses, filled
from tests import support_db

ORDERS = 1_000_000
COPY = "bench_million"
# What the shop left on the way is delivered, too.
DELIVER = [
    "UPDATE orders_orderline SET shipped = quantity, delivered = quantity",
    "UPDATE orders_order SET status = 'RELEASED', cancelled_quantity = 0, shipped_quantity = 2,"
    " delivered_quantity = 2, delivered_at = placed_at + interval '3 days'",
    "INSERT INTO finance_settlementdue (order_id, due_at) SELECT id, delivered_at"
    " FROM orders_order ON CONFLICT DO NOTHING",
    "VACUUM (ANALYZE) orders_order, orders_orderline, finance_settlementdue",
]


def run() -> dict[str, float]:
    """Settle in a process of its own, whose database is dropped afterwards."""
    shop = filled(ORDERS)
    with support_db.connect_superuser() as admin:
        support_db.drop_database(admin, COPY)
        copy = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"
        support_db.run(admin, copy, sql.Identifier(COPY), sql.Identifier(shop))
        try:
            with support_db.connect_superuser(COPY, support_db.CLEANER) as superuser:
                for statement in DELIVER:
                    superuser.execute(statement)
            command = [sys.executable, "-m", "bench.million"]
            environment = {**os.environ, **addresses(COPY)}
            printed = subprocess.run(
                command, env=environment, check=True, capture_output=True, text=True
            )
        finally:
            support_db.drop_database(admin, COPY)
    return json.loads(printed.stdout)


def settle() -> dict[str, float]:
    """Settle all that is due, and measure."""
    from django.utils import timezone

    from backoffice.core.actor import acting_job
    from bench.cpu import measured
    from finance.models import OrderSettlement
    from finance.services.settlement import settle_orders

    now = timezone.now() + timedelta(days=30)
    with measured() as meter, acting_job("finance.settle_orders"):
        while settle_orders(None, now=now).claimed:
            pass
    settled = OrderSettlement.objects.values("order_id").distinct().count()
    assert settled == ORDERS, settled
    return {
        "million_cpu_s": round(meter.seconds, 1),
        "million_rows": OrderSettlement.objects.count(),
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(settle()))
