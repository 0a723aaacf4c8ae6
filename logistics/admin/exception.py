"""The delivery exception's screens."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import DocumentAdmin
from backoffice.ui.display import badge
from logistics.choices import COLOURS
from logistics.models import DeliveryException
from logistics.services.exceptions import acknowledge_exceptions, resolve_exceptions
from logistics.states import EXCEPTION

EXCEPTION_COLOURS = COLOURS | {"OPEN": COLOURS["EXCEPTION"]}


@admin.register(DeliveryException)
class DeliveryExceptionAdmin(DocumentAdmin):
    why_no_import = _("Exceptions are opened by the scans of carriers.")
    machine = EXCEPTION
    verbs = {"acknowledge": acknowledge_exceptions, "resolve": resolve_exceptions}
    list_display = (
        "number",
        "kind",
        badge("status", EXCEPTION_COLOURS),
        "parcel",
        "order",
        "detail",
        "opened_at",
        "resolved_at",
    )
    list_select_related = ("parcel", "order")
    search_fields = ("number__exact", "order__order_number__exact", "parcel__number__exact")
    search_help_text = _("Exception, order or parcel number")
    fields = (
        ("number", "kind", "status", "origin"),
        ("parcel", "order", "detail"),
        ("opened_at", "acknowledged_at", "resolved_at"),
        ("resolution", "is_resolved_by_scan"),
        ("created_by", "updated_at", "modified_by", "version"),
    )
