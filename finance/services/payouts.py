"""Payouts: proposed from statements, approved by a second person, posted when they leave."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import execute, insert_rows, next_ids
from backoffice.core.states import Outcome
from finance.accounts import BANK, IN_TRANSIT, SELLER_PAYABLE
from finance.choices import EntryKind
from finance.models import CommissionContract, JournalEntry, Payout
from finance.services.days import company_day
from finance.services.ledger import Entry, Line, post_entries, reverse_entries
from finance.states import PAYOUT

# The latest statement of each seller and currency without a payout of its own; what the seller
# may have is what the statement says, less what has gone back since and what may still come back.
PAYABLE = f"""
WITH latest AS (
  SELECT DISTINCT ON (s.seller_id, s.currency) s.* FROM finance_sellerstatement s
  ORDER BY s.seller_id, s.currency, s.ends_on DESC
)
SELECT s.id, s.seller_id, s.currency, s.contract_id, c.payout_block, c.minimum_payout,
  least(s.closing_amount, coalesce((
      SELECT -sum(b.amount) FROM finance_dailybalance b
      JOIN finance_ledgeraccount a ON a.id = b.account_id AND a.code = '{SELLER_PAYABLE}'
      WHERE b.party_type = 'SELLER' AND b.party_id = s.seller_id AND b.currency = s.currency), 0)
    - coalesce((
      SELECT sum(o.payable_amount) FROM finance_ordersettlement o
      WHERE o.seller_id = s.seller_id AND o.currency = s.currency
        AND o.delivered_on > (%(now)s AT TIME ZONE c.time_zone)::date - c.return_window_days
        AND c.return_window_days > 0), 0)) AS available,
  EXISTS (SELECT FROM finance_payout p WHERE p.seller_id = s.seller_id
    AND p.currency = s.currency AND p.status IN ('DRAFT', 'APPROVED', 'SENT')) AS has_open
FROM latest s JOIN finance_commissioncontract c ON c.id = s.contract_id
WHERE (%(statements)s::bigint[] IS NULL OR s.id = ANY(%(statements)s))
  AND NOT EXISTS (SELECT FROM finance_payout p WHERE p.statement_id = s.id
    AND p.status NOT IN ('FAILED', 'CANCELLED'))
ORDER BY s.id
"""
BLOCKED = _("Payouts of this seller are blocked: %(why)s")
CARRIED = _("The balance of %(amount)s %(currency)s is carried to the next statement.")
SMALL = _("The balance of %(amount)s %(currency)s is below the smallest payout.")
IN_WORK = _("Another payout of this seller is under way.")


@dataclass(slots=True)
class Proposed:
    """Payouts by statement, and the statements that got none with the reason."""

    created: dict[int, int] = field(default_factory=dict)
    skipped: dict[int, str | Promise] = field(default_factory=dict)


@service
def create_payouts(
    statement_ids: Sequence[int] | None, *, now: datetime, reason: str = ""
) -> Proposed:
    """Propose a payout for statements, or for every latest one; the rest is carried."""
    asked = {"now": now, "statements": list(statement_ids) if statement_ids is not None else None}
    lock(CommissionContract, {row[3] for row in execute(PAYABLE, asked)})
    result = Proposed()
    good = []
    # Read again under the lock: two runs must not pay the same balance.
    for pk, seller, currency, _contract, block, minimum, available, has_open in execute(
        PAYABLE, asked
    ):
        told = {"amount": f"{available:f}", "currency": currency}
        if block:
            result.skipped[pk] = BLOCKED % {"why": block}
        elif has_open:
            result.skipped[pk] = IN_WORK
        elif available <= 0:
            result.skipped[pk] = CARRIED % told
        elif available < minimum:
            result.skipped[pk] = SMALL % told
        else:
            good.append((pk, seller, currency, available))
    if not good:
        return result
    ids = next_ids(Payout, len(good))
    insert_rows(
        Payout,
        {
            "id": ids,
            "statement_id": [g[0] for g in good],
            "seller_id": [g[1] for g in good],
            "currency": [g[2] for g in good],
            "amount": [g[3] for g in good],
        },
    )
    emit(
        "payout.created",
        [
            Fact(pk, None, {"amount": str(amount), "currency": currency, "seller": seller})
            for pk, (_s, seller, currency, amount) in zip(ids, good, strict=True)
        ],
    )
    result.created = {g[0]: pk for g, pk in zip(good, ids, strict=True)}
    return result


@service
def approve_payouts(payout_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Approve payouts that somebody else proposed."""
    values = {"approved_by_id": current_unit().actor.user_id}
    return PAYOUT.apply(payout_ids, "approve", values=values)


@service
def cancel_payouts(payout_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Call payouts off before they are sent; the balance stays with the seller."""
    return PAYOUT.apply(payout_ids, "cancel")


@service
def hold_payouts(
    payout_ids: Sequence[int], *, why: str, now: datetime, reason: str = ""
) -> Outcome:
    """Call payouts off and block the sellers' next ones until somebody clears the contract."""
    contract = "statement__contract_id"
    lock(
        CommissionContract,
        set(Payout.objects.filter(pk__any=list(payout_ids)).values_list(contract, flat=True)),
    )
    outcome = cancel_payouts(payout_ids, now=now, reason=reason)
    held = Payout.objects.filter(pk__any=outcome.moved).values(contract)
    free = CommissionContract.objects.filter(pk__in=held, payout_block="")
    free.update(payout_block=why, updated_at=now)
    return outcome


def _entries(ids: Sequence[int], step: str, debit: str, credit: str, now: datetime) -> list[Entry]:
    kind = EntryKind.PAYOUT if step == "sent" else EntryKind.PAYOUT_PAID
    day = company_day(now)
    rows = Payout.objects.filter(pk__any=list(ids)).order_by("pk")
    entries = []
    for pk, seller, currency, amount in rows.values_list("pk", "seller_id", "currency", "amount"):
        lines = [
            Line(debit, amount, currency, seller),
            Line(credit, -amount, currency, None if credit == BANK else seller),
        ]
        key = f"payout:{pk}:{step}"
        entries.append(Entry(key, kind, "finance.payout", pk, day, lines))
    return entries


@service
def send_payouts(payout_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Hand approved payouts to the bank: the seller's balance pays them."""
    contracts = Payout.objects.filter(pk__any=list(payout_ids)).values_list(
        "statement__contract_id", flat=True
    )
    lock(CommissionContract, list(contracts))
    outcome = PAYOUT.apply(payout_ids, "send")
    post_sent(outcome.moved, now=now)
    return outcome


def post_sent(payout_ids: Sequence[int], *, now: datetime) -> None:
    """Take what leaves from the sellers' balances, inside the service that lets it leave."""
    post_entries(_entries(payout_ids, "sent", SELLER_PAYABLE, IN_TRANSIT, now), now=now)


@service
def pay_payouts(payout_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Record that the bank has paid."""
    outcome = PAYOUT.apply(payout_ids, "pay")
    post_entries(_entries(outcome.moved, "paid", IN_TRANSIT, BANK, now), now=now)
    return outcome


@service
def fail_payouts(payout_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Record that the bank sent payouts back: the seller has the balance again."""
    outcome = PAYOUT.apply(payout_ids, "fail")
    keys = [f"payout:{pk}:sent" for pk in outcome.moved]
    entries = JournalEntry.objects.filter(idempotency_key__any=keys).values_list("pk", flat=True)
    reverse_entries(list(entries), now=now, day=company_day(now), reason=reason)
    return outcome
