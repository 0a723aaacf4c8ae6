"""Settings for `make run` and the tests: loopback only."""

import os

from backoffice.settings.base import *  # noqa: F403

SECRET_KEY = os.environ.get("SECRET_KEY") or "development-only-key-that-never-leaves-this-machine"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
DEMO = True
# Static files straight from the apps, so that no collectstatic step can be forgotten.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Receivers on this machine may be tried out.
WEBHOOK_ALLOW_PRIVATE = True
SANDBOX_PROVIDER_SECRET = os.environ.get("SANDBOX_PROVIDER_SECRET") or "sandbox-on-this-machine"
