"""Replenishment as the demo's people do it: proposals decided, goods received, stock put right."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from backoffice.replay.demo.dice import dice, happens
from backoffice.replay.demo.masters import home_bins
from backoffice.replay.demo.story import DAY, Story, demo_job
from inventory.choices import MoveKind
from inventory.models import PurchaseOrder, ReplenishmentProposal, StockLevel, Warehouse
from inventory.services.moves import Move, post_moves
from inventory.services.purchasing import approve_purchase_orders, send_purchase_orders
from inventory.services.receiving import ReceivedGoods, ReceiveGoods, receive_goods
from inventory.services.replenishment import (
    approve_proposals,
    order_proposals,
    propose_replenishment,
    reject_proposals,
)

NOTHING = timedelta(0)


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
    commands = []
    bins: dict[int, dict[str, int]] = {}
    for order in awaited.prefetch_related("lines__sku").order_by("pk"):
        due = _due(story, order)
        part = happens(0.15, story.seed, due, "in parts")
        is_second = order.status == "PARTIALLY_RECEIVED"
        if not story.has_come(due + (2.5 * story.day if is_second else NOTHING)):
            continue
        house = bins.setdefault(order.warehouse_id, home_bins(order.warehouse))
        goods = []
        for line in order.lines.all():
            missing = line.quantity - line.received
            if part and not is_second:
                missing = (missing + 1) // 2
            if missing > 0:
                goods.append(ReceivedGoods(line.pk, missing, house.get(line.sku.code)))
        note = f"DN-{order.number[-5:]}{'-2' if is_second else ''}"
        if goods:
            commands.append(ReceiveGoods(order.pk, goods, note))
    commands = commands[: story.most]
    if commands:
        with story.role("warehouse"):
            receive_goods(commands, now=story.now)
    return len(commands)


def _due(story: Story, order: PurchaseOrder) -> datetime:
    zone = ZoneInfo(order.warehouse.time_zone)
    assert order.expected_on is not None
    assert order.sent_at is not None
    promised = datetime.combine(order.expected_on, time(8), zone) - order.sent_at
    name = (story.seed, order.supplier.code, order.warehouse.code, order.sent_at)
    late = dice(*name, "late").choice((-1, 0, 0, 0, 0, 1, 3))
    return order.sent_at + (promised / DAY + late) * story.day


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
