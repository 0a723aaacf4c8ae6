"""WooCommerce's signature: base64 HMAC-SHA256 over the raw body; its greeting is unsigned."""

from collections.abc import Mapping

from backoffice.core.signing import is_signed_base64

SIGNATURE = "X-WC-Webhook-Signature"
TOPIC = "X-WC-Webhook-Topic"
DELIVERY = "X-WC-Webhook-Delivery-ID"


def is_authentic(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Verify a push."""
    return is_signed_base64(body, headers.get(SIGNATURE, ""), secret)


def is_greeting(body: bytes, headers: Mapping[str, str]) -> bool:
    """Say whether this is what is sent when a webhook is made: `webhook_id=7`, no more."""
    name, _, number = body.partition(b"=")
    return name == b"webhook_id" and number.isdigit() and SIGNATURE not in headers
