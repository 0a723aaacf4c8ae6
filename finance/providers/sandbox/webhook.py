"""The sandbox provider's signature: HMAC-SHA256 over the time stamp and the raw body."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

SIGNATURE = "X-Sandbox-Signature"
TIMESTAMP = "X-Sandbox-Timestamp"
TOLERANCE_SECONDS = 300


def sign(body: bytes, timestamp: str, secret: str) -> str:
    """Return the signature of a notification, in hexadecimal."""
    message = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_authentic(body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime) -> bool:
    """Verify a notification: signed by the secret, and not older than five minutes."""
    timestamp = headers.get(TIMESTAMP, "")
    given = headers.get(SIGNATURE, "")
    if not secret or not timestamp.isascii() or not timestamp.isdigit() or not given.isascii():
        return False
    expected = sign(body, timestamp, secret)
    is_fresh = abs(now.timestamp() - int(timestamp[:12])) <= TOLERANCE_SECONDS
    return hmac.compare_digest(expected, given) and is_fresh
