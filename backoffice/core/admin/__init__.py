from backoffice.core.admin import (
    access,
    approvals,
    boxes,
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
    "boxes",
    "files",
    "imports",
    "jobs",
    "people",
    "rules",
    "system",
    "views",
    "webhooks",
]
