"""What an order's page shows of stock: what is kept for it, and why from where."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import panel
from backoffice.core.models import Event
from backoffice.ui.grid import grid, link
from inventory.models import Reservation, Warehouse
from orders.models import OrderLine

DISTANCES = [gettext_lazy("same region"), gettext_lazy("same country"), gettext_lazy("abroad")]


@panel("orders.order", gettext_lazy("Reservations"))
def reservations_panel(order: Any, request: Any) -> str:
    """Show which units of which warehouse are kept for an order."""
    if not request.user.has_perm("inventory.view_reservation"):
        return ""
    lines = OrderLine.objects.filter(order_id=order.pk).values("pk")
    kept = Reservation.objects.filter(for_type="orders.orderline", for_id__in=lines)
    rows = [
        (link(r.sku), r.warehouse.name, r.quantity, r.promised_at.date())
        for r in kept.select_related("sku", "warehouse").order_by("pk")
    ]
    head = (_("SKU"), _("Warehouse"), _("Units"), _("Promised on"))
    return grid(head, rows, _("No stock is kept for this order."))


@panel("orders.order", gettext_lazy("Routing"))
def routing_panel(order: Any, request: Any) -> str:
    """Show among which warehouses the last choice was made, and why it fell as it did."""
    told = Event.objects.filter(order_id=order.pk, kind="order.routed").order_by("-pk").first()
    if told is None or not request.user.has_perm("orders.view_lane"):
        return ""
    options = sorted(told.data["options"], key=lambda o: (-o["chosen"], o["score"]))
    names = dict(
        Warehouse.objects.filter(pk__in=[o["warehouse_id"] for o in options]).values_list(
            "pk", "name"
        )
    )
    every = told.data["lines"]
    rows = [
        (
            names.get(o["warehouse_id"], ""),
            _("%(n)s of %(every)s") % {"n": o["chosen"], "every": every},
            _("%(n)s of %(every)s") % {"n": o["in_stock"], "every": every},
            "–" if o["cost"] is None else o["cost"],
            "–" if o["days"] is None else o["days"],
            DISTANCES[o["distance"]],
            o["score"],
        )
        for o in options
    ]
    head = (
        *(_("Warehouse"), _("Lines sent from here"), _("Lines in stock"), _("Cost"), _("Days")),
        *(_("Distance"), _("One parcel counts for")),
    )
    return grid(head, rows, "")
