"""The OpenAPI description."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class BackofficeSchema(AutoSchema):
    """Group operations by app."""

    def get_tags(self) -> list[str]:
        queryset = getattr(self.view, "queryset", None)
        return [queryset.model._meta.app_label] if queryset is not None else super().get_tags()


class TokenScheme(OpenApiAuthenticationExtension):
    """Integrations sign in by token."""

    target_class = "backoffice.core.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):
    """Staff sign in by session."""

    target_class = "backoffice.core.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
