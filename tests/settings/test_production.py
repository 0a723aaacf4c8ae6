"""Production settings are safe, or do not start."""

import runpy
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

GOOD = {
    "SECRET_KEY": "k" * 50,
    "ALLOWED_HOSTS": "shop.example",
    "CSRF_TRUSTED_ORIGINS": "https://shop.example",
    "PUBLIC_URL": "https://shop.example",
    "DEFAULT_FROM_EMAIL": "shop@shop.example",
    "DATABASE_URL": "postgres://app:x@db/backoffice",
    "REDIS_URL": "redis://cache/0",
    "MEDIA_ROOT": "/var/lib/backoffice",
}
UNSET = ["REQUIRE_SECOND_FACTOR", "TRUSTED_PROXIES", "SECURE_HSTS_SECONDS"]


@pytest.fixture
def start(monkeypatch):
    """Read the production settings under an environment."""

    def run(**values):
        for name in ("base", "security", "production"):
            monkeypatch.delitem(sys.modules, f"backoffice.settings.{name}", raising=False)
        for name in UNSET:
            monkeypatch.delenv(name, raising=False)
        for name, value in (GOOD | values).items():
            monkeypatch.setenv(name, value)
        return runpy.run_module("backoffice.settings.production")

    return run


def test_what_is_safe_starts(start):
    found = start()

    assert found["DEBUG"] is False
    assert found["REQUIRE_SECOND_FACTOR"] is True
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SESSION_COOKIE_HTTPONLY"] is True
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["TRUSTED_PROXIES"] == found["REST_FRAMEWORK"]["NUM_PROXIES"] == 0


def test_the_second_factor_goes_off_only_when_somebody_says_so(start):
    assert start(REQUIRE_SECOND_FACTOR="off")["REQUIRE_SECOND_FACTOR"] is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "k" * 49),
        ("ALLOWED_HOSTS", ""),
        ("ALLOWED_HOSTS", "shop.example,*"),
        ("PUBLIC_URL", "http://shop.example"),
        ("CSRF_TRUSTED_ORIGINS", "https://shop.example,http://shop.example"),
        ("DEFAULT_FROM_EMAIL", "shop@backoffice.invalid"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", ""),
        ("MEDIA_ROOT", ""),
    ],
)
def test_what_is_unsafe_does_not_start(start, name, value):
    with pytest.raises(ImproperlyConfigured, match=name):
        start(**{name: value})
