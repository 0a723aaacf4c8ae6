"""Replenishment as the demo's people do it: proposals decided, goods received, stock put right."""

from collections.abc import Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from backoffice.core.sql import execute
from backoffice.replay.demo.dice import dice, happens
from backoffice.replay.demo.masters import home_bins
from backoffice.replay.demo.story import DAY, Story, demo_job
from inventory.choices import MoveKind
from inventory.models import PurchaseOrder, ReplenishmentProposal, StockLevel, Warehouse
from inventory.services.moves import Move, post_moves
from inventory.services.purchasing import (
    CreatePurchaseOrder,
    PurchaseLine,
    approve_purchase_orders,
    create_purchase_orders,
    send_purchase_orders,
)
from inventory.services.receiving import ReceivedGoods, ReceiveGoods, receive_goods
from inventory.services.replenishment import (
    approve_proposals,
    order_proposals,
    propose_replenishment,
    reject_proposals,
)

# What is ordered at once where none is left, or nearly.
LOW, LOT = 2, 24
# Stocked SKUs of a supplier with little left to promise, waiting orders counted, and none coming.
SCARCE = """
SELECT l.sku_id, l.warehouse_id, i.supplier_id FROM inventory_stocklevel l
JOIN inventory_supplieritem i ON i.sku_id = l.sku_id AND i.is_preferred
WHERE l.available < %(low)s AND NOT EXISTS (
  SELECT FROM inventory_purchaseorderline p JOIN inventory_purchaseorder o
    ON o.id = p.purchase_order_id
  WHERE p.sku_id = l.sku_id AND o.warehouse_id = l.warehouse_id AND p.received < p.quantity
    AND o.status IN ('DRAFT', 'APPROVED', 'SENT', 'PARTIALLY_RECEIVED'))
ORDER BY l.available, l.id LIMIT %(most)s
"""


def propose(story: Story) -> None:
    """Let the planning propose what to buy."""
    with demo_job():
        propose_replenishment(now=story.now)


def buy(story: Story) -> int:
    """Decide on proposals and order what was approved."""
    proposed = ReplenishmentProposal.objects.filter(origin="DEMO", status="PROPOSED")
    newest = proposed.order_by("-created_at", "-pk").values_list(
        "pk", "sku__code", "warehouse__code", "created_at"
    )
    yes: list[int] = []
    no: list[int] = []
    for pk, *key in story.turn(
        newest, lambda row: story.after(row[3], 0.2, 0.8, *row[1:], "decided"), keep=5
    ):
        (no if happens(0.05, story.seed, *key, "rejected") else yes).append(pk)
    with story.role("logistics"):
        if no:
            reject_proposals(no, now=story.now, reason="the season is over")
        if yes:
            approve_proposals(yes, now=story.now)
            order_proposals(yes, now=story.now)
        drafts = PurchaseOrder.objects.filter(origin="DEMO", status="DRAFT").order_by("pk")
        ids = list(drafts.values_list("pk", flat=True))
        if ids:
            approve_purchase_orders(ids, now=story.now)
            send_purchase_orders(ids, now=story.now)
    return len(yes) + len(no)


def receive(story: Story) -> int:
    """Take in what suppliers deliver; some deliver late, some send a part first."""
    awaited = PurchaseOrder.objects.filter(
        origin="DEMO", status__in=["SENT", "PARTIALLY_RECEIVED"]
    ).select_related("warehouse", "supplier")
    due = story.turn(
        awaited.prefetch_related("lines__sku").order_by("-sent_at", "-pk"),
        lambda order: _due(story, order),
        keep=3,
    )
    commands = []
    bins: dict[int, dict[str, int]] = {}
    for order in due:
        comes_in_parts = order.status == "SENT" and _comes_in_parts(story, order)
        house = bins.setdefault(order.warehouse_id, home_bins(order.warehouse))
        goods = []
        for line in order.lines.all():
            missing = line.quantity - line.received
            units = (missing + 1) // 2 if comes_in_parts else missing
            if units > 0:
                goods.append(ReceivedGoods(line.pk, units, house.get(line.sku.code)))
        if goods:
            note = f"DN-{order.number[-5:]}{'' if order.status == 'SENT' else '-2'}"
            commands.append(ReceiveGoods(order.pk, goods, note))
    if commands:
        with story.role("warehouse"):
            receive_goods(commands, now=story.now)
    return len(commands)


def _due(story: Story, order: PurchaseOrder) -> datetime:
    zone = ZoneInfo(order.warehouse.time_zone)
    assert order.expected_on is not None
    assert order.sent_at is not None
    promised = datetime.combine(order.expected_on, time(8), zone) - order.sent_at
    late: float = dice(*_name(story, order), "late").choice((-1, 0, 0, 0, 0, 1, 3))
    if order.status != "SENT":
        # The rest of what came in parts.
        late += 2.5
    return order.sent_at + (promised / DAY + late) * story.day


def _comes_in_parts(story: Story, order: PurchaseOrder) -> bool:
    return happens(0.15, *_name(story, order), "in parts")


def _name(story: Story, order: PurchaseOrder) -> tuple[object, ...]:
    return story.seed, order.supplier.code, order.warehouse.code, order.sent_at


def top_up(story: Story) -> int:
    """Order what has run out and is not on order: orders wait for it, so none of it is sold."""
    rows = execute(SCARCE, {"low": LOW, "most": 10 * story.most})
    wanted: dict[tuple[int, int], list[PurchaseLine]] = {}
    for sku, house, supplier in rows:
        wanted.setdefault((supplier, house), []).append(PurchaseLine(sku, LOT))
    if wanted:
        with story.role("logistics"):
            create_purchase_orders(
                [CreatePurchaseOrder(*key, lines) for key, lines in wanted.items()],
                now=story.now,
                reason="orders wait for it",
            )
    return len(rows)


def count_stock(story: Story, houses: Sequence[Warehouse]) -> int:
    """Count a few shelves: what is missing or broken is written off, what is found is added."""
    moves = []
    for house in houses:
        chance = dice(story.seed, "count", house.code, story.now)
        levels = StockLevel.objects.filter(warehouse=house, available__gt=6).order_by("sku__code")
        rows = list(levels.values_list("sku_id", flat=True))
        for sku in chance.sample(rows, min(3, len(rows))):
            units = chance.choice((-2, -1, -1, 1))
            kind = MoveKind.WRITE_OFF if units == -2 else MoveKind.ADJUSTMENT
            moves.append(Move(kind, sku, house.pk, units))
    if moves:
        with story.role("warehouse"):
            post_moves(moves, now=story.now, reason="counted")
    return len(moves)
