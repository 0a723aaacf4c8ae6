"""Which roles are given which permissions of the ground floor and of sign-ins."""

from backoffice.core.access.roles import grant
from backoffice.core.choices import Role

# What everybody's work leads to: jobs, approvals that they asked for.
VIEWS = "view_savedview add_savedview change_savedview"
WORK = f"view_job change_job view_jobrow view_approval withdraw_approval {VIEWS}"
IMPORTS = "add_import view_import view_importrow"
INBOX = "view_inboundmessage change_inboundmessage"
OUTBOX = "view_outboundmessage change_outboundmessage"

RULES = "view_rule add_rule change_rule view_ruleact"

grant(
    "core",
    {
        Role.ORDER_DESK: f"{WORK} {IMPORTS} {INBOX} {RULES} {OUTBOX} export_personal",
        Role.WAREHOUSE: f"{WORK} {IMPORTS}",
        Role.LOGISTICS: f"{WORK} {IMPORTS} {INBOX}",
        Role.SERVICE: f"{WORK} {IMPORTS} {RULES} {INBOX} {OUTBOX}"
        " view_messagetemplate add_messagetemplate change_messagetemplate export_personal",
        Role.FINANCE: f"{WORK} {IMPORTS} {INBOX} decide_approval view_approvalpolicy"
        " view_currency view_company",
        Role.ANALYST: f"view_job view_jobrow view_event view_taskrun {RULES} {VIEWS}",
        Role.AUDITOR: "view_*",
    },
)
grant("axes", {Role.AUDITOR: "view_accessattempt view_accesslog"})
grant("auth", {Role.AUDITOR: "view_group view_permission"})
