"""Scheduled jobs of orders."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from backoffice.core.tasks import scheduled
from orders.models import Hold
from orders.services.holds import release_holds
from orders.services.lifecycle import expire_unpaid_orders


@scheduled("orders.expire_unpaid", every=timedelta(minutes=5))
def expire_unpaid(*, now: datetime, since: datetime | None) -> int:
    """Cancel orders that nobody paid in time."""
    return len(expire_unpaid_orders(now=now).moved)


@scheduled("orders.release_due_holds", every=timedelta(minutes=1))
def release_due_holds(*, now: datetime, since: datetime | None) -> int:
    """Release holds whose time has come."""
    due = Hold.objects.filter(released_at__isnull=True, until__lte=now)
    ids = list(due.order_by("pk").values_list("order_id", flat=True)[:500])
    return len(
        release_holds(ids, now=now, only_due=True, reason=gettext_noop("time has come")).moved
    )
