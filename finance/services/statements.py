"""Sellers' statements: a period's entries, each in one statement, and the rolling reserve."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from backoffice.core.actor import current_unit, service
from backoffice.core.choices import Origin
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.money import round_amount
from backoffice.core.sql import execute, insert_rows, next_ids
from finance.accounts import SELLER_PAYABLE, SELLER_RESERVE
from finance.choices import EntryKind
from finance.models import CommissionContract, SellerStatement
from finance.services.ledger import Entry, Line, post_entries

ZERO = Decimal(0)

# A period ends with the week or month before today, on the contract's own calendar.
DUE = f"""
WITH pair AS (
  SELECT DISTINCT b.party_id AS seller_id, b.currency FROM finance_dailybalance b
  JOIN finance_ledgeraccount a ON a.id = b.account_id AND a.code = '{SELLER_PAYABLE}'
  WHERE b.party_type = 'SELLER' AND (%(sellers)s::bigint[] IS NULL OR b.party_id = ANY(%(sellers)s))
), contract AS (
  SELECT DISTINCT ON (p.seller_id, p.currency) p.seller_id, p.currency, c.id, c.reserve_share,
    c.reserve_days, coalesce(%(day)s::date, CASE c.payout_schedule
      WHEN 'WEEKLY' THEN date_trunc('week', %(now)s AT TIME ZONE c.time_zone)::date - 1
      ELSE date_trunc('month', %(now)s AT TIME ZONE c.time_zone)::date - 1 END) AS ends_on
  FROM pair p JOIN finance_commissioncontract c ON c.is_active AND c.currency IN ('', p.currency)
    AND (c.seller_id = p.seller_id OR c.seller_id IS NULL)
  ORDER BY p.seller_id, p.currency, c.seller_id NULLS LAST, c.currency DESC
)
SELECT c.seller_id, c.currency, c.id, c.reserve_share, c.reserve_days, c.ends_on FROM contract c
WHERE NOT EXISTS (SELECT FROM finance_sellerstatement s WHERE s.seller_id = c.seller_id
  AND s.currency = c.currency AND s.ends_on >= c.ends_on)
ORDER BY c.seller_id, c.currency
"""
CLAIM_LINES = f"""
INSERT INTO finance_statementline (statement_id, seller_id, entry_id, amount)
SELECT g.statement_id, p.party_id, p.entry_id, -p.amount
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::date[])
  AS g(statement_id, seller_id, currency, ends_on)
JOIN finance_ledgeraccount a ON a.code = '{SELLER_PAYABLE}'
JOIN finance_posting p ON p.party_id = g.seller_id AND p.account_id = a.id
  AND p.currency = g.currency AND p.effective_on <= g.ends_on
WHERE NOT EXISTS (SELECT FROM finance_statementline l
  WHERE l.seller_id = p.party_id AND l.entry_id = p.entry_id)
"""
# What was paid to the seller and came back is one movement for the seller.
SUMS = """
SELECT l.statement_id, CASE WHEN e.kind = 'REVERSAL' AND e.source_type = 'finance.payout'
  THEN 'PAYOUT' ELSE e.kind END AS kind, sum(l.amount), min(e.effective_on)
FROM finance_statementline l JOIN finance_journalentry e ON e.id = l.entry_id
WHERE l.statement_id = ANY(%s) GROUP BY 1, 2
"""
# A statement of demo orders alone is a demo statement.
SHARED_ORIGIN = """
SELECT l.statement_id, min(e.origin) FROM finance_statementline l
JOIN finance_journalentry e ON e.id = l.entry_id
WHERE l.statement_id = ANY(%s) GROUP BY 1 HAVING count(DISTINCT e.origin) = 1
"""
BEFORE = """
SELECT DISTINCT ON (seller_id, currency) seller_id, currency, closing_amount, ends_on
FROM finance_sellerstatement WHERE seller_id = ANY(%s) ORDER BY seller_id, currency, ends_on DESC
"""
RESERVES = """
SELECT id, seller_id, currency, held_amount, reserve_release_on FROM finance_sellerstatement
WHERE reserve_released_at IS NULL AND held_amount > 0 AND reserve_release_on <= %s ORDER BY id
"""
HOLD_LINES = """
INSERT INTO finance_statementline (statement_id, seller_id, entry_id, amount)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::numeric[])
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A seller's period that ends now."""

    seller_id: int
    currency: str
    contract_id: int
    reserve_share: Decimal
    reserve_days: int
    ends_on: date


@service
def create_statements(
    *,
    now: datetime,
    ends_on: date | None = None,
    seller_ids: Sequence[int] | None = None,
    reason: str = "",
) -> list[int]:
    """Close sellers' periods, by the calendar of their contracts or on a given day.

    Entries that came late for an earlier period are in the next statement. A seller without any
    new entry gets none.
    """
    release_reserves(now=now)
    asked = {"now": now, "day": ends_on, "sellers": list(seller_ids) if seller_ids else None}
    lock(CommissionContract, {row[2] for row in execute(DUE, asked)})
    # Read again under the lock: another run may have closed the period meanwhile.
    dues = [Due(*row) for row in execute(DUE, asked)]
    if not dues:
        return []
    ids = next_ids(SellerStatement, len(dues))
    execute(
        CLAIM_LINES,
        [
            ids,
            [d.seller_id for d in dues],
            [d.currency for d in dues],
            [d.ends_on for d in dues],
        ],
    )
    sums: dict[int, dict[str, Decimal]] = {}
    first: dict[int, date] = {}
    for pk, kind, amount, day in execute(SUMS, [ids]):
        sums.setdefault(pk, {})[kind] = amount
        first[pk] = min(day, first.get(pk, day))
    before = {
        (seller, currency): (closing, last)
        for seller, currency, closing, last in execute(BEFORE, [[d.seller_id for d in dues]])
    }
    kept = [(pk, d) for pk, d in zip(ids, dues, strict=True) if pk in sums]
    _insert(kept, sums, first, before, now=now)
    return [pk for pk, _ in kept]


def _insert(
    kept: Sequence[tuple[int, Due]],
    sums: dict[int, dict[str, Decimal]],
    first: dict[int, date],
    before: dict[tuple[int, str], tuple[Decimal, date]],
    *,
    now: datetime,
) -> None:
    if not kept:
        return
    rows: list[dict[str, Any]] = []
    origins = dict(execute(SHARED_ORIGIN, [[pk for pk, _ in kept]]))
    for pk, due in kept:
        parts = dict(sums[pk])
        opening, last = before.get((due.seller_id, due.currency), (ZERO, None))
        sales = parts.pop(EntryKind.SETTLEMENT, ZERO)
        refunds = parts.pop(EntryKind.REFUND_SHARE, ZERO)
        payouts = parts.pop(EntryKind.PAYOUT, ZERO)
        released = parts.pop(EntryKind.RESERVE_RELEASE, ZERO)
        other = sum(parts.values(), ZERO)
        held = round_amount(max(sales + refunds, ZERO) * due.reserve_share, due.currency)
        starts_on = date.fromordinal(last.toordinal() + 1) if last else first[pk]
        rows.append(
            {
                "id": pk,
                "seller_id": due.seller_id,
                "contract_id": due.contract_id,
                "currency": due.currency,
                "starts_on": min(starts_on, due.ends_on),
                "ends_on": due.ends_on,
                "opening_amount": opening,
                "sales_amount": sales,
                "refunds_amount": refunds,
                "payouts_amount": payouts,
                "other_amount": other,
                "held_amount": held,
                "released_amount": released,
                "origin": origins.get(pk, Origin.LIVE),
                "closing_amount": opening + sales + refunds + payouts + other + released - held,
                "reserve_release_on": date.fromordinal(due.ends_on.toordinal() + due.reserve_days)
                if held
                else None,
            }
        )
    insert_rows(SellerStatement, {name: [r[name] for r in rows] for name in rows[0]})
    _hold(rows, now=now)
    emit(
        "statement.created",
        [
            Fact(r["id"], None, {"closing": str(r["closing_amount"]), "currency": r["currency"]})
            for r in rows
        ],
    )


def _hold(rows: Sequence[dict], *, now: datetime) -> None:
    held = {f"reserve:{r['id']}": r for r in rows if r["held_amount"]}
    if not held:
        return
    posted = post_entries(
        [
            Entry(
                key,
                EntryKind.RESERVE,
                "finance.sellerstatement",
                r["id"],
                r["ends_on"],
                _reserve_lines(r["held_amount"], r["currency"], r["seller_id"]),
            )
            for key, r in held.items()
        ],
        now=now,
    )
    execute(
        HOLD_LINES,
        [
            [r["id"] for r in held.values()],
            [r["seller_id"] for r in held.values()],
            [posted[key] for key in held],
            [-r["held_amount"] for r in held.values()],
        ],
    )


def _reserve_lines(amount: Decimal, currency: str, seller_id: int) -> list[Line]:
    """Return the lines that hold an amount back; a negative one is released."""
    return [
        Line(SELLER_PAYABLE, amount, currency, seller_id),
        Line(SELLER_RESERVE, -amount, currency, seller_id),
    ]


@service
def release_reserves(*, now: datetime) -> list[int]:
    """Make payable what was held back long enough."""
    today = now.date()
    ids = lock(SellerStatement, [row[0] for row in execute(RESERVES, [today])])
    rows = [row for row in execute(RESERVES, [today]) if row[0] in set(ids)]
    if not rows:
        return []
    post_entries(
        [
            Entry(
                f"reserve-release:{pk}",
                EntryKind.RESERVE_RELEASE,
                "finance.sellerstatement",
                pk,
                day,
                _reserve_lines(-amount, currency, seller_id),
            )
            for pk, seller_id, currency, amount, day in rows
        ],
        now=now,
    )
    unit = current_unit()
    SellerStatement.objects.filter(pk__any=[row[0] for row in rows]).update(
        reserve_released_at=now, updated_at=now, modified_by_id=unit.actor.user_id
    )
    emit("statement.reserve_released", [Fact(row[0]) for row in rows])
    return [row[0] for row in rows]
