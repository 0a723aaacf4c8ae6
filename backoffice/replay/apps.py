"""Plays a shop's past, or a demonstration, through the same services that live orders use."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReplayConfig(AppConfig):
    name = "backoffice.replay"
    label = "replay"
    verbose_name = _("Replay")

    def ready(self) -> None:
        from backoffice.replay import filters, inbox, roles  # noqa: F401
