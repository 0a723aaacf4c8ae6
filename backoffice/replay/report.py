"""The closing table of an import."""

from typing import TextIO

from django.db.models import Count

from backoffice.core.invariants import REGISTRY, check_invariants
from backoffice.core.models import EventDelivery, InboundMessage
from backoffice.core.sql import execute
from orders.choices import OrderStatus
from orders.models import Order

STAGES = """
WITH stage AS (
  SELECT 'placed → released' AS name, 1 AS n, released_at - placed_at AS took
  FROM orders_order o WHERE {mine} AND released_at IS NOT NULL
  UNION ALL
  SELECT 'released → shipped', 2, shipped_at - released_at
  FROM orders_order o WHERE {mine} AND shipped_at IS NOT NULL AND released_at IS NOT NULL
  UNION ALL
  SELECT 'shipped → delivered', 3, p.delivered_at - p.shipped_at FROM logistics_parcel p
  JOIN logistics_shipment s ON s.id = p.shipment_id JOIN orders_order o ON o.id = s.order_id
  WHERE {mine} AND p.delivered_at IS NOT NULL AND p.shipped_at IS NOT NULL
  UNION ALL
  SELECT 'delivered → settled', 4, f.settled_at - o.delivered_at FROM finance_ordersettlement f
  JOIN orders_order o ON o.id = f.order_id WHERE {mine}
)
SELECT name, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)),
  percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM took))
FROM stage GROUP BY name, n ORDER BY n
"""
MINE = "o.channel_id = (SELECT id FROM orders_saleschannel WHERE code = %(channel)s)"


def print_report(out: TextIO, *, source: str, channel: str) -> bool:
    """Print what an import made; return whether every invariant holds."""
    line = "─" * 64
    out.write(f"\n{line}\nOrders by status\n")
    labels = dict(OrderStatus.choices)
    counts = Order.objects.filter(channel__code=channel).values("status").annotate(n=Count("pk"))
    for row in counts.order_by("-n"):
        out.write(f"  {labels[row['status']]:<42}{row['n']:>12,}\n")
    out.write(f"{line}\nStages, in hours{'':<18}{'n':>8}{'median':>11}{'p90':>11}\n")
    for name, n, median, p90 in execute(STAGES.format(mine=MINE), {"channel": channel}):
        out.write(f"  {name:<32}{n:>8,}{median / 3600:>11.1f}{p90 / 3600:>11.1f}\n")
    out.write(f"{line}\nRows refused, kept in the inbox with their reason\n")
    refused = InboundMessage.objects.filter(source__startswith=f"{source}.", status="REFUSED")
    reasons = refused.values_list("source", "reason").annotate(n=Count("pk"))
    for name, reason, n in reasons.order_by("source", "-n"):
        stage = name.removeprefix(f"{source}.")
        out.write(f"  {stage + ': ' + reason[:70]:<80}{n:>8,}\n")
    out.write(f"{line}\n")
    stuck = EventDelivery.objects.exclude(set_aside_at=None).count()
    if stuck:
        out.write(f"{stuck} event deliveries were set aside: see System → Event deliveries.\n")
    broken = check_invariants()
    for violation in broken:
        out.write(f"BROKEN {violation.invariant.name}: {violation.rows[:3]}\n")
    out.write(f"{len(REGISTRY)} invariants checked, {len(broken)} broken.\n")
    return not broken and not stuck
