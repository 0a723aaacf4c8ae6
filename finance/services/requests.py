"""Payments that providers are asked for, and those called off: claimed, called outside, noted."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Case, F, Value, When

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
    return _put_off(wanted, "payment.requested", now=now)


@service
def claim_cancellations(*, now: datetime, providers: Sequence[str], limit: int = 50) -> list[int]:
    """Return payments that are to be called off now, and put their next attempt off."""
    wanted = claim(
        "SELECT id FROM finance_payment WHERE status = 'VOIDED' AND next_attempt_at <= %s"
        " AND origin <> 'IMPORT' AND provider = ANY(%s)"
        f" ORDER BY next_attempt_at, id LIMIT {int(limit)}",
        [now, list(providers)],
    )
    return _put_off(wanted, "payment.cancelling", now=now)


def _put_off(wanted: Sequence[int], kind: str, *, now: datetime) -> list[int]:
    payments = lock(Payment, wanted, skip_locked=True)
    rows = Payment.objects.filter(pk__any=payments)
    later = {
        pk: now + min(LONGEST, RETRY * 2 ** min(n, 8))
        for pk, n in rows.values_list("pk", "attempts")
    }
    if later:
        _update(
            payments,
            kind,
            next_attempt_at=per_row(Payment._meta.get_field("next_attempt_at"), later),
            attempts=F("attempts") + 1,
        )
    return payments


@service
def note_requests(ids: Mapping[int, str], *, now: datetime) -> None:
    """Note under which ids the provider knows payments; one withdrawn meanwhile is called off."""
    payments = lock(Payment, ids)
    new = Payment.objects.filter(pk__any=payments, external_id__isnull=True)
    values = {pk: ids[pk] for pk in new.values_list("pk", flat=True)}
    if values:
        field = Payment._meta.get_field("external_id")
        is_withdrawn = When(status=PaymentStatus.VOIDED, then=Value(now))
        _update(
            list(values),
            "payment.requested",
            external_id=per_row(field, values),
            next_attempt_at=Case(is_withdrawn, default=F("next_attempt_at")),
        )


@service
def note_cancellations(failures: Mapping[int, str], *, now: datetime) -> None:
    """Note that providers were told; what they refused to hear keeps their words."""
    payments = lock(Payment, failures)
    told = Payment.objects.filter(pk__any=payments, status=PaymentStatus.VOIDED)
    done = {
        pk: (failures[pk] or failure)[:300] for pk, failure in told.values_list("pk", "failure")
    }
    if done:
        field = Payment._meta.get_field("failure")
        _update(list(done), "payment.cancelled", next_attempt_at=None, failure=per_row(field, done))


def _update(payment_ids: Sequence[int], kind: str, **values: object) -> None:
    unit = current_unit()
    Payment.objects.filter(pk__any=list(payment_ids)).update(
        **values, updated_at=unit.now, modified_by_id=unit.actor.user_id
    )
    orders = Payment.objects.filter(pk__any=list(payment_ids)).order_by("pk")
    emit(kind, [Fact(pk, order_id) for pk, order_id in orders.values_list("pk", "order_id")])
