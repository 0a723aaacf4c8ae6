"""The stage that an open order is in, since when, and whether that is unusually long."""

from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from backoffice.core.choices import Origin
from orders.choices import OPEN, OrderStatus, Stage
from orders.models import StagePace

STAGE = Case(
    When(status=OrderStatus.PENDING, then=Value(str(Stage.CONFIRM))),
    When(status=OrderStatus.CONFIRMED, then=Value(str(Stage.RELEASE))),
    When(delivered_at__isnull=False, then=Value(str(Stage.COMPLETE))),
    When(shipped_at__isnull=False, then=Value(str(Stage.DELIVER))),
    default=Value(str(Stage.SHIP)),
    output_field=CharField(),
)
# The latest time that an order has is that of its coming into its stage.
SINCE = Coalesce("delivered_at", "shipped_at", "released_at", "confirmed_at", "placed_at")


def stuck(orders: QuerySet, now: datetime | F) -> QuerySet:
    """Return the open orders that are longer in their stage than nine of ten others were."""
    pace = StagePace.objects.filter(stage=OuterRef("stage")).values("p90")
    at: Any = now if isinstance(now, F) else Value(now)
    staged = orders.filter(status__in=OPEN).exclude(origin=Origin.IMPORT)
    staged = staged.annotate(stage=STAGE, stage_since=SINCE)
    return staged.filter(Q(stage_since__lt=at - Subquery(pace)))
