"""How an order's page and list say that it is on hold: why, by whom, until when."""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.choices import Colour
from backoffice.ui.display import LONG, Cell, badge_html, choices_of, column
from orders.choices import COLOURS
from orders.models import Hold, Order
from orders.selectors.holds import in_full, open_holds, until, why


def _prepare(model: Any) -> Cell:
    known = {v: badge_html(v, text, COLOURS) for v, text in choices_of(model, "status")}
    held = badge_html("held", _("On hold"), {"held": Colour.WARNING})

    def cell(order: Order) -> str:
        own = known[order.status]
        return format_html("{} {}", own, held) if order.open_holds else own

    return cell


STATUS = column("status_badge", _prepare, gettext_lazy("status"), "status", "")
STATUS.is_badge = True  # type: ignore[attr-defined]


def holds_of(order: Order) -> list[Hold]:
    """Return the open holds of an order; a list has loaded those of all its rows."""
    if not hasattr(order, "bo_holds"):
        fill([order])
    return order.bo_holds  # type: ignore[attr-defined, no-any-return]


def fill(orders: Sequence[Order]) -> None:
    """Load the open holds of many orders at once."""
    held = [order.pk for order in orders if order.open_holds]
    found = open_holds(held) if held else {}
    for order in orders:
        order.bo_holds = found.get(order.pk, [])  # type: ignore[attr-defined]


def _column(
    name: str, label: Any, tell: Callable[[Hold], str], css: str = ""
) -> Callable[..., Any]:
    def cell(order: Order) -> str:
        return "; ".join(dict.fromkeys(tell(hold) for hold in holds_of(order)))

    cell.__name__ = name
    cell.short_description = label  # type: ignore[attr-defined]
    cell.css = css  # type: ignore[attr-defined]
    return cell


HOLD_COLUMNS = (
    _column("held_for", gettext_lazy("held for"), why, LONG),
    _column("held_by", gettext_lazy("held by"), lambda hold: str(hold.placed_by)),
    _column("held_until", gettext_lazy("held until"), until),
)


def waits_for(order: Order) -> str:
    """Say what a held order waits for."""
    return "; ".join(in_full(hold) for hold in holds_of(order))


waits_for.short_description = gettext_lazy("Waits for")  # type: ignore[attr-defined]
