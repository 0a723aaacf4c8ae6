"""Shopify's signature: base64 HMAC-SHA256 over the raw body."""

from collections.abc import Mapping
from datetime import datetime

from backoffice.core.reading import moment
from backoffice.core.signing import is_signed_base64

SIGNATURE = "X-Shopify-Hmac-Sha256"
WEBHOOK_ID = "X-Shopify-Webhook-Id"
TOPIC = "X-Shopify-Topic"
TRIGGERED = "X-Shopify-Triggered-At"


def is_authentic(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Verify a push."""
    return is_signed_base64(body, headers.get(SIGNATURE, ""), secret)


def triggered_at(headers: Mapping[str, str]) -> datetime | None:
    """Return when the push was triggered; its fraction has nine digits, of which six count."""
    try:
        return moment(headers.get(TRIGGERED, ""))
    except ValueError:
        return None
