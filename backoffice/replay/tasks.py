"""The job that keeps the demo alive; only where the settings allow a demo."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from backoffice.core.tasks import scheduled
from backoffice.replay.demo.live import TICK, tick
from backoffice.replay.models import DemoSettings

if settings.DEMO:

    @scheduled("demo.live", _("demo shop"), every=TICK)
    def live(*, now: datetime, since: datetime | None) -> str:
        """Let a little happen in the demo shop, if there is one and it is switched on."""
        demo = DemoSettings.objects.filter(is_active=True).order_by("pk").first()
        return tick(demo, now=now, since=since) if demo else "off"
