from backoffice.core.admin import (
    access,
    approvals,
    files,
    imports,
    jobs,
    people,
    rules,
    system,
    views,
    webhooks,
)

__all__ = [
    "access",
    "approvals",
    "files",
    "imports",
    "jobs",
    "people",
    "rules",
    "system",
    "views",
    "webhooks",
]
