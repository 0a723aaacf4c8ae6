"""What happens to somebody's access, for the record."""

from django.utils.translation import gettext_noop

from backoffice.core.events import declare

declare(
    "core",
    "core.user",
    {
        "user.roles_changed": gettext_noop("Roles were given or taken"),
        "user.password_link_made": gettext_noop("A password link was made"),
        "user.password_set": gettext_noop("A password was set"),
        "user.second_factor_set_up": gettext_noop("A second factor was set up"),
        "user.second_factor_reset": gettext_noop("The second factor was reset"),
        "user.recovery_codes_renewed": gettext_noop("New recovery codes were made"),
        "user.recovery_code_used": gettext_noop("Signed in with a recovery code"),
        "user.signed_out": gettext_noop("All sessions were ended"),
        "user.exported_list": gettext_noop("A list was exported"),
        "user.unlocked": gettext_noop("A lock after wrong passwords was lifted"),
    },
)

# What their data tells, by name.
KEYS = [
    gettext_noop("given"),
    gettext_noop("taken"),
    gettext_noop("left"),
    gettext_noop("list"),
    gettext_noop("filter"),
    gettext_noop("format"),
    gettext_noop("rows"),
]
