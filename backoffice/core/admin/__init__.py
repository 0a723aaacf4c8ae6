from backoffice.core.admin import approvals, files, imports, system, webhooks

__all__ = ["approvals", "files", "imports", "system", "webhooks"]
