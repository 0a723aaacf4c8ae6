"""A whole night of 10,000 SKUs with two years and a million order lines in the database.

CPU seconds of this process and of its database backend: a night that measures the fill curve
(once a week), a usual one, and plain SQL that reads the same demand and stock by day.
"""

import resource
from datetime import timedelta

from django.utils import timezone

from backoffice.core.actor import acting_job
from backoffice.core.models import Company, User
from backoffice.core.sql import execute
from bench.cpu import measured
from inventory.models import (
    Location,
    ReplenishmentPolicy,
    ReplenishmentProposal,
    ReplenishmentRun,
    Supplier,
    Warehouse,
)
from inventory.services.replenishment import propose_replenishment
from orders.models import SalesChannel
from tests.support_db import CLEANER, connect_superuser

SKUS, ORDERS, SUPPLIERS, CATEGORIES = 10_000, 500_000, 25, 40
KEYS = 10**9  # of the rows made here
STATEMENTS = [
    """INSERT INTO inventory_product (id, code, name, category) OVERRIDING SYSTEM VALUE
SELECT %(k)s + g, 'NP' || g, 'P' || g, 'Category ' || g FROM generate_series(0, 39) AS g""",
    """INSERT INTO inventory_sku (id, code, product_id, name, barcode, stock_policy, tax_category,
  weight_grams, is_kit, created_at) OVERRIDING SYSTEM VALUE
SELECT %(k)s + g, 'N' || g, %(k)s + g %% 40, 'N', '', 'TRACKED', 'STANDARD', 1, false,
  now() - interval '3 years' FROM generate_series(1, %(skus)s) AS g""",
    """INSERT INTO inventory_lot (id, sku_id, code) OVERRIDING SYSTEM VALUE
SELECT %(k)s + g, %(k)s + g, '' FROM generate_series(1, %(skus)s) AS g""",
    """INSERT INTO inventory_supplieritem (id, supplier_id, sku_id, supplier_code, price, currency,
  minimum_quantity, pack_size, lead_time_days, is_preferred) OVERRIDING SYSTEM VALUE
SELECT %(k)s + g, (%(suppliers)s::bigint[])[g %% 25 + 1], %(k)s + g, '', 1 + g %% 50, 'EUR', 1, 6,
  3 + g %% 25 %% 9, true FROM generate_series(1, %(skus)s) AS g""",
    """INSERT INTO core_address (id, recipient, company, line1, line2, district, city, region,
  postal_code, country, phone) OVERRIDING SYSTEM VALUE
SELECT %(k)s, 'R', '', 'S', '', '', 'T', '', '1', 'DE', ''""",
    """INSERT INTO orders_customer (id, source, external_id, name, email, phone, country)
OVERRIDING SYSTEM VALUE SELECT %(k)s, 'bench', 'N', 'N', 'n@example.com', '', 'DE'""",
    """INSERT INTO orders_order (id, channel_id, external_id, customer_id, order_date, placed_at,
  status, currency, prices_include_tax, net_amount, tax_amount, total_amount, captured_amount,
  ordered_quantity,
  shipped_quantity, delivered_quantity, ship_to_id, bill_to_id, created_by_id, modified_by_id)
OVERRIDING SYSTEM VALUE
SELECT %(k)s + g, %(channel)s, 'N' || g, %(k)s, at::date, at, 'COMPLETED', 'EUR', true, 10, 0, 10,
  10, 2, 2, 2, %(k)s, %(k)s, %(user)s, %(user)s
FROM (SELECT g, %(now)s - (g * 730.0 / %(orders)s) * interval '1 day' AS at
  FROM generate_series(1, %(orders)s) AS g) AS days""",
    # Few SKUs sell much, most a little.
    """INSERT INTO orders_orderline (id, order_id, position, kind, sku_id, warehouse_id, is_stocked,
  quantity, shipped, delivered, unit_price, tax_rate, net_amount, tax_amount, gross_amount)
OVERRIDING SYSTEM VALUE
SELECT %(k)s + g * 2 + i, %(k)s + g, i, 'ITEM',
  %(k)s + 1 + floor(power(random(), 2) * %(skus)s)::int, %(house)s, true, n, n, n, 5, 0, 10, 0, 10
FROM generate_series(1, %(orders)s) AS g, generate_series(0, 1) AS i,
  LATERAL (SELECT 1 + (g * 7 + i) %% 4 AS n) AS units""",
    """INSERT INTO inventory_stockmove (kind, sku_id, warehouse_id, location_id, lot_id, quantity,
  unit_cost, actor_id, occurred_at, origin)
SELECT 'OPENING', %(k)s + g, %(house)s, %(bin)s, %(k)s + g, 100000, 5, %(user)s,
  %(now)s - interval '731 days', 'LIVE' FROM generate_series(1, %(skus)s) AS g""",
    """INSERT INTO inventory_stockmove (kind, sku_id, warehouse_id, location_id, lot_id, quantity,
  unit_cost, for_type, for_id, actor_id, occurred_at, origin)
SELECT 'SHIPMENT', l.sku_id, %(house)s, %(bin)s, l.sku_id, -l.quantity, 5, 'orders.orderline', l.id,
  %(user)s, o.placed_at + interval '1 hour', 'LIVE'
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id WHERE l.id > %(k)s""",
    """INSERT INTO inventory_stocklevel (sku_id, warehouse_id, on_hand, average_cost)
SELECT sku_id, warehouse_id, 20, 1 + sku_id %% 50 FROM inventory_stockmove
WHERE warehouse_id = %(house)s GROUP BY 1, 2""",
]
RAW = [
    """SELECT l.sku_id, (o.placed_at AT TIME ZONE w.time_zone)::date, sum(l.quantity)
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
JOIN inventory_warehouse w ON w.id = l.warehouse_id
WHERE l.warehouse_id = %(house)s AND o.status = 'COMPLETED' GROUP BY 1, 2""",
    """SELECT m.sku_id, (m.occurred_at AT TIME ZONE w.time_zone)::date, sum(m.quantity)
FROM inventory_stockmove m JOIN inventory_warehouse w ON w.id = m.warehouse_id
WHERE m.warehouse_id = %(house)s GROUP BY 1, 2""",
]


def prepare() -> int:
    """Fill the database; return the warehouse."""
    from django.db import connection

    Company.objects.get_or_create(defaults={"name": "Bench"})
    house = Warehouse.objects.create(code="NIGHT", name="Night", time_zone="Europe/Berlin")
    place = Location.objects.create(warehouse=house, code="A", kind="STORAGE")
    suppliers = [
        Supplier.objects.create(code=f"N{n}", name=f"N{n}", currency="EUR")
        for n in range(SUPPLIERS)
    ]
    ReplenishmentPolicy.objects.create(warehouse=house)
    channel = SalesChannel.objects.create(code="night", name="Night", currency="EUR")
    given = {
        "k": KEYS,
        "skus": SKUS,
        "orders": ORDERS,
        "suppliers": [s.pk for s in suppliers],
        "house": house.pk,
        "bin": place.pk,
        "channel": channel.pk,
        "user": User.objects.order_by("pk")[0].pk,
        "now": timezone.now(),
    }
    with connect_superuser(connection.settings_dict["NAME"], CLEANER) as superuser:
        for statement in STATEMENTS:
            superuser.execute(statement, given)
        superuser.execute("VACUUM (ANALYZE)")
    return house.pk


def run() -> dict[str, float]:
    """Return CPU seconds: target at most 5 a night, reading included."""
    house = prepare()
    now = timezone.now()
    found: dict[str, float] = {}
    for n, name in enumerate(("night_with_curve", "night")):
        with measured() as meter, acting_job("importer"):
            propose_replenishment(now=now + timedelta(days=n), warehouse_ids=[house])
        found[f"{name}_seconds"] = round(meter.seconds, 3)
        found[f"{name}_database_seconds"] = round(meter.database, 3)
    figures = ReplenishmentRun.objects.order_by("pk")[0].figures
    assert figures["planned"] == SKUS, figures
    found["night_proposals"] = ReplenishmentProposal.objects.count()
    with measured() as meter:
        for sql in RAW:
            execute(sql, {"house": house})
    found["night_raw_reading_seconds"] = round(meter.seconds, 3)
    found["night_peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found
