"""Payments that are asked for at a provider: claimed, asked outside, noted."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import F

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import claim, lock
from backoffice.core.sql import execute, insert_rows
from finance.choices import PaymentStatus
from finance.models import Payment, PaymentProvider
from finance.services.columns import per_row
from orders.models import Order

RETRY = timedelta(seconds=30)
LONGEST = timedelta(hours=1)
# Nothing is asked for behind the back of a payment that failed: the shop knows better.
WANTING = """
SELECT o.id, o.currency, m.missing FROM orders_order o
JOIN orders_saleschannel c ON c.id = o.channel_id
CROSS JOIN LATERAL (SELECT o.total_amount - o.captured_amount - o.authorised_amount AS missing) m
WHERE o.id = ANY(%s) AND c.payment_terms = 'PREPAID' AND o.origin IN ('LIVE', 'DEMO')
  AND o.status IN ('PENDING', 'CONFIRMED') AND m.missing > 0
  AND NOT EXISTS (SELECT FROM finance_payment p WHERE p.order_id = o.id
    AND p.status IN ('PENDING', 'FAILED'))
ORDER BY o.id
"""


@service
def request_payments(
    order_ids: Sequence[int], *, now: datetime, providers: Sequence[str], reason: str = ""
) -> list[int]:
    """Note that what prepaid orders lack is to be paid at a provider."""
    asking = PaymentProvider.objects.filter(
        code__any=list(providers), is_active=True, requests_payments=True
    )
    provider = asking.order_by("pk").values_list("code", flat=True).first()
    if provider is None:
        return []
    orders = lock(Order, order_ids)
    rows = execute(WANTING, [orders])
    if not rows:
        return []
    inserted = insert_rows(
        Payment,
        {
            "order_id": [pk for pk, _, _ in rows],
            "currency": [currency for _, currency, _ in rows],
            "amount": [total for _, _, total in rows],
        },
        constants={
            "provider": provider,
            "status": PaymentStatus.PENDING,
            "next_attempt_at": now,
        },
        returning="id, order_id, amount, currency",
    )
    emit(
        "payment.requested",
        [
            Fact(pk, order_id, {"amount": str(amount), "currency": currency})
            for pk, order_id, amount, currency in inserted
        ],
    )
    return [row[0] for row in inserted]


@service
def claim_requests(*, now: datetime, providers: Sequence[str], limit: int = 50) -> list[int]:
    """Return payments that are to be asked for now, and put their next attempt off."""
    wanted = claim(
        "SELECT id FROM finance_payment WHERE status = 'PENDING' AND external_id IS NULL"
        " AND next_attempt_at <= %s AND origin <> 'IMPORT' AND provider = ANY(%s)"
        f" ORDER BY next_attempt_at, id LIMIT {int(limit)}",
        [now, list(providers)],
    )
    payments = lock(Payment, wanted, skip_locked=True)
    rows = Payment.objects.filter(pk__any=payments)
    later = {
        pk: now + min(LONGEST, RETRY * 2 ** min(n, 8))
        for pk, n in rows.values_list("pk", "attempts")
    }
    if later:
        _update(
            payments,
            next_attempt_at=per_row(Payment._meta.get_field("next_attempt_at"), later),
            attempts=F("attempts") + 1,
        )
    return payments


@service
def note_requests(ids: Mapping[int, str], *, now: datetime) -> None:
    """Note under which ids the provider knows payments."""
    payments = lock(Payment, ids)
    new = Payment.objects.filter(pk__any=payments, external_id__isnull=True)
    values = {pk: ids[pk] for pk in new.values_list("pk", flat=True)}
    if values:
        field = Payment._meta.get_field("external_id")
        _update(list(values), external_id=per_row(field, values))


def _update(payment_ids: Sequence[int], **values: object) -> None:
    unit = current_unit()
    Payment.objects.filter(pk__any=list(payment_ids)).update(
        **values, updated_at=unit.now, modified_by_id=unit.actor.user_id
    )
    orders = Payment.objects.filter(pk__any=list(payment_ids)).order_by("pk")
    emit(
        "payment.requested",
        [Fact(pk, order_id) for pk, order_id in orders.values_list("pk", "order_id")],
    )
