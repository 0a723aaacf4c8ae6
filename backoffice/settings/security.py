"""Who gets in, for how long, and what a page may do in the browser."""

from datetime import timedelta

import environ

env = environ.Env()

# How many proxies stand before us: only their notes tell a caller's address.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# The staff site without its theme.
PLAIN_ADMIN = env.bool("BACKOFFICE_PLAIN_ADMIN", default=False)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "report-uri": ["/csp-report/"],
    }
}
# What the staff site's pages need beyond it: the theme evaluates what its attributes say, and
# widgets carry sizes in theirs. Scripts written into a page never run.
CSP_STAFF_SITE = {
    "style-src-attr": ["'unsafe-inline'"],
    **({} if PLAIN_ADMIN else {"script-src": ["'unsafe-eval'"]}),
}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

PASSWORD_RESET_TIMEOUT = env.int("PASSWORD_LINK_SECONDS", default=24 * 3600)

# Staff give a code besides the password; where this is off, those who have set it up do.
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=False)
OTP_TOTP_ISSUER = "Backoffice"

# A session ends after some idle time, and after a working day anyway.
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", default=8 * 3600)
SESSION_COOKIE_AGE = env.int("SESSION_SECONDS", default=12 * 3600)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# Somebody who mistypes the password of one user from one address has to wait; what they try
# meanwhile does not make it longer.
AXES_FAILURE_LIMIT = env.int("SIGN_IN_FAILURES", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("SIGN_IN_COOL_OFF_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "backoffice.core.access.addresses.client_address"
AXES_USERNAME_CALLABLE = "backoffice.core.access.lockout.tried_name"
AXES_LOCKOUT_CALLABLE = "backoffice.core.access.lockout.locked_page"
AXES_VERBOSE = False
# Our own screens show them.
AXES_ENABLE_ADMIN = False
# One address, whomever it tries.
SIGN_INS_PER_MINUTE = env.int("SIGN_INS_PER_MINUTE", default=30)
