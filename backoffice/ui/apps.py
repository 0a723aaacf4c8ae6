"""The staff site's building blocks; the only package that may import the admin theme."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "backoffice.ui"
    label = "ui"

    def ready(self) -> None:
        from backoffice.ui import checks  # noqa: F401
