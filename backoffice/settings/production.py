"""Settings for production: refuses to start on an unsafe value."""

import os

from django.core.exceptions import ImproperlyConfigured

from backoffice.settings.base import *  # noqa: F403
from backoffice.settings.base import (
    ALLOWED_HOSTS,
    CSRF_TRUSTED_ORIGINS,
    DEFAULT_FROM_EMAIL,
    FIELD_KEYS,
    PUBLIC_URL,
    SECRET_KEY,
    env,
)

if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("Set SECRET_KEY to at least 50 random characters.")
if any(len(key) < 32 for key in FIELD_KEYS):
    raise ImproperlyConfigured("Let each of FIELD_KEYS be at least 32 random characters.")
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names of this site, without '*'.")
if not all(origin.startswith("https://") for origin in [PUBLIC_URL, *CSRF_TRUSTED_ORIGINS]):
    raise ImproperlyConfigured("Let PUBLIC_URL and CSRF_TRUSTED_ORIGINS begin with https://.")
if DEFAULT_FROM_EMAIL.endswith(".invalid"):
    raise ImproperlyConfigured("Set DEFAULT_FROM_EMAIL to an address that can be answered.")
for _name in ("DATABASE_URL", "REDIS_URL", "MEDIA_ROOT"):
    if not os.environ.get(_name):
        raise ImproperlyConfigured(f"Set {_name}: without it a place of development would serve.")

REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=True)
SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
