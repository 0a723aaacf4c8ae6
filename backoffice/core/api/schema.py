"""The OpenAPI description."""

from drf_spectacular.openapi import AutoSchema


class BackofficeSchema(AutoSchema):
    """Group operations by app."""

    def get_tags(self) -> list[str]:
        queryset = getattr(self.view, "queryset", None)
        return [queryset.model._meta.app_label] if queryset is not None else super().get_tags()
