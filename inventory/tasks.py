"""The scheduled jobs of stock."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from backoffice.core.tasks import scheduled, slot_of
from inventory.models import Warehouse
from inventory.planning.nights import is_due
from inventory.services.alerts import refresh_alerts
from inventory.services.classes import classify_stock
from inventory.services.closings import close_stock
from inventory.services.counts import plan_counts
from inventory.services.replenishment import propose_replenishment

# Every hour it is night somewhere; each warehouse is planned once in its own.
PULSE = timedelta(hours=1)


@scheduled(
    "inventory.propose_replenishment", _("replenishment planning"), every=PULSE, queue="planning"
)
def plan_warehouses_at_night(*, now: datetime, since: datetime | None) -> str:
    """Propose replenishment for the warehouses whose night has come since the last run."""
    until = slot_of(now, PULSE)
    due = warehouses_due(since=since or until - timedelta(days=1), until=until)
    proposed = propose_replenishment(now=now, warehouse_ids=due) if due else None
    count = len(proposed.created) if proposed else 0
    return f"{len(due)} warehouses, {count} proposals"


@scheduled("inventory.check_stock", _("stock classes and counts"), every=PULSE, queue="planning")
def check_stock_at_night(*, now: datetime, since: datetime | None) -> str:
    """Classify the stock of warehouses whose night has come, and draw up the day's counts."""
    until = slot_of(now, PULSE)
    due = warehouses_due(since=since or until - timedelta(days=1), until=until)
    levels = classify_stock(due, now=now) if due else 0
    counts = plan_counts(due, now=now) if due else []
    return f"{len(due)} warehouses, {levels} levels, {len(counts)} counts"


@scheduled("inventory.close_stock", _("stock closings"), every=timedelta(days=1), queue="planning")
def close_stock_of_the_past(*, now: datetime, since: datetime | None) -> str:
    """Keep what was on hand every four weeks, so that any instant is near one of them."""
    return f"{close_stock(now=now)} closings"


@scheduled("inventory.refresh_alerts", _("stock alerts"), every=PULSE, queue="planning")
def raise_and_resolve_alerts(*, now: datetime, since: datetime | None) -> str:
    """Raise alerts where there is a cause, resolve those without."""
    raised, resolved = refresh_alerts(now=now)
    return f"{raised} raised, {resolved} resolved"


def warehouses_due(*, since: datetime, until: datetime) -> list[int]:
    """Return the active warehouses in which a night's planning fell due after `since`."""
    active = Warehouse.objects.filter(is_active=True).order_by("pk")
    return [
        pk
        for pk, zone in active.values_list("pk", "time_zone")
        if is_due(ZoneInfo(zone), since=since, until=until)
    ]
