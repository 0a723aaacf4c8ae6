"""Returns: request, receive by condition, close."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import execute, insert_rows, next_ids
from backoffice.core.states import Outcome
from inventory.choices import MoveKind
from inventory.services.moves import Move, post_moves
from orders.choices import ReturnReason
from orders.models import Order, OrderLine, Return, ReturnLine
from orders.selectors.returns import returnable_lines
from orders.services.counters import refresh_counters
from orders.states import RETURN


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """Units of an order line that the customer sends back."""

    line_id: int
    units: int
    reason: str = ReturnReason.OTHER


@dataclass(frozen=True, slots=True)
class RequestReturn:
    """A return to be opened for one order; `external_id` makes it once."""

    order_id: int
    lines: Sequence[RequestedLine]
    external_id: str = ""
    requested_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """What came back of one return line, by condition."""

    return_line_id: int
    sellable: int = 0
    damaged: int = 0


@dataclass(slots=True)
class Requested:
    """What came of requesting, by position: return ids, and the refused with reasons."""

    created: dict[int, int] = field(default_factory=dict)
    existing: dict[int, int] = field(default_factory=dict)
    refused: dict[int, list[str]] = field(default_factory=dict)


@service
def request_returns(
    commands: Sequence[RequestReturn], *, now: datetime, reason: str = ""
) -> Requested:
    """Open returns for delivered units that no other return has claimed."""
    result = Requested()
    lock(Order, [c.order_id for c in commands])
    known = _known(commands)
    rows = returnable_lines([line.line_id for c in commands for line in c.lines])
    owner = {line: order for line, order, _w, _left in rows}
    warehouse = {line: w for line, _order, w, _left in rows}
    left = {line: units for line, _order, _w, units in rows}
    good: list[tuple[int, RequestReturn]] = []
    for n, command in enumerate(commands):
        key = (command.order_id, command.external_id)
        if command.external_id and key in known:
            result.existing[n] = known[key]
            continue
        reasons = _refusals(command, owner, left)
        if reasons:
            result.refused[n] = reasons
            continue
        for line in command.lines:
            left[line.line_id] -= line.units
        good.append((n, command))
    ids = _open([c for _, c in good], warehouse, "return.requested", now=now)
    result.created = {n: pk for pk, (n, _) in zip(ids, good, strict=True)}
    return result


@service
def expect_undelivered(
    commands: Sequence[RequestReturn], *, now: datetime, reason: str = ""
) -> list[int]:
    """Open returns for parcels that carriers bring back, each once by its `external_id`.

    Such goods are received into stock; they never were the customer's, so that they count as no
    return of theirs and give nothing back.
    """
    lock(Order, [c.order_id for c in commands])
    known = _known(commands)
    fresh = [c for c in commands if (c.order_id, c.external_id) not in known]
    lines = OrderLine.objects.filter(pk__any=[x.line_id for c in fresh for x in c.lines])
    warehouse = dict(lines.values_list("pk", "warehouse_id"))
    return _open(fresh, warehouse, "return.undelivered", now=now)


def _open(
    commands: Sequence[RequestReturn],
    warehouse: Mapping[int, int | None],
    event: str,
    *,
    now: datetime,
) -> list[int]:
    if not commands:
        return []
    ids = next_ids(Return, len(commands))
    insert_rows(
        Return,
        {
            "id": ids,
            "order_id": [c.order_id for c in commands],
            "external_id": [c.external_id for c in commands],
            "warehouse_id": [warehouse[c.lines[0].line_id] for c in commands],
            "requested_at": [c.requested_at or now for c in commands],
        },
        constants={"is_undelivered": event == "return.undelivered"},
    )
    lines = [(pk, line) for pk, c in zip(ids, commands, strict=True) for line in c.lines]
    insert_rows(
        ReturnLine,
        {
            "parent_id": [pk for pk, _ in lines],
            "order_line_id": [line.line_id for _, line in lines],
            "reason": [line.reason for _, line in lines],
            "quantity": [line.units for _, line in lines],
        },
    )
    facts = [
        Fact(pk, c.order_id, {"units": sum(line.units for line in c.lines)}, c.requested_at)
        for pk, c in zip(ids, commands, strict=True)
    ]
    emit(event, facts)
    return ids


def _known(commands: Sequence[RequestReturn]) -> dict[tuple[int, str], int]:
    rows = Return.objects.filter(
        order_id__any=[c.order_id for c in commands],
        external_id__any=[c.external_id for c in commands if c.external_id],
    )
    return {(o, e): pk for o, e, pk in rows.values_list("order_id", "external_id", "pk")}


def _refusals(command: RequestReturn, owner: dict[int, int], left: dict[int, int]) -> list[str]:
    if not command.lines:
        return [_("The return names no line.")]
    reasons = []
    wanted: dict[int, int] = defaultdict(int)
    for line in command.lines:
        wanted[line.line_id] += line.units
        if owner.get(line.line_id) != command.order_id:
            reasons.append(_("Line %(id)s is no item of this order.") % {"id": line.line_id})
        elif line.units <= 0:
            reasons.append(_("The quantity has to be positive."))
    if len(wanted) < len(command.lines):
        reasons.append(_("A line is named twice."))
    for line_id, units in wanted.items():
        if owner.get(line_id) == command.order_id and units > left[line_id]:
            reasons.append(
                _("Only %(left)s delivered units are left to return.") % {"left": left[line_id]}
            )
    return reasons


RECEIVE = """
UPDATE orders_returnline l SET sellable = r.sellable, damaged = r.damaged
FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS r(id, sellable, damaged)
WHERE l.id = r.id AND l.parent_id = ANY(%s) AND l.quantity >= r.sellable + r.damaged
RETURNING l.id, l.parent_id, l.order_line_id, l.sellable, l.damaged
"""


@service
def receive_returns(
    return_ids: Sequence[int],
    *,
    now: datetime,
    received: Sequence[ReceivedLine] | None = None,
    reason: str = "",
) -> Outcome:
    """Take returned goods in: the sellable go to stock, the damaged are written off.

    Without `received`, everything requested came back sellable. Units that did not come back are
    free to be returned later.
    """
    orders = dict(Return.objects.filter(pk__any=list(return_ids)).values_list("pk", "order_id"))
    lock(Order, orders.values())
    outcome = RETURN.check(return_ids, "receive")
    if received is None:
        lines = ReturnLine.objects.filter(parent_id__any=outcome.moved).order_by("pk")
        received = [ReceivedLine(pk, n) for pk, n in lines.values_list("pk", "quantity")]
    counted = [r for r in received if r.sellable >= 0 and r.damaged >= 0]
    rows = execute(
        RECEIVE,
        [
            [r.return_line_id for r in counted],
            [r.sellable for r in counted],
            [r.damaged for r in counted],
            outcome.moved,
        ],
    )
    good = {row[0] for row in rows}
    parents = dict(
        ReturnLine.objects.filter(pk__any=[r.return_line_id for r in received]).values_list(
            "pk", "parent_id"
        )
    )
    wrong = {
        parents[r.return_line_id]
        for r in received
        if r.return_line_id in parents and r.return_line_id not in good
    }
    if wrong & set(outcome.moved):
        raise ValueError(_("More came back than was requested: count again or open a new return."))
    theirs = Return.objects.filter(pk__any=outcome.moved, is_undelivered=False)
    returned = set(theirs.values_list("pk", flat=True))
    _count_returned([row for row in rows if row[1] in returned])
    refresh_counters([orders[i] for i in outcome.moved])
    data = _amounts(sorted(returned))
    RETURN.move(outcome.moved, "receive", data=data)
    _move_stock(rows, now=now)
    return outcome


def _count_returned(rows: Sequence[tuple[int, int, int, int, int]]) -> None:
    execute(
        "UPDATE orders_orderline l SET returned = l.returned + r.units"
        " FROM (SELECT id, sum(units)::int AS units FROM unnest(%s::bigint[], %s::int[])"
        " AS r(id, units) GROUP BY id) r WHERE l.id = r.id",
        [[line for _, _, line, _, _ in rows], [s + d for _, _, _, s, d in rows]],
    )


# What returned units cost: of the line, or of the kit that they are parts of, which is undone kit
# by kit once all its parts came back or were cancelled. The amounts are differences of rounded
# running totals: with what is cancelled, and in whatever order, they never come to more than the
# price, and to all of it in the end.
AMOUNTS = """
WITH got AS (
  SELECT parent_id, order_line_id AS id, (sellable + damaged) AS units FROM orders_returnline
  WHERE parent_id = ANY(%s) AND sellable + damaged > 0
), sold AS (
  SELECT DISTINCT g.parent_id, coalesce(l.kit_line_id, l.id) AS id
  FROM got g JOIN orders_orderline l ON l.id = g.id
), undone AS (
  SELECT s.parent_id, s.id,
    min((c.cancelled + c.returned - g.later) * p.quantity / c.quantity) - p.cancelled AS upto,
    min((c.cancelled + c.returned - g.since) * p.quantity / c.quantity) - p.cancelled AS before
  FROM sold s JOIN orders_orderline p ON p.id = s.id
  JOIN orders_orderline c ON c.order_id = p.order_id AND c.kind = 'ITEM'
    AND coalesce(c.kit_line_id, c.id) = p.id
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(units) FILTER (WHERE parent_id > s.parent_id), 0) AS later,
      coalesce(sum(units) FILTER (WHERE parent_id >= s.parent_id), 0) AS since
    FROM got WHERE got.id = c.id) g
  GROUP BY s.parent_id, s.id, p.cancelled
)
SELECT u.parent_id, l.id, round(l.gross_amount * u.upto / l.quantity, e.digits)
  - round(l.gross_amount * u.before / l.quantity, e.digits)
FROM undone u JOIN orders_orderline l ON l.id = u.id JOIN orders_order o ON o.id = l.order_id
CROSS JOIN LATERAL (SELECT currency_exponent(o.currency) AS digits) e
WHERE u.upto > u.before ORDER BY u.parent_id, l.id
"""


def _amounts(return_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what each return's units cost the customer, together and by line with a price."""
    data: dict[int, dict[str, Any]] = {pk: {"gross": "0", "lines": {}} for pk in return_ids}
    for pk, line_id, gross in execute(AMOUNTS, [list(return_ids)]):
        data[pk]["lines"][str(line_id)] = str(gross)
        data[pk]["gross"] = str(Decimal(data[pk]["gross"]) + gross)
    return data


def _move_stock(rows: Sequence[tuple[int, int, int, int, int]], *, now: datetime) -> None:
    lines = OrderLine.objects.filter(pk__any=[r[2] for r in rows], is_stocked=True)
    facts = {pk: (sku, wh) for pk, sku, wh in lines.values_list("pk", "sku_id", "warehouse_id")}
    moves = []
    for return_line_id, _parent, line_id, sellable, damaged in rows:
        sku_id, warehouse_id = facts.get(line_id, (None, None))
        if sku_id is None or warehouse_id is None:
            continue
        units = sellable + damaged
        if units:
            moves.append(
                Move(
                    kind=MoveKind.RETURN,
                    sku_id=sku_id,
                    warehouse_id=warehouse_id,
                    quantity=units,
                    for_type="orders.returnline",
                    for_id=return_line_id,
                )
            )
        if damaged:
            moves.append(
                Move(
                    kind=MoveKind.WRITE_OFF,
                    sku_id=sku_id,
                    warehouse_id=warehouse_id,
                    quantity=-damaged,
                    for_type="orders.returnline",
                    for_id=return_line_id,
                )
            )
    if moves:
        post_moves(moves, now=now)


@service
def close_returns(return_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Close returns whose money has gone back."""
    orders = Return.objects.filter(pk__any=list(return_ids)).values_list("order_id", flat=True)
    lock(Order, list(orders))
    return RETURN.apply(return_ids, "close")


@service
def cancel_returns(return_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Call returns off before anything came back."""
    return RETURN.apply(return_ids, "cancel")
