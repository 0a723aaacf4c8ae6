"""What happens to somebody's access, for the record."""

from django.utils.translation import gettext_noop

from backoffice.core.events import declare

declare(
    "core",
    "core.user",
    {
        "user.signed_out": gettext_noop("All sessions were ended"),
        "user.unlocked": gettext_noop("A lock after wrong passwords was lifted"),
    },
)
