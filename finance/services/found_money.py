"""Payments, refunds and payouts without an answer that a proved file tells of: recorded."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_noop

from backoffice.core.locks import lock
from backoffice.core.sql import execute
from finance.choices import PaymentStatus, RefundStatus
from finance.models import Payment, Payout, Refund
from finance.services.candidates import CANDIDATES, asked
from finance.services.commands import RecordPayment, RefundResult
from finance.services.payments import record_payments
from finance.services.payouts import pay_payouts
from finance.services.refund_results import record_refund_results
from orders.models import Order

FOUND = gettext_noop("found in a file")
# Named by a reference or our number, by one row alone, with just the amount that was asked for.
WITHOUT_ANSWER = f"""
WITH {CANDIDATES}, one AS (
  SELECT b.*, count(*) OVER (PARTITION BY row_id) AS of_row,
    count(*) OVER (PARTITION BY subject_type, subject_id, kind) AS of_subject FROM best b
)
SELECT o.subject_type, o.subject_id, o.order_id, o.happened_at, p.provider,
  coalesce(p.external_id, nullif(r.external_id, ''), 'row:' || r.id), p.number, p.amount,
  p.currency, b.payment_id, r.external_id
FROM one o JOIN finance_filerow r ON r.id = o.row_id
LEFT JOIN finance_payment p ON p.id = o.subject_id AND o.subject_type = 'finance.payment'
LEFT JOIN finance_refund b ON b.id = o.subject_id AND o.subject_type = 'finance.refund'
WHERE NOT o.is_settled AND NOT o.is_taken AND o.rank < 3 AND o.of_row = 1 AND o.of_subject = 1
  AND o.gross_amount = o.expected AND o.kind <> 'CHARGEBACK' AND o.control = 'PROVED'
ORDER BY o.subject_type, o.subject_id
"""


def record_found(row_ids: Sequence[int], *, now: datetime) -> None:
    """Record what waited for an answer and stands in proved files, inside a service."""
    rows = execute(WITHOUT_ANSWER, asked(row_ids))
    if not rows:
        return
    of = {
        kind: [row for row in rows if row[0] == kind]
        for kind in ("finance.payment", "finance.refund", "finance.payout")
    }
    payments, refunds, payouts = of.values()
    lock(Order, [row[2] for row in rows if row[2]])
    lock(Payment, [row[1] for row in payments] + [row[9] for row in refunds])
    lock(Refund, [row[1] for row in refunds])
    lock(Payout, [row[1] for row in payouts])
    if payments:
        reports = [
            RecordPayment(
                provider,
                external_id,
                PaymentStatus.CAPTURED,
                amount,
                currency,
                order_id=order_id,
                reference=number,
                at=at,
            )
            for _, _, order_id, at, provider, external_id, number, amount, currency, _, _ in (
                payments
            )
        ]
        record_payments(reports, now=now, reason=FOUND)
    if refunds:
        results = [
            RefundResult(row[1], RefundStatus.SUCCEEDED, row[10], at=row[3]) for row in refunds
        ]
        record_refund_results(results, now=now, reason=FOUND)
    if payouts:
        pay_payouts([row[1] for row in payouts], now=now, reason=FOUND)
