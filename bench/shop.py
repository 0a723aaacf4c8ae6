"""Fill a migrated database with a shop of so many orders: `python -m bench.shop 1000000`.

Rows are made by a few statements of a superuser for whom no trigger and no foreign key fires.
"""

import sys
from typing import Any

import django
from psycopg import Connection

from tests.support_db import CLEANER, connect_superuser

SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnprstvwxyz" for vowel in "aeiou"]
# Each takes another syllable for every key, as people's names differ.
STEPS = [31, 7919, 104_729, 1_299_709, 15_485_863]
CHANNELS, WAREHOUSES, SELLERS = 4, 20, 200
# Who sees a twentieth of the orders, and who a four-hundredth.
LIMITED = {"warehouse": 2, "seller": 7}

PARTS = [f"s[g::bigint * {step} / 997 %% 100 + 1]" for step in STEPS]
NAME = f"""(SELECT initcap({PARTS[0]} || {PARTS[1]} || ' ' || {" || ".join(PARTS[2:])})
             FROM (SELECT %(syllables)s::text[] AS s) AS words)"""


def name_of(key: int) -> str:
    """Return the name that NAME gives a row."""
    a, b, c, d, e = (SYLLABLES[key * step // 997 % 100] for step in STEPS)
    return f"{a}{b} {c}{d}{e}".title()


# Young orders are open, old ones are done.
STATUS = """CASE WHEN age < 0.01 THEN CASE WHEN g %% 3 = 0 THEN 'CONFIRMED' ELSE 'PENDING' END
                 WHEN age < 0.06 THEN 'RELEASED'
                 WHEN g %% 33 = 0 THEN 'CANCELLED' ELSE 'COMPLETED' END"""
STATEMENTS = [
    """
INSERT INTO core_address (id, recipient, company, line1, line2, district, city, region,
                          postal_code, country, phone)
OVERRIDING SYSTEM VALUE
SELECT g, 'Recipient ' || g, '', 'Street ' || g, '', '', 'Town', '', '10115',
       (ARRAY['DE', 'FR', 'CN', 'US'])[g %% 4 + 1], ''
  FROM generate_series(1, %(n)s) AS g
""",
    f"""
INSERT INTO orders_customer (id, source, external_id, name, email, phone, country)
OVERRIDING SYSTEM VALUE
SELECT g, 'bench', 'C' || g, {NAME}, 'person' || g || '@example.com', '', 'DE'
  FROM generate_series(1, %(n)s) AS g
""",
    """
INSERT INTO inventory_product (id, code, name, category)
OVERRIDING SYSTEM VALUE
SELECT g, 'P' || g, 'Product ' || g, '' FROM generate_series(1, %(n)s / 100 + 1) AS g
""",
    f"""
INSERT INTO inventory_sku (id, code, product_id, name, barcode, stock_policy, tax_category,
                           weight_grams, is_kit)
OVERRIDING SYSTEM VALUE
SELECT g, 'SKU-' || lpad(g::text, 7, '0'), g / 100 + 1, {NAME}, '', 'TRACKED', 'STANDARD', 100,
       false
  FROM generate_series(1, %(n)s) AS g
""",
    f"""
INSERT INTO orders_order (
    id, channel_id, external_id, customer_id, order_date, placed_at, status, currency,
    prices_include_tax, net_amount, tax_amount, total_amount, captured_amount, ordered_quantity,
    short_quantity, shipped_quantity, delivered_quantity, cancelled_quantity, open_holds,
    ship_to_id, bill_to_id, created_by_id, modified_by_id
)
OVERRIDING SYSTEM VALUE
SELECT g, (%(channels)s::bigint[])[g %% {CHANNELS} + 1], 'X' || g, g * 7 %% %(n)s + 1,
       placed_at::date, placed_at, status, 'EUR', true, total, 0, total,
       CASE WHEN status = 'PENDING' AND g %% 2 = 0 THEN 0 ELSE total END, 2,
       CASE WHEN age < 0.01 AND g %% 7 = 0 THEN 1 ELSE 0 END,
       CASE WHEN status = 'COMPLETED' OR age BETWEEN 0.03 AND 0.06 THEN 2 ELSE 0 END,
       CASE WHEN status = 'COMPLETED' THEN 2 ELSE 0 END,
       CASE WHEN status = 'CANCELLED' THEN 2 ELSE 0 END,
       CASE WHEN age < 0.01 AND g %% 10 = 0 THEN 1 ELSE 0 END,
       g, g, %(user)s, %(user)s
  FROM (SELECT g, age, now() - age * interval '730 days' AS placed_at, {STATUS} AS status,
               10 + (g * 7919 %% 20000) / 100.0 AS total
          FROM (SELECT g, (%(n)s - g)::float / %(n)s AS age
                  FROM generate_series(1, %(n)s::bigint) AS g) AS ages) AS drafts
""",
    f"""
INSERT INTO orders_orderline (id, order_id, position, kind, sku_id, seller_id, warehouse_id,
                              quantity, unit_price, tax_rate, net_amount, tax_amount, gross_amount)
OVERRIDING SYSTEM VALUE
SELECT g * 2 + i, g, i, 'ITEM', (g * 13 + i) %% %(n)s + 1,
       CASE WHEN g %% 2 = 0 THEN (%(sellers)s::bigint[])[g / 2 %% {SELLERS} + 1] END,
       (%(warehouses)s::bigint[])[g %% {WAREHOUSES} + 1], 1, 10, 0, 10, 0, 10
  FROM generate_series(1, %(n)s::bigint) AS g, generate_series(0, 1) AS i
""",
    """
INSERT INTO logistics_shipment (id, order_id, status, ship_on, shipped_at, created_by_id,
                                modified_by_id)
OVERRIDING SYSTEM VALUE
SELECT id, id, 'SHIPPED', order_date, placed_at, created_by_id, created_by_id FROM orders_order
 WHERE shipped_quantity > 0
""",
    """
INSERT INTO logistics_parcel (id, shipment_id, account_id, tracking_number, status, shipped_at,
                              created_by_id, modified_by_id)
OVERRIDING SYSTEM VALUE
SELECT id, id, %(account)s, 'TRACK' || lpad(id::text, 10, '0'), 'IN_TRANSIT', shipped_at,
       created_by_id, created_by_id
  FROM logistics_shipment
""",
]


def settings_rows() -> dict[str, Any]:
    """Create what the orders refer to, and who looks at them; return the keys."""
    from django.contrib.auth.models import Permission

    from backoffice.core.models import User
    from inventory.models import Seller, UserScope, Warehouse
    from logistics.models import Carrier, CarrierAccount
    from orders.models import SalesChannel

    boss = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    channels = [
        SalesChannel.objects.create(code=f"c{n}", name=f"Channel {n}", currency="EUR")
        for n in range(CHANNELS)
    ]
    warehouses = [Warehouse.objects.create(code=f"w{n}", name=f"W {n}") for n in range(WAREHOUSES)]
    sellers = [Seller.objects.create(code=f"s{n}", name=f"Seller {n}") for n in range(SELLERS)]
    for dimension, rows in (("warehouse", warehouses), ("seller", sellers)):
        user = User.objects.create(username=f"{dimension}_user", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
        limit = {f"{dimension}_ids": [rows[LIMITED[dimension]].pk]}
        UserScope.objects.create(user=user, **limit)
    carrier = Carrier.objects.create(code="bench", name="Bench")
    account = CarrierAccount.objects.create(code="bench", name="Bench", carrier=carrier)
    return {
        "user": boss.pk,
        "channels": [row.pk for row in channels],
        "warehouses": [row.pk for row in warehouses],
        "sellers": [row.pk for row in sellers],
        "account": account.pk,
        "syllables": SYLLABLES,
    }


def fill(connection: Connection, rows: int, keys: dict[str, Any]) -> None:
    """Make so many orders, and as many customers and SKUs."""
    for statement in STATEMENTS:
        connection.execute(statement, keys | {"n": rows})
    connection.execute("VACUUM (ANALYZE)")


def main() -> None:
    django.setup()
    from django.db import connection

    keys = settings_rows()
    with connect_superuser(connection.settings_dict["NAME"], CLEANER) as superuser:
        fill(superuser, int(sys.argv[1]), keys)


if __name__ == "__main__":
    main()
