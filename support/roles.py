"""Which roles are given which permissions of this floor."""

from backoffice.core.access.roles import grant
from backoffice.core.choices import Role

grant(
    "support",
    {
        Role.ORDER_DESK: "view_ticket view_message",
        Role.LOGISTICS: "view_ticket view_message",
        Role.SERVICE: "view_* assign_ticket reply_ticket solve_ticket add_ticket add_macro"
        " change_macro change_agentprofile",
        Role.FINANCE: "view_ticket view_message",
        Role.ANALYST: "view_* -view_ticket -view_message",
        Role.AUDITOR: "view_*",
    },
)
