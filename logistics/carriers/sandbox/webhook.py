"""The sandbox carrier's signature: HMAC-SHA256 over the time stamp and the raw body."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

SIGNATURE = "X-Sandbox-Signature"
TIMESTAMP = "X-Sandbox-Timestamp"
DELIVERY = "X-Sandbox-Delivery"
TOLERANCE_SECONDS = 300


def sign(body: bytes, timestamp: str, secret: str) -> str:
    """Return the signature of a push, in hexadecimal."""
    message = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_authentic(body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime) -> bool:
    """Verify a push: signed by the secret, and not older than five minutes."""
    timestamp = headers.get(TIMESTAMP, "")
    given = headers.get(SIGNATURE, "")
    if not (secret and timestamp.isascii() and timestamp.isdigit() and given.isascii()):
        return False
    if len(timestamp) > 12:
        return False
    expected = sign(body, timestamp, secret)
    is_fresh = abs(now.timestamp() - int(timestamp)) <= TOLERANCE_SECONDS
    return hmac.compare_digest(expected, given) and is_fresh
