"""The only writer of the books: whole balanced entries, once per idempotency key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from backoffice.core.actor import current_unit, service
from backoffice.core.origins import inherited, origin_sql
from backoffice.core.sql import execute, next_ids
from finance.choices import EntryKind
from finance.models import JournalEntry


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry: debit positive, credit negative; zero lines are left out."""

    account: str
    amount: Decimal
    currency: str
    seller_id: int | None = None
    order_id: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry to be posted; nothing happens where its key is in the books already."""

    key: str
    kind: str
    source_type: str
    source_id: int
    due_on: date
    lines: Sequence[Line]
    reason: str = ""


# A closed month takes nothing more: what was due in it goes into the next open one.
POST = """
head AS MATERIALIZED ({heads}), closed AS MATERIALIZED (
  SELECT d.due_on, (
    SELECT min(m)::date FROM generate_series(date_trunc('month', d.due_on) + interval '1 month',
      (SELECT max(month) FROM finance_accountingperiod) + interval '1 month', '1 month') AS m
    WHERE NOT EXISTS (SELECT FROM finance_accountingperiod q
      WHERE q.month = m::date AND q.status = 'CLOSED')) AS next_open
  FROM (SELECT DISTINCT due_on FROM head) d
  JOIN finance_accountingperiod p ON p.month = date_trunc('month', d.due_on)::date
    AND p.status = 'CLOSED'
), entry AS (
  INSERT INTO finance_journalentry (id, kind, source_type, source_id, idempotency_key,
    effective_on, due_on, reverses_id, posted_at, posted_by_id, reason, origin)
  SELECT h.entry_id, h.kind, h.source_type, h.source_id, h.key, coalesce(c.next_open, h.due_on),
    h.due_on, h.reverses_id, %(now)s, %(actor)s, h.reason, {origin}
  FROM head h LEFT JOIN closed c ON c.due_on = h.due_on
  ORDER BY h.entry_id {once}
  RETURNING id, idempotency_key
), line AS MATERIALIZED (
  SELECT g.*, coalesce(c.next_open, g.due_on) AS effective_on
  FROM ({lines}) g LEFT JOIN closed c ON c.due_on = g.due_on
  WHERE g.amount <> 0 {new}
), posting AS (
  INSERT INTO finance_posting (entry_id, position, account_id, party_type, party_id, order_id,
    currency, amount, effective_on)
  SELECT entry_id, n, account_id, CASE WHEN seller_id IS NULL THEN '' ELSE 'SELLER' END,
    seller_id, order_id, currency, amount, effective_on
  FROM line
), moved AS MATERIALIZED (
  SELECT account_id, seller_id, currency, effective_on, sum(amount) AS amount, count(*) AS n
  FROM line GROUP BY account_id, seller_id, currency, effective_on
), balance AS (
  INSERT INTO finance_dailybalance AS b (account_id, party_type, party_id, currency, day, amount,
    postings)
  SELECT account_id, CASE WHEN seller_id IS NULL THEN '' ELSE 'SELLER' END, coalesce(seller_id, 0),
    currency, effective_on, amount, n
  FROM moved ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (account_id, party_type, party_id, currency, day)
    DO UPDATE SET amount = b.amount + excluded.amount, postings = b.postings + excluded.postings
)
"""


def accounts(*codes: str) -> str:
    """Return a query for the accounts of an entry's sides: n, account_id."""
    rows = ", ".join(f"({n}, '{code}')" for n, code in enumerate(codes, 1))
    return (
        f"SELECT s.n, a.id AS account_id FROM (VALUES {rows}) AS s(n, code)"
        " LEFT JOIN finance_ledgeraccount a ON a.code = s.code ORDER BY s.n"
    )


def posting(heads: str, lines: str, *, once: bool = False) -> tuple[str, dict[str, Any]]:
    """Return the CTEs that post what two queries select, and their parameters; `entry` is new.

    `heads` gives one row per entry: entry_id (the next of its sequence), key, kind, source_type,
    source_id, due_on, reverses_id, reason, origin (of the source). `lines` gives the sides, for
    each head at least one that is not zero: entry_id, n (their order, 1 is not zero), account_id,
    seller_id, order_id, currency, amount, due_on (of the head); zero sides are left out. A key
    that is there already is an error, or left out `once`.
    """
    unit = current_unit()
    known = {"now": unit.now, "actor": unit.actor.user_id, "origin": unit.actor.origin}
    again = {
        "once": "ON CONFLICT (idempotency_key) DO NOTHING" if once else "",
        "new": "AND g.entry_id IN (SELECT id FROM entry)" if once else "",
    }
    return POST.format(heads=heads, lines=lines, origin=origin_sql("h"), **again), known


def post_once(
    heads: str, lines: str, parameters: Mapping[str, Any], *, before: str = ""
) -> dict[str, int]:
    """Post what two queries select where its key is new; return the new entries' ids by key.

    `before` gives CTEs that both read.
    """
    ctes, known = posting(heads, lines, once=True)
    ctes = f"{before}, {ctes}" if before else ctes
    sql = f"WITH {ctes} SELECT idempotency_key, id FROM entry"
    return dict(execute(sql, {**known, **parameters}))


HEADS = """
SELECT * FROM unnest(%(entries)s::bigint[], %(keys)s::text[], %(kinds)s::text[], %(types)s::text[],
  %(sources)s::bigint[], %(days)s::date[], %(reasons)s::text[], %(origins)s::text[])
  AS h(entry_id, key, kind, source_type, source_id, due_on, reason, origin)
CROSS JOIN (SELECT NULL::bigint AS reverses_id) r
"""
LINES = """
SELECT g.*, a.id AS account_id, h.due_on
FROM unnest(%(of)s::bigint[], %(n)s::int[], %(accounts)s::text[], %(sellers)s::bigint[],
  %(orders)s::bigint[], %(currencies)s::text[], %(amounts)s::numeric[])
  AS g(entry_id, n, account, seller_id, order_id, currency, amount)
JOIN head h ON h.entry_id = g.entry_id
LEFT JOIN finance_ledgeraccount a ON a.code = g.account
"""


@service
def post_entries(entries: Sequence[Entry], *, now: datetime, reason: str = "") -> dict[str, int]:
    """Post entries that are not in the books yet; return the ids of the new ones by key."""
    # In the order of their keys, so that two callers with the same entries never cross.
    whole = [
        (e, sides)
        for e in sorted(entries, key=lambda e: e.key)
        if (sides := [line for line in e.lines if line.amount])
    ]
    if not whole:
        return {}
    heads = [e for e, _ in whole]
    ids = next_ids(JournalEntry, len(whole))
    rows = [
        (pk, n, line)
        for pk, (_, sides) in zip(ids, whole, strict=True)
        for n, line in enumerate(sides, 1)
    ]
    return post_once(
        HEADS,
        LINES,
        {
            "entries": ids,
            "keys": [e.key for e in heads],
            "kinds": [e.kind for e in heads],
            "types": [e.source_type for e in heads],
            "sources": [e.source_id for e in heads],
            "days": [e.due_on for e in heads],
            "reasons": [(e.reason or reason)[:300] for e in heads],
            "origins": inherited([(e.source_type, e.source_id) for e in heads]),
            "of": [pk for pk, _, _ in rows],
            "n": [n for _, n, _ in rows],
            "accounts": [line.account for _, _, line in rows],
            "sellers": [line.seller_id for _, _, line in rows],
            "orders": [line.order_id for _, _, line in rows],
            "currencies": [line.currency for _, _, line in rows],
            "amounts": [line.amount for _, _, line in rows],
        },
    )


REVERSING = f"""
SELECT t.new_id AS entry_id, 'reverse:' || e.id AS key, '{EntryKind.REVERSAL}' AS kind,
  e.source_type, e.source_id, greatest(%(day)s::date, e.effective_on) AS due_on,
  e.id AS reverses_id, %(reason)s AS reason, e.origin
FROM unnest(%(ids)s::bigint[], %(entries)s::bigint[]) AS t(id, new_id)
JOIN finance_journalentry e ON e.id = t.id AND e.kind <> '{EntryKind.REVERSAL}'
"""
REVERSED = """
SELECT t.new_id AS entry_id, p.position AS n, p.account_id, p.party_id AS seller_id, p.order_id,
  p.currency, -p.amount AS amount, h.due_on
FROM unnest(%(ids)s::bigint[], %(entries)s::bigint[]) AS t(id, new_id)
JOIN head h ON h.entry_id = t.new_id
JOIN finance_posting p ON p.entry_id = t.id
"""


@service
def reverse_entries(
    entry_ids: Sequence[int], *, now: datetime, day: date, reason: str = ""
) -> dict[str, int]:
    """Take entries back by entries of their own, each at most once; return the new ones."""
    ids = sorted(set(entry_ids))
    asked = {"ids": ids, "entries": next_ids(JournalEntry, len(ids)), "day": day}
    return post_once(REVERSING, REVERSED, {**asked, "reason": reason[:300]})
