"""What a month of the books comes to: trial balance, result, position, sellers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from backoffice.core.sql import execute
from finance.accounts import IN_TRANSIT, SELLER_PAYABLE, SELLER_RESERVE
from finance.choices import AccountKind
from finance.models import AccountingPeriod

# Closed months come from their snapshots, the others from the days.
TRIAL = """
WITH monthly AS (
  SELECT p.month, b.account_id, b.currency, b.amount FROM finance_periodbalance b
  JOIN finance_accountingperiod p ON p.id = b.period_id AND p.month <= %(month)s
  UNION ALL
  SELECT date_trunc('month', d.day)::date, d.account_id, d.currency, d.amount
  FROM finance_dailybalance d
  WHERE d.day < %(month)s::date + interval '1 month'
    AND NOT EXISTS (SELECT FROM finance_accountingperiod p
      WHERE p.balance_hash <> '' AND p.month = date_trunc('month', d.day)::date)
)
SELECT a.code, a.name, a.kind, m.currency,
  coalesce(sum(m.amount) FILTER (WHERE m.month < %(month)s), 0),
  coalesce(sum(m.amount) FILTER (WHERE m.month = %(month)s), 0)
FROM monthly m JOIN finance_ledgeraccount a ON a.id = m.account_id
GROUP BY a.code, a.name, a.kind, m.currency ORDER BY m.currency, a.code
"""
SELLERS = f"""
SELECT s.code, s.name, b.currency,
  -coalesce(sum(b.amount) FILTER (WHERE a.code = '{SELLER_PAYABLE}'), 0),
  -coalesce(sum(b.amount) FILTER (WHERE a.code = '{SELLER_RESERVE}'), 0),
  -coalesce(sum(b.amount) FILTER (WHERE a.code = '{IN_TRANSIT}'), 0)
FROM finance_dailybalance b
JOIN finance_ledgeraccount a ON a.id = b.account_id
  AND a.code IN ('{SELLER_PAYABLE}', '{SELLER_RESERVE}', '{IN_TRANSIT}')
JOIN inventory_seller s ON s.id = b.party_id
WHERE b.party_type = 'SELLER' AND b.day < %(month)s::date + interval '1 month'
GROUP BY s.code, s.name, b.currency
HAVING count(*) FILTER (WHERE b.amount <> 0) > 0 ORDER BY b.currency, 4 DESC, s.code LIMIT %(limit)s
"""
POSTINGS = """
SELECT e.id, e.effective_on, e.kind, e.idempotency_key, a.code, a.name, a.kind, p.currency,
  p.amount, coalesce(o.order_number, ''), coalesce(s.code, '')
FROM finance_journalentry e JOIN finance_posting p ON p.entry_id = e.id
JOIN finance_ledgeraccount a ON a.id = p.account_id
LEFT JOIN orders_order o ON o.id = p.order_id
LEFT JOIN inventory_seller s ON s.id = p.party_id AND p.party_type = 'SELLER'
WHERE e.effective_on >= %s AND e.effective_on <= %s ORDER BY e.effective_on, e.id, p.position
"""
CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Balance:
    """An account in a month, debit positive."""

    code: str
    name: str
    kind: str
    currency: str
    opening: Decimal
    moved: Decimal

    @property
    def closing(self) -> Decimal:
        return self.opening + self.moved

    @property
    def is_result(self) -> bool:
        return self.kind in (AccountKind.INCOME, AccountKind.EXPENSE)


@dataclass(frozen=True, slots=True)
class SellerBalance:
    """What a seller is owed at a month's end: payable, held back, on its way."""

    code: str
    name: str
    currency: str
    payable: Decimal
    reserve: Decimal
    in_transit: Decimal


@dataclass(frozen=True, slots=True)
class BookLine:
    """A posting with what it belongs to, as it is handed to other books."""

    entry_id: int
    day: date
    entry_kind: str
    key: str
    account: str
    account_name: str
    account_kind: str
    currency: str
    amount: Decimal
    order_number: str
    seller: str


def last_day(month: date) -> date:
    """Return the last day of a month given by its first."""
    return (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def month_balances(month: date) -> list[Balance]:
    """Return every account that was ever used, before and in a month."""
    return [Balance(*row) for row in execute(TRIAL, {"month": month})]


def seller_balances(month: date, limit: int) -> list[SellerBalance]:
    """Return what sellers are owed at the end of a month, the most first."""
    return [SellerBalance(*row) for row in execute(SELLERS, {"month": month, "limit": limit})]


def book_lines(first: date, last: date) -> Iterator[BookLine]:
    """Yield the postings of some days by entry, as they are read from the database."""
    with connection.cursor() as cursor:
        cursor.execute(POSTINGS, [first, last])
        while rows := cursor.fetchmany(CHUNK):
            for row in rows:
                yield BookLine(*row)


@dataclass(frozen=True, slots=True)
class Check:
    """A point of the month's end: how many are open, and the list that shows them."""

    label: Any
    document: str
    query: str
    open: int


COUNTED = 1000
CHECKS = (
    (
        _("Orders that are due are settled"),
        "finance.settlementdue",
        "is_due=true",
        "SELECT order_id FROM finance_settlementdue WHERE due_at <= %(now)s",
    ),
    (
        _("Refunds have an answer"),
        "finance.refund",
        "status=UNKNOWN",
        "SELECT id FROM finance_refund WHERE status = 'UNKNOWN'",
    ),
    (
        _("Payouts that were sent are paid or came back"),
        "finance.payout",
        "status=SENT",
        "SELECT id FROM finance_payout WHERE status = 'SENT'",
    ),
    (
        _("Payout batches are decided"),
        "finance.payoutbatch",
        "status=DRAFT&status=APPROVED",
        "SELECT id FROM finance_payoutbatch WHERE status IN ('DRAFT', 'APPROVED')",
    ),
    (
        _("Files of providers and banks are taken"),
        "finance.providerfile",
        "control=REFUSED",
        "SELECT id FROM finance_providerfile WHERE control = 'REFUSED'"
        " AND imported_at >= %(month)s",
    ),
    (
        _("Earlier months are closed"),
        "finance.accountingperiod",
        "status=OPEN",
        "SELECT id FROM finance_accountingperiod WHERE status = 'OPEN' AND month < %(month)s",
    ),
)


def month_end_checks(period: AccountingPeriod, now: datetime) -> list[Check]:
    """Return what should be done before a month is closed; up to a thousand are counted."""
    asked = {"month": period.month, "now": now}
    counts = ", ".join(
        f"(SELECT count(*) FROM ({sql} LIMIT {COUNTED}) x)" for *_rest, sql in CHECKS
    )
    [found] = execute(f"SELECT {counts}", asked)
    return [
        Check(label, document, query, count)
        for (label, document, query, _sql), count in zip(CHECKS, found, strict=True)
    ]
