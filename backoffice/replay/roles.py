"""Which roles are given which permissions of the demo; it is run by superusers."""

from backoffice.core.access.roles import grant
from backoffice.core.choices import Role

grant("replay", {Role.AUDITOR: "view_*"})
