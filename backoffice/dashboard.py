"""The first page of the staff site: the five times, the work that waits, whether all is well."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.models import EventDelivery, InboundMessage, OutboundMessage
from backoffice.insights.selectors.figures import board, newest_bottleneck, shown_origin, tiles
from finance.models import Payout, Refund
from inventory.models import ReplenishmentProposal
from logistics.models import DeliveryException, Shipment
from orders.models import Order
from support.models import Ticket

CEILING = 1000


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """Something that waits for people: what it counts, and the list that shows it."""

    label: str | Promise
    rows: Callable[[datetime], QuerySet]
    filters: str = ""


QUEUES = [
    WorkQueue(
        _("Orders on hold"),
        lambda now: Order.objects.filter(status__in=["PENDING", "CONFIRMED"], open_holds__gt=0),
        "attention=held",
    ),
    WorkQueue(
        _("Orders waiting for stock"),
        lambda now: Order.objects.filter(status__in=["PENDING", "CONFIRMED"], short_quantity__gt=0),
        "attention=short",
    ),
    WorkQueue(
        _("Orders to be confirmed"),
        lambda now: Order.objects.filter(status="PENDING"),
        "status__exact=PENDING",
    ),
    WorkQueue(
        _("Shipments to be picked"),
        lambda now: Shipment.objects.filter(status="PLANNED"),
        "status__exact=PLANNED",
    ),
    WorkQueue(
        _("Delivery exceptions"),
        lambda now: DeliveryException.objects.filter(status="OPEN"),
        "status__exact=OPEN",
    ),
    WorkQueue(
        _("Tickets without agent"),
        lambda now: Ticket.objects.filter(status__in=["NEW", "OPEN"], assignee=None),
        "attention=unassigned",
    ),
    WorkQueue(
        _("Tickets overdue"),
        lambda now: Ticket.objects.filter(status__in=["NEW", "OPEN"], solution_due_at__lt=now),
        "attention=overdue",
    ),
    WorkQueue(
        _("Refunds to be approved"),
        lambda now: Refund.objects.filter(status="REQUESTED"),
        "status__exact=REQUESTED",
    ),
    WorkQueue(
        _("Payouts to be approved"),
        lambda now: Payout.objects.filter(status="DRAFT"),
        "status__exact=DRAFT",
    ),
    WorkQueue(
        _("Replenishment proposals"),
        lambda now: ReplenishmentProposal.objects.filter(status="PROPOSED"),
        "status__exact=PROPOSED",
    ),
    WorkQueue(
        _("Refused messages"),
        lambda now: InboundMessage.objects.filter(status="REFUSED"),
        "status__exact=REFUSED",
    ),
    WorkQueue(
        _("Messages that could not be sent"),
        lambda now: OutboundMessage.objects.filter(status="FAILED"),
        "status__exact=FAILED",
    ),
    WorkQueue(
        _("Events set aside"),
        lambda now: EventDelivery.objects.filter(set_aside_at__isnull=False),
        "set_aside_at__isnull=False",
    ),
]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A work queue with its count, which stops at a ceiling, and its address."""

    label: str | Promise
    count: int
    url: str

    @property
    def text(self) -> str:
        return f"{CEILING}+" if self.count > CEILING else str(self.count)


def capped_counts(querysets: list[QuerySet]) -> list[int]:
    """Count each of several sets up to the ceiling, in one statement."""
    if not querysets:
        return []
    parts: list[str] = []
    parameters: list[Any] = []
    for queryset in querysets:
        limited = queryset.order_by().values_list("pk", flat=True)[: CEILING + 1]
        sql, values = limited.query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS q)")
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", parameters)
        return list(cursor.fetchone())


def waiting(request: HttpRequest, site: Any, now: datetime) -> list[Waiting]:
    """Return the work queues that this user may see."""
    shown = []
    for item in QUEUES:
        rows = item.rows(now)
        meta = rows.model._meta
        permission = f"{meta.app_label}.view_{meta.model_name}"
        if site.is_registered(rows.model) and request.user.has_perm(permission):
            url = reverse(f"{site.name}:{meta.app_label}_{meta.model_name}_changelist")
            shown.append((item, rows, f"{url}?{item.filters}"))
    counts = capped_counts([rows for _item, rows, _url in shown])
    return [
        Waiting(item.label, count, url)
        for (item, _rows, url), count in zip(shown, counts, strict=True)
    ]


def context(request: HttpRequest, site: Any) -> dict[str, Any]:
    """Return what the first page shows."""
    origin = shown_origin(request.GET.get("origin", ""))
    measures = request.user.has_perm("insights.view_dailymetric")
    return {
        "bo_queues": waiting(request, site, timezone.now()),
        "bo_origin": origin,
        "bo_origins": Origin.choices,
        "bo_tiles": tiles(origin) if measures else [],
        "bo_stages": newest_bottleneck(origin) if measures else [],
        "bo_board": board() if request.user.has_perm("insights.view_checkrun") else None,
    }
