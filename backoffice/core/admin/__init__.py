from backoffice.core.admin import access, approvals, files, imports, people, system, webhooks

__all__ = ["access", "approvals", "files", "imports", "people", "system", "webhooks"]
