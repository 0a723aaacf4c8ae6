"""Creating and checking API tokens."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from backoffice.core.access.roles import codenames
from backoffice.core.choices import UserKind
from backoffice.core.events import FLOORS
from backoffice.core.models import User
from backoffice.core.models.token import ApiToken
from backoffice.core.sql import load

SCOPES = [f"{floor}:{right}" for floor in FLOORS for right in ("read", "write")]
# Each time leaves a row of history.
SEEN_EVERY = timedelta(hours=1)
LIVE = """t.prefix = %(prefix)s AND t.is_active AND "user".is_active
AND (t.expires_at IS NULL OR t.expires_at > %(now)s)"""


def _hash(secret: str) -> str:
    # The secret has 256 random bits, so a plain hash is enough.
    return hashlib.sha256(secret.encode()).hexdigest()


def create_token(
    name: str,
    scopes: Sequence[str],
    *,
    expires_at: datetime | None = None,
    allowed_ips: Sequence[str] = (),
) -> tuple[ApiToken, str]:
    """Create a token with a user of its own; return it with the text that is shown once."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    user = User.objects.create(
        username=f"api:{prefix}", kind=UserKind.INTEGRATION, first_name=name[:150]
    )
    user.set_unusable_password()
    user.save(update_fields=["password"])
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        secret_hash=_hash(secret),
        scopes=list(scopes),
        expires_at=expires_at,
        allowed_ips=list(allowed_ips),
    )
    return token, f"bo_{prefix}_{secret}"


def may_give(user: User, scope: str) -> bool:
    """Say whether somebody may do all that a scope allows, and so may give it."""
    app, right = scope.split(":")
    names = {name for name in codenames(app) if name.startswith("view_") is (right == "read")}
    return user.has_perms([f"{app}.{name}" for name in names])


def find_token(text: str, *, address: str, now: datetime) -> ApiToken | None:
    """Return the live token that a text belongs to, if it may be used from an address."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != "bo":
        return None
    found = load(ApiToken, LIVE, {"prefix": parts[1], "now": now}, "user")
    token = found[0] if found else None
    if token is None or not hmac.compare_digest(token.secret_hash, _hash(parts[2])):
        return None
    if token.allowed_ips and address not in token.allowed_ips:
        return None
    if token.last_used_at is None or now - token.last_used_at > SEEN_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
