"""Goods arrive: in parts, in one go, or more than were ordered."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.sql import execute, insert_rows, next_ids
from backoffice.core.states import Outcome, Text
from inventory.choices import MoveKind
from inventory.models import PurchaseOrderLine, Receipt, ReceiptLine
from inventory.services.moves import Move, post_moves
from inventory.services.places import Place, lots, places
from inventory.states import PURCHASE_ORDER

FOREIGN_LINE = _("A line does not belong to the purchase order, or has no units.")
FOREIGN_BIN = _("A bin does not belong to the warehouse of the purchase order.")
EXISTING = """
SELECT r.purchase_order_id, r.delivery_note, r.id
FROM (SELECT DISTINCT * FROM unnest(%s::bigint[], %s::text[]) AS k(purchase_order_id, note)) k
JOIN inventory_receipt r ON r.purchase_order_id = k.purchase_order_id AND r.delivery_note = k.note
WHERE k.note <> ''
"""
RECEIVE = """
UPDATE inventory_purchaseorderline l SET received = l.received + r.units
FROM (SELECT id, sum(units)::int AS units FROM unnest(%s::bigint[], %s::int[]) AS r(id, units)
  GROUP BY 1) r
WHERE l.id = r.id
"""
STATE = """
SELECT purchase_order_id, sum(greatest(0, quantity - received))::int,
  sum(greatest(0, received - quantity))::int
FROM inventory_purchaseorderline WHERE purchase_order_id = ANY(%s) GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class ReceivedGoods:
    """Units of one line as counted; the cost (company currency) is the order's unless given."""

    line_id: int
    quantity: int
    location_id: int | None = None
    lot_code: str = ""
    expires_on: date | None = None
    unit_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReceiveGoods:
    """One delivery for a purchase order; its delivery note makes it once."""

    purchase_order_id: int
    lines: Sequence[ReceivedGoods]
    delivery_note: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceivedReceipts:
    """Receipts by the position of their command: new, there already, or refused and why."""

    created: dict[int, int] = field(default_factory=dict)
    existing: dict[int, int] = field(default_factory=dict)
    refused: dict[int, list[Text]] = field(default_factory=dict)


@service
def receive_goods(
    commands: Sequence[ReceiveGoods], *, now: datetime, reason: str = ""
) -> ReceivedReceipts:
    """Take deliveries in: receipts, stock moves at cost, and the state of the purchase orders.

    More than was ordered is taken in as well and told in the event.
    """
    result = ReceivedReceipts()
    outcome = PURCHASE_ORDER.check((c.purchase_order_id for c in commands), "receive")
    lines = _lines(outcome.moved)
    kinds = places(x.location_id for c in commands for x in c.lines if x.location_id)
    known = _existing(commands)
    accepted: dict[int, ReceiveGoods] = {}
    for n, command in enumerate(commands):
        key = (command.purchase_order_id, command.delivery_note)
        if key in known:
            result.existing[n] = known[key]
        elif command.purchase_order_id in outcome.blocked:
            result.refused[n] = outcome.blocked[command.purchase_order_id]
        elif reasons := _reasons(command, lines, kinds):
            result.refused[n] = reasons
        else:
            accepted[n] = command
            if command.delivery_note:
                # A second command with this note finds the first.
                known[key] = 0
    if accepted:
        ids = next_ids(Receipt, len(accepted))
        result.created.update(zip(accepted, ids, strict=True))
        _book(list(zip(ids, accepted.values(), strict=True)), lines, now=now)
    made = {(c.purchase_order_id, c.delivery_note): result.created[n] for n, c in accepted.items()}
    for n, pk in result.existing.items():
        if not pk:
            result.existing[n] = made[commands[n].purchase_order_id, commands[n].delivery_note]
    return result


def _lines(order_ids: Sequence[int]) -> dict[int, PurchaseOrderLine]:
    found = PurchaseOrderLine.objects.filter(purchase_order_id__any=order_ids)
    return {line.pk: line for line in found.select_related("purchase_order")}


def _existing(commands: Sequence[ReceiveGoods]) -> dict[tuple[int, str], int]:
    keys = [[c.purchase_order_id for c in commands], [c.delivery_note for c in commands]]
    return {(order, note): pk for order, note, pk in execute(EXISTING, keys)}


def _reasons(
    command: ReceiveGoods, lines: Mapping[int, PurchaseOrderLine], kinds: Mapping[int, Place]
) -> list[Text]:
    reasons: list[Text] = []
    own = [lines.get(x.line_id) for x in command.lines]
    if not command.lines or any(
        line is None or line.purchase_order_id != command.purchase_order_id or x.quantity <= 0
        for line, x in zip(own, command.lines, strict=True)
    ):
        return [FOREIGN_LINE]
    house = next(line.purchase_order.warehouse_id for line in own if line)
    for x in command.lines:
        if x.location_id and (
            x.location_id not in kinds or kinds[x.location_id].warehouse_id != house
        ):
            reasons = [FOREIGN_BIN]
    return reasons


def _cost(line: PurchaseOrderLine) -> Decimal:
    cost = line.unit_price * line.purchase_order.exchange_rate
    return cost.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _book(
    receipts: Sequence[tuple[int, ReceiveGoods]],
    lines: Mapping[int, PurchaseOrderLine],
    *,
    now: datetime,
) -> None:
    insert_rows(
        Receipt,
        {
            "id": [pk for pk, _command in receipts],
            "purchase_order_id": [c.purchase_order_id for _pk, c in receipts],
            "delivery_note": [c.delivery_note for _pk, c in receipts],
            "received_at": [c.received_at or now for _pk, c in receipts],
        },
    )
    rows = [(pk, c, x, lines[x.line_id]) for pk, c in receipts for x in c.lines]
    found = lots((line.sku_id, x.lot_code, x.expires_on) for _pk, _c, x, line in rows)
    costs = [_cost(line) if x.unit_cost is None else x.unit_cost for _pk, _c, x, line in rows]
    ids = next_ids(ReceiptLine, len(rows))
    insert_rows(
        ReceiptLine,
        {
            "id": ids,
            "receipt_id": [pk for pk, *_rest in rows],
            "purchase_order_line_id": [line.pk for *_rest, line in rows],
            "location_id": [x.location_id for _pk, _c, x, _line in rows],
            "lot_id": [found[line.sku_id, x.lot_code] for _pk, _c, x, line in rows],
            "quantity": [x.quantity for _pk, _c, x, _line in rows],
            "unit_cost": costs,
        },
    )
    units = [x.quantity for _pk, _c, x, _line in rows]
    execute(RECEIVE, [[line.pk for *_rest, line in rows], units])
    moves = [
        Move(
            MoveKind.RECEIPT,
            line.sku_id,
            line.purchase_order.warehouse_id,
            x.quantity,
            x.location_id,
            found[line.sku_id, x.lot_code],
            cost,
            "inventory.receiptline",
            pk,
            c.received_at,
        )
        for pk, cost, (_receipt, c, x, line) in zip(ids, costs, rows, strict=True)
    ]
    _move_orders(receipts)
    post_moves(moves, now=now)


def _move_orders(receipts: Sequence[tuple[int, ReceiveGoods]]) -> None:
    data: dict[int, dict] = defaultdict(lambda: {"receipt_ids": [], "units": 0})
    for pk, command in receipts:
        entry = data[command.purchase_order_id]
        entry["receipt_ids"].append(pk)
        entry["units"] += sum(x.quantity for x in command.lines)
    complete: list[int] = []
    partial: list[int] = []
    for order_id, missing, over in execute(STATE, [list(data)]):
        data[order_id] |= {"over_units": over, "is_complete": missing == 0}
        (partial if missing else complete).append(order_id)
    PURCHASE_ORDER.move(complete, "receive", data=data)
    PURCHASE_ORDER.move(partial, "receive_part", data=data)


@service
def receive_missing(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Take in everything that purchase orders still miss, to the default bins, without lots."""
    outcome = PURCHASE_ORDER.check(ids, "receive_part")
    goods: dict[int, list[ReceivedGoods]] = defaultdict(list)
    for line in _lines(outcome.moved).values():
        if line.quantity > line.received:
            goods[line.purchase_order_id].append(
                ReceivedGoods(line.pk, line.quantity - line.received)
            )
    receive_goods([ReceiveGoods(pk, lines) for pk, lines in sorted(goods.items())], now=now)
    return outcome
