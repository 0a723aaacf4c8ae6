"""Providers' notifications, worked off from the inbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.core.inbox import processor
from backoffice.core.models.inbox import InboundMessage
from finance.models import Payment, Refund
from finance.providers.base import Notice
from finance.providers.registry import ADAPTERS
from finance.services.commands import RecordPayment, RefundResult
from finance.services.payments import record_payments
from finance.services.refund_results import record_refund_results

PREFIX = "payments."


def source_of(provider: str) -> str:
    """Return the inbox source of a provider's notifications."""
    return f"{PREFIX}{provider}"


def process_notices(
    provider: str, messages: Sequence[InboundMessage], now: datetime
) -> Mapping[int, str]:
    """Record what a provider's notifications say; return the refused with their reasons."""
    refused: dict[int, str] = {}
    payments: list[tuple[int, Notice]] = []
    refunds: list[tuple[int, Notice]] = []
    for message in messages:
        try:
            notice = ADAPTERS[provider].parse_notice(message.body.encode())
        except ValueError as error:
            refused[message.pk] = str(error)
            continue
        (refunds if notice.is_refund else payments).append((message.pk, notice))
    commands = [
        RecordPayment(
            provider,
            notice.external_id,
            notice.status,
            notice.amount,
            notice.currency,
            reference=notice.reference,
            method=notice.method,
            at=notice.happened_at,
            failure=notice.failure,
        )
        for _, notice in payments
    ]
    if commands:
        recorded = record_payments(commands, now=now)
        refused |= {payments[n][0]: " ".join(r) for n, r in recorded.refused.items()}
    known = dict(
        Refund.objects.filter(
            number__any=[n.reference for _, n in refunds], payment__provider=provider
        ).values_list("number", "pk")
    )
    results = []
    for pk, notice in refunds:
        if notice.reference in known:
            results.append(
                RefundResult(
                    known[notice.reference],
                    notice.status,
                    notice.external_id,
                    notice.failure,
                    notice.happened_at,
                )
            )
        else:
            refused[pk] = f"no refund {notice.reference}"
    if results:
        record_refund_results(results, now=now)
    return refused


def _register(provider: str) -> None:
    def documents_of(message: InboundMessage) -> list[Payment | Refund]:
        """Return the payment or refund that a notification is about."""
        try:
            notice = ADAPTERS[provider].parse_notice(message.body.encode())
        except ValueError:
            return []
        if notice.is_refund:
            refunds = Refund.objects.filter(payment__provider=provider)
            return list(refunds.filter(number=notice.reference))
        known = Payment.objects.filter(provider=provider, external_id=notice.external_id)
        return list(known)

    label = format_lazy("{}: {}", _("Payments"), provider)

    @processor(source_of(provider), label, documents_of)
    def process(messages: Sequence[InboundMessage], now: datetime) -> Mapping[int, str]:
        return process_notices(provider, messages, now)


for _name in ADAPTERS:
    _register(_name)
