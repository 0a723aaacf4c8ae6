"""What a caller may do: scopes for tokens, model permissions for staff."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from backoffice.core.models.token import ApiToken


def may_view(request: Request, model: Any) -> bool:
    """Say whether the caller may read the rows of a model."""
    app = model._meta.app_label
    if isinstance(request.auth, ApiToken):
        return f"{app}:read" in request.auth.scopes
    return request.user.has_perm(f"{app}.view_{model._meta.model_name}")


class ScopedPermission(BasePermission):
    """Tokens need `<app>:read` or `<app>:write`; staff need the model's permission."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not user or not user.is_authenticated:
            return False
        reads = request.method in SAFE_METHODS
        model = view.queryset.model
        app = model._meta.app_label
        if isinstance(request.auth, ApiToken):
            return f"{app}:{'read' if reads else 'write'}" in request.auth.scopes
        if not user.is_staff:
            return False
        if reads:
            return user.has_perm(f"{app}.view_{model._meta.model_name}")
        name = getattr(getattr(view, view.action or "", None), "permission", "")
        action = {"create": "add", "bulk": "add"}.get(view.action, "change")
        return user.has_perm(name or f"{app}.{action}_{model._meta.model_name}")
