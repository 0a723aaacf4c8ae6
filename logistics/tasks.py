"""Scheduled jobs of logistics."""

from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.core.actor import acting_job
from backoffice.core.tasks import scheduled
from backoffice.core.wakeup import wake
from logistics.services.automatic import run_automatic_warehouses
from logistics.services.covering import cover_shipments, uncovered_orders
from logistics.services.detection import detect_exceptions
from logistics.services.lanes import measure_lanes
from logistics.services.planning import plan_shipments, unplanned_orders
from logistics.services.polling import due_accounts
from logistics.tracking import buy_due_labels
from logistics.tracking import sync_account as sync


@scheduled("logistics.sync_tracking", _("tracking"), every=timedelta(seconds=15), queue="tracking")
def sync_tracking(*, now: datetime, since: datetime | None) -> int:
    """Send a worker to every carrier account that has parcels to ask about."""
    accounts = due_accounts(now)
    for account_id in accounts:
        wake(sync_account, account_id, expires=60)
    return len(accounts)


@shared_task(name="logistics.sync_account", queue="tracking")
def sync_account(account_id: int) -> int:
    """Ask one carrier account about what is due; a second worker finds it leased."""
    with acting_job("logistics.sync_tracking"):
        return sync(account_id, clock=timezone.now)


@scheduled("logistics.buy_labels", _("labels"), every=timedelta(seconds=10), queue="labels")
def buy_labels(*, now: datetime, since: datetime | None) -> int:
    """Buy the labels that wait."""
    return buy_due_labels(clock=timezone.now)


@scheduled(
    "logistics.run_automatic_warehouses", _("automatic warehouses"), every=timedelta(seconds=30)
)
def work_automatic_warehouses(*, now: datetime, since: datetime | None) -> str:
    """Let automatic warehouses work."""
    worked = run_automatic_warehouses(now=now)
    return f"{worked.packed} packed, {worked.handed_over} handed over"


@scheduled("logistics.plan_waiting", _("shipment planning"), every=timedelta(minutes=10))
def plan_waiting(*, now: datetime, since: datetime | None) -> int:
    """Plan released units that no event planned: called off and to be shipped after all.

    What lies ready and lost its cover is looked at again as well.
    """
    held = uncovered_orders()
    if held:
        cover_shipments(held, now=now, reason=gettext_noop("looked at again"))
    orders = unplanned_orders()
    return len(plan_shipments(orders, now=now)) if orders else 0


@scheduled("logistics.detect_exceptions", _("delivery exceptions"), every=timedelta(minutes=15))
def detect(*, now: datetime, since: datetime | None) -> int:
    """Open exceptions for parcels that are silent or late."""
    total, after = 0, 0
    while True:
        opened, after = detect_exceptions(now=now, after=after)
        total += opened
        if not after:
            return total


@scheduled("logistics.measure_lanes", _("delivery times"), every=timedelta(days=1))
def measure(*, now: datetime, since: datetime | None) -> int:
    """Measure the lanes."""
    return measure_lanes(now=now)
