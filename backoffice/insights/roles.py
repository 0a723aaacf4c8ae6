"""Which roles are given which permissions of this floor."""

from backoffice.core.access.roles import grant
from backoffice.core.choices import Role

TIMES = "view_dailymetric view_bottleneck"

grant(
    "insights",
    {
        Role.ORDER_DESK: TIMES,
        Role.WAREHOUSE: TIMES,
        Role.LOGISTICS: TIMES,
        Role.SERVICE: TIMES,
        Role.FINANCE: f"{TIMES} view_invariantrun view_checkrun",
        Role.ANALYST: "view_* add_datacheck change_datacheck add_invariantrun",
        Role.AUDITOR: "view_*",
    },
)
