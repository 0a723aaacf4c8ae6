"""Secrets that calls need: encrypted in the database, plain only in the process that calls.

Keys come from FIELD_KEYS, newest first; SECRET_KEY and its fallbacks come last, so that a shop
without FIELD_KEYS works too. Each is stretched by HKDF; Fernet encrypts and authenticates.
"""

import base64
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.conf import settings
from django.db import models

MARK = "fernet:"
OVERLAP = timedelta(days=1)


class Stored(str):
    """A secret that was read: saved again it stays as it is stored.

    Where no key opens it, it is lost: empty to who uses it.
    """

    stored: str
    is_lost: bool

    def __new__(cls, plain: str, stored: str, *, is_lost: bool = False) -> "Stored":
        text = super().__new__(cls, plain)
        text.stored, text.is_lost = stored, is_lost
        return text

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """Let it be copied with what it stands for."""
        return str(self), self.stored


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    derived = (
        HKDF(SHA256(), 32, salt=None, info=b"backoffice.fields").derive(key.encode())
        for key in keys
    )
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def box() -> MultiFernet:
    """Return what encrypts with the newest key and opens with any."""
    keys = [*settings.FIELD_KEYS, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return _box(tuple(filter(None, keys)))


def seal(plain: str) -> str:
    """Return a secret as it is stored; nothing stays nothing."""
    if isinstance(plain, Stored):
        return plain.stored
    return MARK + box().encrypt(plain.encode()).decode() if plain else ""


def reveal(stored: str) -> str:
    """Return a secret as it was before it was stored."""
    if not stored.startswith(MARK):
        return stored
    try:
        return Stored(box().decrypt(stored.removeprefix(MARK)).decode(), stored)
    except InvalidToken:
        return Stored("", stored, is_lost=True)


def secret_columns() -> list[tuple[type[models.Model], list[str]]]:
    """Return every model with secrets and their names."""
    found = []
    for model in apps.get_models():
        names = [f.name for f in model._meta.concrete_fields if isinstance(f, SecretField)]
        if names:
            found.append((model, names))
    return found


class SecretField(models.CharField):
    """Text that is encrypted at rest; it can be asked whether it is empty, and nothing else."""

    def db_type(self, connection: Any) -> str:
        return "text"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return None if value is None else reveal(value)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, str):
            return seal(value)
        return super().get_db_prep_save(value, connection)

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "exact" else None

    def get_prep_value(self, value: Any) -> Any:
        if value:
            raise ValueError(f"{self.name} is encrypted: it can only be compared with nothing.")
        return super().get_prep_value(value)


class WebhookSecrets:
    """A model with a `webhook_secret` and the previous one, which is accepted for another day."""

    webhook_secret: Any
    previous_webhook_secret: Any
    previous_webhook_secret_until: Any

    def replace_webhook_secret(self, old: str, *, now: datetime) -> None:
        """Let the secret that was replaced be accepted for another day."""
        if old and old != self.webhook_secret:
            self.previous_webhook_secret = old
            self.previous_webhook_secret_until = now + OVERLAP

    def webhook_secrets(self, *, now: datetime) -> list[str]:
        """Return the secrets that a push may be signed with."""
        until = self.previous_webhook_secret_until
        older = [self.previous_webhook_secret] if until and until > now else []
        return [secret for secret in (self.webhook_secret, *older) if secret]
