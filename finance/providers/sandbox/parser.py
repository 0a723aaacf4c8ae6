"""Reads the sandbox provider's answers and notifications: pure."""

import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from finance.choices import PaymentStatus, RefundStatus
from finance.providers.base import CancelAnswer, Notice, RefundAnswer, TemporaryError

PAYMENTS = {
    "payment.authorised": PaymentStatus.AUTHORISED,
    "payment.captured": PaymentStatus.CAPTURED,
    "payment.failed": PaymentStatus.FAILED,
    "payment.voided": PaymentStatus.VOIDED,
}
REFUNDS = {
    "refund.succeeded": RefundStatus.SUCCEEDED,
    "refund.failed": RefundStatus.FAILED,
}
OUTCOMES = {"succeeded": RefundStatus.SUCCEEDED, "failed": RefundStatus.FAILED}

CANCELLED = {
    "voided": PaymentStatus.VOIDED,
    "failed": PaymentStatus.FAILED,
    "captured": PaymentStatus.CAPTURED,
}


def _text(value: Any, longest: int = 120) -> str:
    return value[:longest] if isinstance(value, str) else ""


def parse_notice(body: bytes) -> Notice:
    """Read a notification; ValueError for one that cannot be read."""
    try:
        message = json.loads(body)
        data = message["data"]
        kind = message["type"]
        happened_at = datetime.fromisoformat(message["created"])
        amount = Decimal(data["amount"])
        external_id = data["id"]
        status = (PAYMENTS | REFUNDS)[kind]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise ValueError(f"unreadable: {type(error).__name__} {error}") from error
    if happened_at.tzinfo is None or not amount.is_finite() or not isinstance(external_id, str):
        raise ValueError("unreadable: a time without zone, or no id")
    return Notice(
        external_id=external_id[:120],
        status=status,
        reference=_text(data.get("reference"), 24),
        amount=amount,
        currency=_text(data.get("currency"), 3),
        happened_at=happened_at,
        method=_text(data.get("method"), 40),
        failure=_text(data.get("failure"), 300),
        is_refund=kind in REFUNDS,
    )


def parse_cancel(data: Any) -> CancelAnswer:
    """Read the answer to a cancelling; what cannot be read is an unknown outcome."""
    try:
        status, amount = CANCELLED[data["status"]], Decimal(data["amount"])
        external_id = data["id"]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise TemporaryError(f"unreadable answer: {error}") from error
    if not isinstance(external_id, str) or not external_id or not amount.is_finite():
        raise TemporaryError("unreadable answer: no id or no amount")
    return CancelAnswer(
        status, external_id[:120], amount, _text(data.get("currency"), 3), _text(data.get("method"))
    )


def parse_refund(data: Any) -> RefundAnswer:
    """Read the answer to a refund; what cannot be read is an unknown outcome."""
    try:
        return RefundAnswer(
            OUTCOMES.get(data["status"], RefundStatus.UNKNOWN),
            _text(data["id"]),
            _text(data.get("failure"), 300),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise TemporaryError(f"unreadable answer: {error}") from error
