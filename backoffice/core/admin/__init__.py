from backoffice.core.admin import approvals, files, system

__all__ = ["approvals", "files", "system"]
