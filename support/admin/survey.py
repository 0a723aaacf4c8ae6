"""The survey's screens."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import DocumentAdmin
from backoffice.ui.display import badge
from support.choices import COLOURS
from support.models import Survey


@admin.register(Survey)
class SurveyAdmin(DocumentAdmin):
    why_no_import = _("Surveys are sent when tickets are solved.")
    list_display = (
        *("number", "ticket", "source", "order", badge("status", COLOURS), "score", "sent_at"),
        "answered_at",
    )
    list_select_related = ("ticket", "order")
    search_fields = ("number__exact", "ticket__number__exact", "order__order_number__exact")
    search_help_text = _("Survey, ticket or order number")
    ordering = ("-sent_at", "-id")
