"""How signatures of pushes are compared: in constant time, over raw bytes, and not too late."""

import base64
import hashlib
import hmac
from datetime import datetime

TOLERANCE_SECONDS = 300


def signature_of(message: bytes, secret: str) -> str:
    """Return the HMAC-SHA256 of a message, in hexadecimal."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_signed(message: bytes, given: str, secret: str) -> bool:
    """Say whether a hexadecimal HMAC-SHA256 is that of a message; never without a secret."""
    if not (secret and given.isascii()):
        return False
    return hmac.compare_digest(signature_of(message, secret), given)


def signature_base64(message: bytes, secret: str) -> str:
    """Return the HMAC-SHA256 of a message, in base64."""
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def is_signed_base64(message: bytes, given: str, secret: str) -> bool:
    """Say whether a base64 HMAC-SHA256 is that of a message; never without a secret."""
    if not (secret and given.isascii()):
        return False
    return hmac.compare_digest(signature_base64(message, secret), given)


def is_fresh(timestamp: str, *, now: datetime, tolerance: int = TOLERANCE_SECONDS) -> bool:
    """Say whether Unix seconds, as they were sent, lie within five minutes of now."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= tolerance
