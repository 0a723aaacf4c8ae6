"""Calls to providers: claim, call outside of any transaction, record; never the other way."""

import logging
from collections.abc import Sequence
from datetime import datetime

import httpx
from django.conf import settings

from finance.choices import PaymentStatus, RefundStatus
from finance.models import Payment, Refund
from finance.providers.base import (
    CancelAnswer,
    PaymentOrder,
    PermanentError,
    ProviderError,
    RefundOrder,
)
from finance.providers.registry import ADAPTERS, configured_adapters
from finance.services.commands import RecordPayment, RefundResult
from finance.services.payments import record_payments
from finance.services.refund_results import claim_queries, claim_refunds, record_refund_results
from finance.services.requests import (
    claim_cancellations,
    claim_requests,
    note_cancellations,
    note_requests,
)

logger = logging.getLogger(__name__)
NOTIFY_PATH = "/api/v1/webhooks/payments/"


def ask_for_payments(*, now: datetime) -> int:
    """Ask providers for the payments that wait; return how many were taken."""
    ids = claim_requests(now=now, providers=configured_adapters())
    payments = Payment.objects.filter(pk__any=ids).select_related("order")
    with httpx.Client() as http:
        for payment in payments.order_by("pk"):
            order = PaymentOrder(
                payment.number,
                payment.order.order_number,
                payment.amount,
                payment.currency,
                f"{settings.PUBLIC_URL}{NOTIFY_PATH}{payment.provider}",
            )
            try:
                external_id = ADAPTERS[payment.provider].request_payment(http, order)
            except PermanentError as error:
                _fail(payment, str(error), now=now)
            except ProviderError as error:
                logger.warning("%s could not be asked for: %s", payment.number, error)
            else:
                note_requests({payment.pk: external_id}, now=now)
    return len(ids)


def cancel_payments(*, now: datetime) -> int:
    """Tell providers which payments are not wanted any more; return how many were taken.

    Money that was quicker counts: it is recorded like any other.
    """
    ids = claim_cancellations(now=now, providers=configured_adapters())
    with httpx.Client() as http:
        for payment in Payment.objects.filter(pk__any=ids).order_by("pk"):
            try:
                answer = ADAPTERS[payment.provider].cancel(http, payment.number)
            except PermanentError as error:
                note_cancellations({payment.pk: str(error)}, now=now)
            except ProviderError as error:
                logger.warning("%s could not be called off: %s", payment.number, error)
            else:
                if answer is None and payment.attempts == 1:
                    # The request itself may still be on its way: look once more.
                    continue
                if answer is not None and answer.status == PaymentStatus.CAPTURED:
                    _count(payment, answer, now=now)
                else:
                    note_cancellations({payment.pk: ""}, now=now)
    return len(ids)


def _count(payment: Payment, answer: CancelAnswer, *, now: datetime) -> None:
    command = RecordPayment(
        payment.provider,
        answer.external_id,
        answer.status,
        answer.amount,
        answer.currency,
        reference=payment.number,
        method=answer.method,
    )
    for reasons in record_payments([command], now=now).refused.values():
        logger.error("%s came in and could not be recorded: %s", payment.number, reasons)


def _fail(payment: Payment, failure: str, *, now: datetime) -> None:
    command = RecordPayment(
        payment.provider,
        f"refused:{payment.number}",
        "FAILED",
        payment.amount,
        payment.currency,
        reference=payment.number,
        failure=failure,
    )
    record_payments([command], now=now)


def pay_refunds(*, now: datetime) -> int:
    """Hand approved refunds to their providers; return how many were taken."""
    ids = claim_refunds(now=now, providers=configured_adapters())
    _send(ids, now=now)
    return len(ids)


def ask_about_refunds(*, now: datetime) -> int:
    """Ask what became of refunds without an answer; one the provider never saw is sent again."""
    ids = claim_queries(now=now, providers=configured_adapters())
    unseen = []
    with httpx.Client() as http:
        for refund, payment in _refunds(ids):
            try:
                answer = ADAPTERS[payment.provider].find_refund(http, refund.number)
            except ProviderError as error:
                logger.warning("Nobody knows what became of %s: %s", refund.number, error)
                continue
            if answer is None:
                # The same key again: should the first call still arrive, it pays nothing more.
                unseen.append(refund.pk)
            elif answer.status != RefundStatus.UNKNOWN:
                result = RefundResult(refund.pk, answer.status, answer.external_id, answer.failure)
                record_refund_results([result], now=now)
    _send(unseen, now=now)
    return len(ids)


def _refunds(ids: Sequence[int]) -> list[tuple[Refund, Payment]]:
    refunds = Refund.objects.filter(pk__any=ids).select_related("payment").order_by("pk")
    return [(refund, refund.payment) for refund in refunds if refund.payment is not None]


def _send(ids: Sequence[int], *, now: datetime) -> None:
    with httpx.Client() as http:
        for refund, payment in _refunds(ids):
            order = RefundOrder(
                refund.number,
                payment.external_id or "",
                refund.amount,
                refund.currency,
                refund.reason,
            )
            try:
                answer = ADAPTERS[payment.provider].refund(http, order)
                result = RefundResult(refund.pk, answer.status, answer.external_id, answer.failure)
            except PermanentError as error:
                result = RefundResult(refund.pk, RefundStatus.FAILED, failure=str(error))
            except ProviderError as error:
                result = RefundResult(refund.pk, RefundStatus.UNKNOWN, failure=str(error))
            record_refund_results([result], now=now)
