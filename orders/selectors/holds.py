"""What orders wait for."""

from collections.abc import Iterable

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from orders.models import Hold


def open_holds(order_ids: Iterable[int]) -> dict[int, list[Hold]]:
    """Return the open holds of orders, the oldest first."""
    holds = Hold.objects.filter(order_id__in=list(order_ids), released_at__isnull=True)
    found: dict[int, list[Hold]] = {}
    for hold in holds.select_related("placed_by").order_by("placed_at", "pk"):
        found.setdefault(hold.order_id, []).append(hold)
    return found


def why(hold: Hold) -> str:
    """Say why an order is held, as the holder put it."""
    reason = hold.get_reason_display()
    return f"{reason} – “{hold.note}”" if hold.note else reason


def until(hold: Hold) -> str:
    """Say when a hold ends, on the reader's clock."""
    if hold.until is None:
        return _("until released")
    return _("until %(when)s") % {"when": date_format(localtime(hold.until), "Y-m-d H:i")}


def in_full(hold: Hold) -> str:
    """Say what a held order waits for: why, who holds it, until when."""
    words = {"why": why(hold), "who": hold.placed_by, "until": until(hold)}
    return _("%(why)s (%(who)s, %(until)s)") % words
