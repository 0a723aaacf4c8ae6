"""The signature of channels without one of their own: hexadecimal HMAC-SHA256 of the raw body."""

from collections.abc import Mapping

from backoffice.core.signing import is_signed

SIGNATURE = "X-Signature-Sha256"


def is_authentic(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Verify a push; `sha256=` may stand before the signature."""
    return is_signed(body, headers.get(SIGNATURE, "").removeprefix("sha256="), secret)
