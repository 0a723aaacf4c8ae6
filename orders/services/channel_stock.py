"""Which stock levels channels are to be told: what may be promised, less what is held back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from backoffice.core.actor import service
from backoffice.core.sql import execute
from orders.channels.adapter import Access, StockLevel
from orders.channels.registry import ADAPTERS
from orders.models import ChannelConnection
from orders.selectors.serving import serving_warehouses
from orders.services.channel_polling import access_of, locked_state

LEASE = timedelta(minutes=2)
# A kit can be sold as often as its scarcest part allows.
LEVELS = """
WITH wanted AS (
  SELECT l.id, l.external_id, l.sku_id, coalesce(l.buffer, %(buffer)s) AS buffer
  FROM orders_listing l WHERE l.channel_id = %(channel)s AND l.is_active AND l.external_id <> ''
), part AS (
  SELECT w.id, coalesce(c.component_id, w.sku_id) AS sku_id, coalesce(c.quantity, 1) AS each
  FROM wanted w LEFT JOIN inventory_kitcomponent c ON c.kit_id = w.sku_id
), level AS (
  SELECT p.id, min(coalesce((SELECT sum(s.available) FROM inventory_stocklevel s
    JOIN inventory_warehouse h ON h.id = s.warehouse_id AND h.is_active
    WHERE s.sku_id = p.sku_id AND (%(houses)s::bigint[] IS NULL OR h.id = ANY(%(houses)s))), 0)
    / p.each) AS free
  FROM part p JOIN inventory_sku k ON k.id = p.sku_id AND k.stock_policy = 'TRACKED' GROUP BY p.id
)
SELECT w.id, w.external_id, greatest(0, floor(v.free)::int - w.buffer) AS quantity
FROM wanted w JOIN level v ON v.id = w.id LEFT JOIN orders_stocktold t ON t.listing_id = w.id
WHERE t.quantity IS DISTINCT FROM greatest(0, floor(v.free)::int - w.buffer)
ORDER BY t.told_at NULLS FIRST, w.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class StockRound:
    """Stock levels that one channel does not know yet, by listing."""

    connection_id: int
    adapter: str
    access: Access
    levels: Mapping[int, StockLevel]


def stock_connections() -> list[int]:
    """Return connections that are told stock levels."""
    able = [name for name, adapter in ADAPTERS.items() if "STOCK" in adapter.takes]
    found = ChannelConnection.objects.filter(
        tells_stock=True, is_active=True, channel__is_active=True, adapter__in=able
    )
    return list(found.order_by("pk").values_list("pk", flat=True))


@service
def open_stock_round(connection_id: int, *, now: datetime, limit: int = 500) -> StockRound | None:
    """Lease a connection and return what it is to be told; None where there is nothing to do."""
    state = locked_state(connection_id, now=now)
    connection = ChannelConnection.objects.select_related("channel").get(pk=connection_id)
    if state is None:
        return None
    rows = execute(
        LEVELS,
        {
            "channel": connection.channel_id,
            "houses": serving_warehouses(connection.channel),
            "buffer": connection.stock_buffer,
            "limit": limit,
        },
    )
    if not rows:
        return None
    state.lease_until = now + LEASE
    state.save(update_fields=["lease_until"])
    levels = {pk: StockLevel(external_id, quantity) for pk, external_id, quantity in rows}
    return StockRound(connection_id, connection.adapter, access_of(connection), levels)


RECORD = """
INSERT INTO orders_stocktold (listing_id, quantity, told_at, error)
SELECT r.id, r.quantity, %(now)s, r.error
FROM unnest(%(ids)s::bigint[], %(quantities)s::int[], %(errors)s::text[])
  AS r(id, quantity, error) ORDER BY r.id
ON CONFLICT (listing_id) DO UPDATE SET quantity = coalesce(excluded.quantity,
  orders_stocktold.quantity), told_at = excluded.told_at, error = excluded.error
"""


@service
def record_stock(
    levels: Mapping[int, StockLevel], refused: Mapping[str, str], *, now: datetime
) -> None:
    """Record which levels a channel knows now, and what it refused."""
    execute(
        RECORD,
        {
            "now": now,
            "ids": list(levels),
            "quantities": [
                None if x.external_id in refused else x.quantity for x in levels.values()
            ],
            "errors": [refused.get(x.external_id, "")[:300] for x in levels.values()],
        },
    )
