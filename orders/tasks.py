"""Scheduled jobs of orders."""

from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.core.actor import acting_job
from backoffice.core.tasks import scheduled
from backoffice.core.wakeup import wake
from orders.models import Hold, Order
from orders.polling import poll_connection as poll
from orders.services import holds
from orders.services.channel_corrections import waiting_orders
from orders.services.channel_intake import retry_channel_orders
from orders.services.channel_polling import due_connections
from orders.services.channel_stock import stock_connections
from orders.services.lifecycle import expire_unpaid_orders
from orders.services.stages import measure_stages
from orders.states import DOUBTED
from orders.telling import tell_news as tell
from orders.telling import tell_stock as tell_levels


@scheduled("orders.expire_unpaid", _("unpaid orders"), every=timedelta(minutes=5))
def expire_unpaid(*, now: datetime, since: datetime | None) -> int:
    """Cancel orders that nobody paid in time."""
    return len(expire_unpaid_orders(now=now).moved)


@scheduled("orders.release_due_holds", _("holds that end"), every=timedelta(minutes=1))
def release_due_holds(*, now: datetime, since: datetime | None) -> int:
    """Release holds whose time has come; what is doubted waits for somebody."""
    due = Hold.objects.filter(released_at__isnull=True, until__lte=now)
    due = due.exclude(Exists(Order.objects.filter(DOUBTED, pk=OuterRef("order"))), reason="ADDRESS")
    ids = list(due.order_by("pk").values_list("order_id", flat=True)[:500])
    return len(holds.release_due_holds(ids, now=now, reason=gettext_noop("time has come")))


@scheduled("orders.poll_channels", _("orders of channels"), every=timedelta(minutes=1))
def poll_channels(*, now: datetime, since: datetime | None) -> int:
    """Send a worker to every channel that is to be asked for missed orders."""
    connections = due_connections(now)
    for connection_id in connections:
        wake(poll_connection, connection_id, expires=60)
    return len(connections)


@shared_task(name="orders.poll_connection")
def poll_connection(connection_id: int) -> int:
    """Ask one channel for missed orders; a second worker finds it leased."""
    with acting_job("orders.poll_channels"):
        return poll(connection_id, clock=timezone.now)


@scheduled(
    "orders.retry_channel_orders", _("waiting orders of channels"), every=timedelta(minutes=5)
)
def retry_waiting(*, now: datetime, since: datetime | None) -> int:
    """Try channel orders again that a new SKU or price may have put right."""
    total, after = 0, 0
    while ids := waiting_orders(after=after):
        total += len(retry_channel_orders(ids, now=now).moved)
        after = ids[-1]
    return total


@scheduled("orders.tell_channels", _("news to channels"), every=timedelta(seconds=30))
def tell_channels(*, now: datetime, since: datetime | None) -> int:
    """Tell channels of shipments, cancellations and refunds."""
    return tell(clock=timezone.now)


@scheduled("orders.tell_stock", _("stock levels to channels"), every=timedelta(minutes=2))
def tell_stock_levels(*, now: datetime, since: datetime | None) -> int:
    """Tell channels the stock levels that they do not know yet."""
    return sum(
        tell_levels(connection_id, clock=timezone.now) for connection_id in stock_connections()
    )


@scheduled("orders.measure_stages", _("usual times of the stages"), every=timedelta(days=1))
def measure_stage_paces(*, now: datetime, since: datetime | None) -> int:
    """Measure how long orders usually stay in each stage."""
    return measure_stages(now=now)
