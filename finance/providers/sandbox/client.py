"""Speaks to the sandbox provider."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

import httpx
from django.conf import settings

from finance.providers.base import (
    CancelAnswer,
    Notice,
    PaymentOrder,
    RefundAnswer,
    RefundOrder,
    TemporaryError,
    call,
)
from finance.providers.sandbox import webhook
from finance.providers.sandbox.parser import parse_cancel, parse_notice, parse_refund


class SandboxAdapter:
    """The provider that comes with the product; without a secret it is switched off."""

    name: ClassVar[str] = "sandbox"

    def is_configured(self) -> bool:
        return bool(settings.SANDBOX_PROVIDER_SECRET and settings.SANDBOX_PROVIDER_URL)

    def _call(self, http: httpx.Client, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {settings.SANDBOX_PROVIDER_SECRET}"}
        headers |= options.pop("headers", {})
        url = f"{settings.SANDBOX_PROVIDER_URL}{path}"
        answer = call(http, method, url, headers=headers, **options)
        if answer is None:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise TemporaryError("the answer is no JSON") from error

    def request_payment(self, http: httpx.Client, order: PaymentOrder) -> str:
        body = {
            "reference": order.key,
            "order": order.order_number,
            "amount": f"{order.amount:f}",
            "currency": order.currency,
            "notify_url": order.notify_url,
        }
        headers = {"Idempotency-Key": order.key}
        data = self._call(http, "POST", "/payments", json=body, headers=headers)
        if not isinstance(data, dict) or not isinstance(data.get("id"), str):
            raise TemporaryError("the answer has no id")
        return str(data["id"])

    def cancel(self, http: httpx.Client, key: str) -> CancelAnswer | None:
        path = f"/payments/by-key/{quote(key, safe='')}/cancel"
        data = self._call(http, "POST", path, missing_is_none=True)
        return None if data is None else parse_cancel(data)

    def refund(self, http: httpx.Client, order: RefundOrder) -> RefundAnswer:
        body = {
            "payment": order.payment_id,
            "amount": f"{order.amount:f}",
            "currency": order.currency,
            "reason": order.reason,
        }
        headers = {"Idempotency-Key": order.key}
        return parse_refund(self._call(http, "POST", "/refunds", json=body, headers=headers))

    def find_refund(self, http: httpx.Client, key: str) -> RefundAnswer | None:
        path = f"/refunds/by-key/{quote(key, safe='')}"
        data = self._call(http, "GET", path, missing_is_none=True)
        return None if data is None else parse_refund(data)

    def is_authentic(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> bool:
        return webhook.is_authentic(body, headers, settings.SANDBOX_PROVIDER_SECRET, now=now)

    def parse_notice(self, body: bytes) -> Notice:
        return parse_notice(body)

    def notice_id(self, body: bytes) -> str:
        """Return the notification's own id; what has none is known by its content."""
        try:
            given = json.loads(body)["id"]
        except (ValueError, KeyError, TypeError):
            given = None
        return given if isinstance(given, str) and given else hashlib.sha256(body).hexdigest()
