from backoffice.core.admin import approvals, files, imports, system

__all__ = ["approvals", "files", "imports", "system"]
