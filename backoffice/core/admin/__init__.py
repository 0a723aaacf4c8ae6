from backoffice.core.admin import approvals, system

__all__ = ["approvals", "system"]
