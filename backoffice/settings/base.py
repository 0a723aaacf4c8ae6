"""Settings that every environment shares; values that differ come from the environment."""

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import environ
from django.utils.translation import gettext_lazy as _

from backoffice.settings.security import *  # noqa: F403
from backoffice.settings.security import PLAIN_ADMIN, TRUSTED_PROXIES

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

# Migrations run as the owner of the tables; everything else as the weak role.
DATABASE_ROLE = os.environ.get("BACKOFFICE_DB_ROLE", "app")
_database_url = os.environ.get("DATABASE_URL") or "postgres://app@localhost/backoffice"
_owner_url = env("OWNER_DATABASE_URL", default=_database_url)
_database = env.db_url_config(_owner_url if DATABASE_ROLE == "owner" else _database_url)
DATABASE_APP_ROLE = env.db_url_config(_database_url)["USER"]
DATABASES = {
    "default": {
        **_database,
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            "application_name": "backoffice",
            "options": "-c idle_in_transaction_session_timeout=60s -c timezone=UTC",
        },
    }
}

REDIS_URL = env("REDIS_URL", default="redis://localhost:6379/0")


def redis_urls(url: str) -> tuple[str, str]:
    """Return the Celery and the cache form of one Redis address, TCP or unix socket."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url, url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}", url


CELERY_BROKER_URL, _cache_url = redis_urls(REDIS_URL)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _cache_url,
        "KEY_PREFIX": "backoffice",
        # A request does without the cache rather than wait for it.
        "OPTIONS": {"socket_timeout": 0.5},
    }
}

SECRET_KEY = env("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# What encrypts secrets in the database, newest first; SECRET_KEY where there is none.
FIELD_KEYS = env.list("FIELD_KEYS", default=[])
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "backoffice.core",
    "inventory",
    "orders",
    "logistics",
    "finance",
    "support",
    "backoffice.insights",
    "backoffice.replay",
    "backoffice.ui",
    *(["unfold.apps.BasicAppConfig"] if not PLAIN_ADMIN else []),
    "backoffice.apps.BackofficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "backoffice.core.access.policy.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "backoffice.core.access.sessions.SessionLimits",
    "backoffice.core.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

AUTH_USER_MODEL = "core.User"
LOGIN_URL = "admin:login"

# A demo shop may be kept alive by a job of its own.
DEMO = False

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "backoffice" / "locale"]
FORMAT_MODULE_PATH = ["backoffice.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(BASE_DIR / ".dev" / "files")))

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# History rows are written by statement triggers, so that update() and raw SQL leave them too.
SIMPLE_HISTORY_ENABLED = False
SIMPLE_HISTORY_DATE_INDEX = False
SIMPLE_HISTORY_REVERT_DISABLED = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "backoffice.core.api.authentication.TokenAuthentication",
        "backoffice.core.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["backoffice.core.api.permissions.ScopedPermission"],
    "DEFAULT_PAGINATION_CLASS": "backoffice.core.api.pagination.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["backoffice.core.api.filters.StrictFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "backoffice.core.api.schema.BackofficeSchema",
    "DEFAULT_THROTTLE_CLASSES": ["backoffice.core.api.throttling.TokenThrottle"],
    "EXCEPTION_HANDLER": "backoffice.core.api.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "PAGE_SIZE": 50,
    "NUM_PROXIES": TRUSTED_PROXIES,
}
# A thousand documents at once fit in.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=600)

SPECTACULAR_SETTINGS = {
    "TITLE": "Backoffice API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    # Choices stay with their fields: as components their names would collide.
    "POSTPROCESSING_HOOKS": [],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": False,
}

# The longest task stays well below the visibility timeout, so that no message is handed out twice.
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TIMEZONE = "UTC"

# Addresses of the outside systems; the sandbox servers answer on loopback where none is set.
SANDBOX_PORT = env.int("BACKOFFICE_SANDBOX_PORT", default=8900)
SANDBOX_CARRIER_URL = env("SANDBOX_CARRIER_URL", default=f"http://127.0.0.1:{SANDBOX_PORT}")
SANDBOX_PROVIDER_URL = env("SANDBOX_PROVIDER_URL", default=f"http://127.0.0.1:{SANDBOX_PORT + 1}")
# Without a secret the sandbox provider is switched off.
SANDBOX_PROVIDER_SECRET = env("SANDBOX_PROVIDER_SECRET", default="")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env("EMAIL_HOST", default="127.0.0.1")
EMAIL_PORT = env.int("EMAIL_PORT", default=SANDBOX_PORT + 2)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
# Where customers reach us: links in messages begin with it.
_web_url = env("BACKOFFICE_WEB_URL", default="http://127.0.0.1:8000")
PUBLIC_URL = env("PUBLIC_URL", default=_web_url).rstrip("/")
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="shop@backoffice.invalid")

# Webhooks go to public addresses by https only; anywhere at all where this is on.
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=False)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"actor": {"()": "backoffice.core.actor.LogFilter"}},
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} {name} [{request_id}] {message}",
            "style": "{",
        }
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["actor"]}
    },
    # It tells of each sign-in, with all that would tell who masked.
    "loggers": {"axes": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
