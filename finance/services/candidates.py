"""What rows of files may belong to: by the provider's reference, our number, amount and day.

One query for matching, for saying why a row is not matched, and for what staff are offered.
"""

from collections.abc import Sequence
from typing import Any

from finance.choices import SYSTEMS
from finance.models import PaymentProvider

# What channels took themselves is told by the files of the system behind them.
CHANNEL_SYSTEMS = ("shopify", "amazon")
DAYS = 3


def providers_of_systems() -> dict[str, Any]:
    """Return which providers' payments each system's files tell of, as two columns."""
    pairs = {(system, system) for system in SYSTEMS}
    pairs |= {(system, "channel") for system in CHANNEL_SYSTEMS}
    named = PaymentProvider.objects.exclude(files_of="")
    pairs |= set(named.values_list("files_of", "code"))
    return {
        "systems": [system for system, _code in sorted(pairs)],
        "providers": [code for _system, code in sorted(pairs)],
    }


def asked(row_ids: Sequence[int]) -> dict[str, Any]:
    """Return the parameters of a query that begins with CANDIDATES."""
    return {"rows": list(row_ids), **providers_of_systems()}


LIVE = "m.undone_at IS NULL"
# A subject is taken where a row of the same kind is matched with it.
TAKEN = f"""EXISTS (SELECT FROM finance_reconciliationmatch m WHERE m.subject_type = %s
  AND m.subject_id = %s AND m.kind = r.kind AND {LIVE} AND m.rule <> 'SAME')"""


def _taken(subject: str, key: str) -> str:
    return TAKEN.replace("%s", f"'{subject}'", 1).replace("%s", key, 1)


# By steps of the smallest unit, so that amounts can be hashed: the tolerance is at most five.
NEAR = """CROSS JOIN LATERAL generate_series(
  abs(r.gross_amount) - r.tolerance, abs(r.gross_amount) + r.tolerance, r.unit) AS near(amount)"""

CANDIDATES = f"""
r AS MATERIALIZED (
  SELECT r.id, r.kind, r.currency, r.gross_amount, r.external_id, r.reference, r.happened_at,
    r.payment_reference, f.is_bank, f.control, split_part(f.format, '-', 1) AS system,
    coalesce(p.tolerance, 0) AS tolerance, coalesce(p.days, {DAYS}) * interval '1 day' AS days,
    power(10::numeric, -currency_exponent(r.currency)) AS unit
  FROM finance_filerow r JOIN finance_providerfile f ON f.id = r.file_id
  LEFT JOIN finance_reconciliationpolicy p ON p.currency = r.currency AND p.is_active
  WHERE r.id = ANY(%(rows)s)
), told AS MATERIALIZED (
  SELECT r.*, s.provider FROM r JOIN unnest(%(systems)s::text[], %(providers)s::text[])
    AS s(system, provider) ON s.system = r.system
  WHERE NOT r.is_bank
), named AS MATERIALIZED (
  SELECT DISTINCT t.id, t.provider, k.name, k.is_number FROM told t CROSS JOIN LATERAL (VALUES
    (t.external_id, true), (t.payment_reference, false), (t.reference, true)) k(name, is_number)
  WHERE k.name <> ''
), words AS MATERIALIZED (
  SELECT DISTINCT r.id, w.word FROM r CROSS JOIN LATERAL regexp_split_to_table(
    upper(r.external_id || ' ' || r.reference), '[^A-Z0-9_-]+') AS w(word)
  WHERE r.is_bank AND length(w.word) >= 4 AND w.word ~ '[0-9]'
), payout AS MATERIALIZED (
  SELECT q.id, q.currency, q.paid_amount, q.happened_at, upper(q.batch) AS batch,
    upper(q.external_id) AS external_id
  FROM finance_filerow q WHERE q.paid_amount <> 0 AND EXISTS (SELECT FROM r WHERE r.is_bank)
    AND NOT EXISTS (SELECT FROM finance_reconciliationmatch m WHERE m.subject_id = q.id
      AND m.subject_type = 'finance.filerow' AND {LIVE} AND m.rule <> 'SAME')
    AND NOT EXISTS (SELECT FROM finance_reconciliationmatch m WHERE m.row_id = q.id
      AND {LIVE} AND m.rule = 'SAME')
), of_order AS MATERIALIZED (
  SELECT n.id, n.provider, o.id AS order_id FROM named n
  JOIN orders_order o ON o.order_number = n.name WHERE n.is_number
  UNION
  SELECT n.id, n.provider, o.id FROM named n
  JOIN orders_order o ON o.external_id = n.name WHERE n.is_number
), found AS (
  SELECT n.id AS row_id, 1 AS rank, 'finance.payment' AS subject_type, p.id AS subject_id
  FROM named n JOIN finance_payment p ON p.provider = n.provider AND p.external_id = n.name
  UNION
  SELECT n.id, 2, 'finance.payment', p.id
  FROM named n JOIN finance_payment p ON p.number = n.name AND p.provider = n.provider
  WHERE n.is_number
  UNION
  SELECT o.id, 2, 'finance.payment', p.id
  FROM of_order o JOIN finance_payment p ON p.order_id = o.order_id AND p.provider = o.provider
  UNION
  SELECT r.id, 3, 'finance.payment', p.id FROM told r {NEAR}
  JOIN finance_payment p ON p.provider = r.provider AND p.currency = r.currency
    AND p.captured_amount = near.amount
    AND p.captured_at BETWEEN r.happened_at - r.days AND r.happened_at + r.days
  WHERE r.kind = 'PAYMENT' AND r.gross_amount > 0
  UNION
  SELECT n.id, 1, 'finance.refund', b.id
  FROM named n JOIN finance_payment p ON p.provider = n.provider AND p.external_id = n.name
  JOIN r ON r.id = n.id AND r.kind = 'REFUND'
  JOIN finance_refund b ON b.payment_id = p.id AND (b.amount = -r.gross_amount
    OR b.external_id IN (r.external_id, r.reference))
  UNION
  SELECT n.id, 2, 'finance.refund', b.id
  FROM named n JOIN finance_refund b ON b.number = n.name AND n.is_number
  JOIN finance_payment p ON p.id = b.payment_id AND p.provider = n.provider
  UNION
  SELECT o.id, 2, 'finance.refund', b.id
  FROM of_order o JOIN finance_refund b ON b.order_id = o.order_id
  JOIN finance_payment p ON p.id = b.payment_id AND p.provider = o.provider
  UNION
  SELECT r.id, 3, 'finance.refund', b.id FROM told r
  JOIN finance_refund b ON b.currency = r.currency AND b.amount = -r.gross_amount
    AND b.succeeded_at BETWEEN r.happened_at - r.days AND r.happened_at + r.days
  JOIN finance_payment p ON p.id = b.payment_id AND p.provider = r.provider
  WHERE r.kind = 'REFUND'
  UNION
  SELECT w.id, 1, 'finance.filerow', q.id FROM words w
  JOIN payout q ON w.word IN (q.batch, q.external_id)
  UNION
  SELECT w.id, 2, 'finance.payout', o.id FROM words w JOIN finance_payout o ON o.number = w.word
  UNION
  SELECT w.id, 2, 'finance.payment', p.id FROM words w
  JOIN finance_payment p ON p.number = w.word
  UNION
  SELECT w.id, 2, 'finance.payment', p.id FROM words w
  JOIN orders_order o ON o.order_number = w.word JOIN finance_payment p ON p.order_id = o.id
  UNION
  SELECT w.id, 2, 'finance.refund', b.id FROM words w JOIN finance_refund b ON b.number = w.word
  UNION
  SELECT r.id, 3, 'finance.filerow', q.id FROM r JOIN payout q ON q.currency = r.currency
    AND abs(q.paid_amount - r.gross_amount) <= r.tolerance
    -- A payout is under way for days, and never arrives before it left.
    AND q.happened_at BETWEEN r.happened_at - r.days - interval '4 days'
      AND r.happened_at + interval '1 day'
  WHERE r.is_bank
  UNION
  SELECT r.id, 3, 'finance.payout', o.id FROM r JOIN finance_payout o ON o.currency = r.currency
    AND o.amount = -r.gross_amount
    AND o.sent_at BETWEEN r.happened_at - r.days - interval '4 days'
      AND r.happened_at + interval '1 day'
  WHERE r.is_bank
), candidate AS MATERIALIZED (
  SELECT r.id AS row_id, r.kind, r.currency, r.gross_amount, r.tolerance, r.happened_at,
    r.control, f.rank, f.subject_type, f.subject_id,
    CASE WHEN r.kind = 'CHARGEBACK' THEN r.gross_amount
      WHEN p.status = 'CAPTURED' THEN p.captured_amount
      WHEN p.id IS NOT NULL THEN p.amount END AS expected,
    p.status = 'CAPTURED' AS is_settled,
    r.kind <> 'CHARGEBACK' AND {_taken("finance.payment", "p.id")} AS is_taken, p.order_id,
    p.number, coalesce(p.captured_at, p.created_at) AS at
  FROM found f JOIN r ON r.id = f.row_id JOIN finance_payment p ON p.id = f.subject_id
  WHERE f.subject_type = 'finance.payment' AND p.currency = r.currency
    AND (r.kind IN ('PAYMENT', 'CHARGEBACK') OR (r.is_bank AND r.gross_amount > 0))
  UNION ALL
  SELECT r.id, r.kind, r.currency, r.gross_amount, r.tolerance, r.happened_at, r.control, f.rank,
    f.subject_type, f.subject_id, -b.amount, b.status = 'SUCCEEDED',
    {_taken("finance.refund", "b.id")}, b.order_id, b.number,
    coalesce(b.succeeded_at, b.created_at)
  FROM found f JOIN r ON r.id = f.row_id JOIN finance_refund b ON b.id = f.subject_id
  WHERE f.subject_type = 'finance.refund' AND b.payment_id IS NOT NULL
    AND b.currency = r.currency
    AND b.status NOT IN ('CANCELLED', 'REQUESTED')
    AND (r.kind = 'REFUND' OR (r.is_bank AND r.gross_amount < 0))
  UNION ALL
  SELECT r.id, r.kind, r.currency, r.gross_amount, r.tolerance, r.happened_at, r.control, f.rank,
    f.subject_type, f.subject_id, q.paid_amount, true, false, NULL, q.batch, q.happened_at
  FROM found f JOIN r ON r.id = f.row_id JOIN payout q ON q.id = f.subject_id
  WHERE f.subject_type = 'finance.filerow' AND q.currency = r.currency
  UNION ALL
  SELECT r.id, r.kind, r.currency, r.gross_amount, r.tolerance, r.happened_at, r.control, f.rank,
    f.subject_type, f.subject_id, -o.amount, o.status = 'PAID',
    {_taken("finance.payout", "o.id")}, NULL, o.number, o.sent_at
  FROM found f JOIN r ON r.id = f.row_id JOIN finance_payout o ON o.id = f.subject_id
  WHERE f.subject_type = 'finance.payout' AND o.currency = r.currency
    AND o.status IN ('SENT', 'PAID') AND r.gross_amount < 0
), best AS MATERIALIZED (
  SELECT * FROM (
    SELECT c.*, min(rank) OVER (PARTITION BY row_id, subject_type, subject_id) AS own,
      min(rank) OVER (PARTITION BY row_id) AS top
    FROM candidate c
    -- What somebody undid is not matched so again.
    WHERE NOT EXISTS (SELECT FROM finance_reconciliationmatch m WHERE m.row_id = c.row_id
      AND m.subject_type = c.subject_type AND m.subject_id = c.subject_id
      AND m.undone_at IS NOT NULL)) c
  WHERE rank = top
)
"""
