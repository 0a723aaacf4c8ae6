"""Scheduled jobs of support."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from backoffice.core.tasks import scheduled
from support.services.assignment import assign_tickets
from support.services.lifecycle import close_solved_tickets
from support.services.service_levels import watch_service_levels


@scheduled("support.assign_waiting", _("ticket assignment"), every=timedelta(minutes=1))
def assign_waiting(*, now: datetime, since: datetime | None) -> int:
    """Give waiting tickets to whoever has come on shift or has room."""
    return len(assign_tickets(now=now).moved)


@scheduled("support.watch_service_levels", _("service levels"), every=timedelta(minutes=1))
def watch_levels(*, now: datetime, since: datetime | None) -> dict[str, int]:
    """Mark missed and endangered service levels and raise what was missed."""
    return watch_service_levels(now=now)


@scheduled("support.close_solved", _("closing solved tickets"), every=timedelta(hours=1))
def close_solved(*, now: datetime, since: datetime | None) -> int:
    """Close what stayed solved."""
    total = 0
    while moved := close_solved_tickets(now=now).moved:
        total += len(moved)
    return total
