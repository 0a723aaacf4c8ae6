"""The return's screens."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from backoffice.ui.admin import DocumentAdmin, ReadOnlyInline
from backoffice.ui.display import badge
from orders.choices import COLOURS
from orders.models import Return, ReturnLine
from orders.services.returns import cancel_returns, close_returns, receive_returns
from orders.states import RETURN


class ReturnLineInline(ReadOnlyInline):
    model = ReturnLine
    fields = ("order_line", "reason", "quantity", "sellable", "damaged")
    readonly_fields = fields


@admin.register(Return)
class ReturnAdmin(DocumentAdmin):
    why_no_import = gettext_lazy("Returns are asked for on the order's page.")
    search_rank = 8
    machine = RETURN
    verbs = {"receive": receive_returns, "close": close_returns, "cancel": cancel_returns}
    list_display = (
        "number",
        "order",
        badge("status", COLOURS),
        "is_undelivered",
        "requested_at",
        "received_at",
        "closed_at",
    )
    list_select_related = ("order",)
    search_fields = ("number__exact", "order__order_number__exact")
    inlines = (ReturnLineInline,)
