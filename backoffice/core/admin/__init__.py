from backoffice.core.admin import access, approvals, files, imports, people, rules, system, webhooks

__all__ = ["access", "approvals", "files", "imports", "people", "rules", "system", "webhooks"]
