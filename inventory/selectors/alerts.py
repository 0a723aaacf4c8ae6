"""Why alerts were raised, in words; and how stock fares class by class."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from backoffice.core.scope import for_actor
from inventory.choices import AbcClass, AlertKind, XyzClass
from inventory.models import StockAlert, StockHealth

REASONS = {
    AlertKind.OUT: gettext_noop("None is left to sell; %(daily)s are asked for a day."),
    AlertKind.LOW: gettext_noop(
        "What is there and on order lasts %(days)s days; a delivery takes %(lead_time)s."
    ),
    AlertKind.LATE: gettext_noop(
        "%(units)s units last %(days)s days; the delivery is expected on %(expected_on)s."
    ),
    AlertKind.OVER: gettext_noop("%(units)s units last %(days)s days, more than %(limit)s."),
    AlertKind.SLOW: gettext_noop("%(units)s units, and none left for %(days)s days."),
    AlertKind.DEAD: gettext_noop("%(units)s units, and none left for %(days)s days."),
    AlertKind.EXPIRING: gettext_noop("%(units)s units expire, the first on %(expires_on)s."),
    AlertKind.VARIANCE: gettext_noop(
        "The last counts were off by %(units)s units, worth %(value)s in all."
    ),
}
COMING = gettext_noop("%(coming)s are on order, expected on %(expected_on)s.")
NOT_COMING = gettext_noop("None is on order.")


def explain_alert(kind: str, facts: Mapping[str, Any]) -> str:
    """Return why an alert was raised, in the reader's language."""
    shown = {name: _shown(value) for name, value in facts.items()}
    text = _(REASONS[AlertKind(kind)]) % shown
    if kind == AlertKind.OUT:
        text += " " + (_(COMING) % shown if facts.get("coming") else _(NOT_COMING))
    return text


def _shown(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return number_format(value, force_grouping=True) if isinstance(value, int | float) else value


@dataclass(frozen=True, slots=True)
class Share:
    """The stock of one class: how many SKUs, what it is worth, how long it lasts."""

    abc: str
    xyz: str
    skus: int
    value: Decimal
    days: Decimal | None
    out: int


def shares(warehouse_id: int | None = None) -> list[Share]:
    """Return the stock by ABC and XYZ class that the reader may see, A X first.

    Days of cover are the value on hand over the value asked for a day.
    """
    rows = for_actor(StockHealth.objects.all())
    if warehouse_id:
        rows = rows.filter(warehouse_id=warehouse_id)
    found = rows.values("abc", "xyz").annotate(
        skus=Count("pk"),
        worth=Sum("value"),
        # What a unit costs is known where some lie there; elsewhere it is not needed.
        a_day=Sum(F("daily_demand") * F("value") / F("on_hand"), filter=Q(on_hand__gt=0)),
        empty=Count("pk", filter=Q(on_hand=0, daily_demand__gt=0)),
    )
    by_class = {(row["abc"], row["xyz"]): row for row in found}
    return [
        Share(
            abc,
            xyz,
            row["skus"],
            row["worth"],
            row["worth"] / row["a_day"] if row["a_day"] else None,
            row["empty"],
        )
        for abc in AbcClass.values
        for xyz in XyzClass.values
        if (row := by_class.get((abc, xyz)))
    ]


def open_alerts(warehouse_id: int | None = None) -> list[tuple[str, str, int]]:
    """Return the open alerts that the reader may see: kind, its label, how many."""
    rows = for_actor(StockAlert.objects.filter(status="OPEN"))
    if warehouse_id:
        rows = rows.filter(warehouse_id=warehouse_id)
    counts = dict(rows.values_list("kind").annotate(n=Count("pk")))
    return [(kind, str(label), counts[kind]) for kind, label in AlertKind.choices if kind in counts]
