"""What left in files is what left in the books."""

from backoffice.core.invariants import invariant
from finance.accounts import SELLER_PAYABLE

invariant(
    "finance.payout_batches",
    "The sum of a payout file is that of its payouts and of what the books took from the sellers.",
    f"""
    SELECT b.id, b.number, b.total_amount, p.amount, p.booked FROM finance_payoutbatch b
    LEFT JOIN LATERAL (
      SELECT count(*) AS n, sum(x.amount) AS amount, sum(g.amount) AS booked,
        count(*) FILTER (WHERE x.currency <> b.currency) AS foreign_ones,
        count(*) FILTER (WHERE x.status NOT IN ('SENT', 'PAID', 'FAILED')) AS unsent
      FROM finance_payout x
      LEFT JOIN finance_journalentry e ON e.idempotency_key = 'payout:' || x.id || ':sent'
      LEFT JOIN finance_posting g ON g.entry_id = e.id AND g.account_id = (
        SELECT id FROM finance_ledgeraccount WHERE code = '{SELLER_PAYABLE}')
      WHERE x.batch_id = b.id) p ON true
    WHERE (b.status <> 'CANCELLED'
        AND (b.payout_count, b.total_amount, 0) IS DISTINCT FROM (p.n, p.amount, p.foreign_ones))
      OR (b.status IN ('SENT', 'PAID', 'RETURNED') AND (b.total_amount IS DISTINCT FROM p.booked
        OR p.unsent > 0 OR NOT EXISTS (SELECT FROM finance_payoutfile f WHERE f.batch_id = b.id)))
      OR (b.status = 'CANCELLED' AND p.n > 0)
      OR (b.status NOT IN ('DRAFT', 'CANCELLED')
        AND (b.approved_by_id IS NULL OR b.approved_by_id = b.created_by_id))
    """,
)
invariant(
    "finance.bank_details",
    "Payouts in a file went to their own seller's account, which two persons agreed to.",
    """
    SELECT p.id, p.number, d.number AS bank_details FROM finance_payout p
    JOIN finance_bankdetails d ON d.id = p.bank_details_id
    WHERE d.seller_id <> p.seller_id OR d.currency <> p.currency OR d.approved_by_id IS NULL
      OR d.approved_by_id = d.created_by_id
    """,
)
