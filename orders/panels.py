"""What an order's page shows of lower floors: the stock that is kept for it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import panel
from backoffice.ui.grid import grid, link
from inventory.models import Reservation
from orders.models import OrderLine


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
