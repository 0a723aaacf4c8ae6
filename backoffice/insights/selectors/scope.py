"""Which figures are within a warehouse or a seller."""

from collections.abc import Sequence

from django.db.models import Q

from backoffice.core.scope import scope
from backoffice.insights.choices import Dimension
from backoffice.insights.models import DailyMetric


def of_warehouses(ids: Sequence[int]) -> Q:
    """Limit to figures of warehouses."""
    return Q(dimension=Dimension.WAREHOUSE, key__any=ids)


def of_sellers(ids: Sequence[int]) -> Q:
    """Limit to figures of sellers."""
    return Q(dimension=Dimension.SELLER, key__any=ids)


scope(DailyMetric, warehouse=of_warehouses, seller=of_sellers)
