"""Refunds: opened within what was captured, approved by a second person, recorded once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import execute, insert_rows, next_ids
from backoffice.core.states import Outcome
from finance.choices import RefundKind, RefundStatus
from finance.models import Payment, Refund, RefundLine
from finance.selectors.refunds import PRICES
from finance.services.commands import Opened, OpenRefund
from finance.services.refund_plans import Account, PlannedRefund, PricedLine, Source, plan
from finance.states import REFUND
from orders.choices import PaymentTerms
from orders.models import Order

PAYMENTS = """
SELECT order_id, id, provider, captured_amount - refunded_amount - pending_refund_amount
FROM finance_payment WHERE order_id = ANY(%s) AND status = 'CAPTURED' ORDER BY id
"""
ASKED = """
SELECT order_id, coalesce(sum(amount) FILTER (WHERE kind = 'GOODWILL'), 0), sum(amount)
FROM finance_refund WHERE order_id = ANY(%s) AND status NOT IN ('FAILED', 'CANCELLED')
GROUP BY order_id
"""
EXISTING = """
SELECT order_id, request_key, array_agg(id ORDER BY id) FROM finance_refund
WHERE order_id = ANY(%s) AND request_key = ANY(%s) AND status NOT IN ('FAILED', 'CANCELLED')
GROUP BY order_id, request_key
"""
PROMISE = """
UPDATE finance_payment p SET pending_refund_amount = p.pending_refund_amount + d.pending,
  refunded_amount = p.refunded_amount + d.refunded, updated_at = %s, modified_by_id = %s
FROM (SELECT id, sum(a) AS pending, sum(b) AS refunded
  FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[]) AS d(id, a, b) GROUP BY id) d
WHERE p.id = d.id
"""
POLICY = "SELECT currency, approval_above FROM finance_refundpolicy WHERE is_active"


def count_refunds(changes: Sequence[tuple[int | None, object, object]]) -> None:
    """Add (payment, pending, refunded) to payments; their order is locked. Credits have none."""
    unit = current_unit()
    execute(
        PROMISE,
        [
            unit.now,
            unit.actor.user_id,
            [payment for payment, _, _ in changes],
            [pending for _, pending, _ in changes],
            [refunded for _, _, refunded in changes],
        ],
    )


def _accounts(order_ids: Sequence[int]) -> dict[int, Account]:
    """Lock orders and their payments and read what may go back."""
    ids = lock(Order, order_ids)
    payments = Payment.objects.filter(order_id__any=ids).values_list("pk", flat=True)
    lock(Payment, list(payments))
    orders = Order.objects.filter(pk__any=ids)
    accounts = {
        pk: Account(pk, currency, status, captured, is_on_account=terms == PaymentTerms.ON_ACCOUNT)
        for pk, currency, status, captured, terms in orders.values_list(
            "pk", "currency", "status", "captured_amount", "channel__payment_terms"
        )
    }
    for order_id, pk, provider, left in execute(PAYMENTS, [ids]):
        accounts[order_id].sources.append(Source(pk, provider, left))
    for order_id, pk, kind, _units, _price, left in execute(PRICES, [ids]):
        accounts[order_id].lines.append(PricedLine(pk, kind, left))
    for order_id, goodwill, asked in execute(ASKED, [ids]):
        accounts[order_id].goodwill, accounts[order_id].asked = goodwill, asked
    return accounts


@service
def open_refunds(commands: Sequence[OpenRefund], *, now: datetime, reason: str = "") -> Opened:
    """Open refunds, several where several payments have to give; the same key opens once.

    A refund waits for a second person where what was asked for on its order passes the
    currency's threshold, or where the currency has none; what a cancellation owes does not wait.
    """
    result = Opened()
    accounts = _accounts([c.order_id for c in commands])
    existing = {
        (order_id, key): ids
        for order_id, key, ids in execute(
            EXISTING, [list(accounts), [c.key for c in commands if c.key]]
        )
    }
    planned: list[tuple[int, PlannedRefund]] = []
    first: dict[tuple[int, str], int] = {}
    twins: dict[int, int] = {}
    for n, command in enumerate(commands):
        key = (command.order_id, command.key)
        if command.key and key in existing:
            result.existing[n] = existing[key]
            continue
        if command.key and key in first:
            twins[n] = first[key]
            continue
        rows, reasons = plan(command, accounts.get(command.order_id))
        if reasons:
            result.refused[n] = reasons
            continue
        if command.key:
            first[key] = n
        planned += [(n, row) for row in rows]
    ids = _insert([row for _, row in planned], reason)
    for (n, _row), pk in zip(planned, ids, strict=True):
        result.created.setdefault(n, []).append(pk)
    result.existing |= {n: result.created[twin] for n, twin in twins.items()}
    return result


@service
def refund_overpaid(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> Opened:
    """Open refunds of what customers paid beyond the price, as it is now."""
    accounts = _accounts(order_ids)
    commands = [
        OpenRefund(pk, RefundKind.OVERPAYMENT, account.overpaid, reason=reason)
        for pk, account in sorted(accounts.items())
        if account.overpaid > 0
    ]
    return open_refunds(commands, now=now)


# A refund that was opened by hand for units that are cancelled now gave back no price of what is
# left: the latest first, it loses those lines, as far as the cancelled units cost.
LOOSEN = """
WITH part AS (
  SELECT rl.id, rl.amount, c.cost, sum(rl.amount) OVER (
    PARTITION BY rl.order_line_id ORDER BY rl.id DESC) - rl.amount AS before
  FROM unnest(%s::bigint[], %s::numeric[]) AS c(line, cost)
  JOIN finance_refundline rl ON rl.order_line_id = c.line
  JOIN finance_refund r ON r.id = rl.refund_id AND r.kind = 'LINE'
    AND r.status NOT IN ('FAILED', 'CANCELLED')
), taken AS (
  SELECT id, amount, least(amount, cost - before) AS less FROM part WHERE cost > before
), gone AS (
  DELETE FROM finance_refundline rl USING taken t WHERE rl.id = t.id AND t.less = t.amount
)
UPDATE finance_refundline rl SET amount = rl.amount - t.less FROM taken t
WHERE rl.id = t.id AND t.less < t.amount
"""


@service
def refund_cancelled_lines(
    order_ids: Sequence[int], costs: Mapping[int, Decimal], *, now: datetime, reason: str = ""
) -> Opened:
    """Open refunds of what orders paid for cancelled units, less what went back for them by hand.

    `costs` says by line what the units cost that were cancelled.
    """
    lock(Order, order_ids)
    execute(LOOSEN, [list(costs), list(costs.values())])
    return refund_overpaid(order_ids, now=now, reason=reason)


def _needs_approval(row: PlannedRefund, policies: dict[str, object]) -> bool:
    if row.command.kind == RefundKind.CANCELLATION or row.command.is_settled:
        return False
    limit = policies.get(row.currency)
    return limit is None or row.total > limit  # type: ignore[operator]


def _insert(rows: Sequence[PlannedRefund], reason: str) -> list[int]:
    if not rows:
        return []
    unit = current_unit()
    policies = dict(execute(POLICY))
    waits = [_needs_approval(row, policies) for row in rows]
    ids = next_ids(Refund, len(rows))
    insert_rows(
        Refund,
        {
            "id": ids,
            "order_id": [r.command.order_id for r in rows],
            "payment_id": [r.payment_id for r in rows],
            "goods_return_id": [r.command.return_id for r in rows],
            "kind": [r.command.kind for r in rows],
            "currency": [r.currency for r in rows],
            "amount": [r.amount for r in rows],
            "reason": [(r.command.reason or reason)[:300] for r in rows],
            "status": [RefundStatus.REQUESTED if wait else RefundStatus.APPROVED for wait in waits],
            "request_key": [r.command.key for r in rows],
            "needs_approval": waits,
            "approved_at": [None if wait else unit.now for wait in waits],
            "next_attempt_at": [None if wait else unit.now for wait in waits],
        },
    )
    lines = [(pk, part) for pk, row in zip(ids, rows, strict=True) for part in row.lines]
    if lines:
        insert_rows(
            RefundLine,
            {
                "refund_id": [pk for pk, _ in lines],
                "order_line_id": [part.line_id for _, part in lines],
                "amount": [part.amount for _, part in lines],
            },
        )
    count_refunds([(r.payment_id, r.amount, 0) for r in rows])
    facts = {
        pk: Fact(
            pk,
            r.command.order_id,
            {"amount": str(r.amount), "currency": r.currency, "kind": r.command.kind},
        )
        for pk, r in zip(ids, rows, strict=True)
    }
    emit("refund.requested", facts.values())
    emit(
        "refund.approved",
        [facts[pk] for pk, wait in zip(ids, waits, strict=True) if not wait],
    )
    return ids


@service
def approve_refunds(refund_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Approve refunds that somebody else asked for."""
    outcome = REFUND.check(refund_ids, "approve")
    actor = current_unit().actor.user_id
    REFUND.move(outcome.moved, "approve", values={"approved_by_id": actor, "next_attempt_at": now})
    return outcome


@service
def cancel_refunds(refund_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Call refunds off that have not been sent; their money may go back otherwise."""
    refunds = Refund.objects.filter(pk__any=list(refund_ids))
    lock(Order, list(refunds.values_list("order_id", flat=True)))
    paid = refunds.exclude(payment=None)
    lock(Payment, list(paid.values_list("payment_id", flat=True)))
    outcome = REFUND.check(refund_ids, "cancel")
    rows = Refund.objects.filter(pk__any=outcome.moved).values_list("payment_id", "amount")
    count_refunds([(payment, -amount, 0) for payment, amount in rows])
    REFUND.move(outcome.moved, "cancel", values={"next_attempt_at": None})
    return outcome
