"""Youzan's signature: MD5 over client id, raw body and client secret, in hexadecimal."""

import hashlib
import hmac
from collections.abc import Mapping

SIGNATURE = "Event-Sign"


def sign(body: bytes, client_id: str, secret: str) -> str:
    """Return the signature of a push: MD5 is what Youzan prescribes."""
    message = client_id.encode() + body + secret.encode()
    return hashlib.md5(message, usedforsecurity=False).hexdigest()


def is_authentic(body: bytes, headers: Mapping[str, str], client_id: str, secret: str) -> bool:
    """Verify a push; never without an id and a secret."""
    given = headers.get(SIGNATURE, "")
    if not (client_id and secret and given.isascii()):
        return False
    return hmac.compare_digest(sign(body, client_id, secret), given.lower())
