"""The sandbox carrier's signature: HMAC-SHA256 over the time stamp and the raw body."""

from collections.abc import Mapping
from datetime import datetime

from backoffice.core.signing import is_fresh, is_signed, signature_of

SIGNATURE = "X-Sandbox-Signature"
TIMESTAMP = "X-Sandbox-Timestamp"
DELIVERY = "X-Sandbox-Delivery"


def sign(body: bytes, timestamp: str, secret: str) -> str:
    """Return the signature of a push, in hexadecimal."""
    return signature_of(timestamp.encode() + b"." + body, secret)


def is_authentic(body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime) -> bool:
    """Verify a push: signed by the secret, and not older than five minutes."""
    timestamp = headers.get(TIMESTAMP, "")
    message = timestamp.encode() + b"." + body
    is_ours = is_signed(message, headers.get(SIGNATURE, ""), secret)
    return is_ours and is_fresh(timestamp, now=now)
