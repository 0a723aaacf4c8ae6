"""The survey's screens."""

from django.contrib import admin

from backoffice.ui.admin import DocumentAdmin
from backoffice.ui.display import badge
from support.choices import COLOURS
from support.models import Survey


@admin.register(Survey)
class SurveyAdmin(DocumentAdmin):
    list_display = (
        *("number", "ticket", "source", "order", badge("status", COLOURS), "score", "sent_at"),
        "answered_at",
    )
    list_select_related = ("ticket", "order")
    list_filter = ("status", "score", "origin")
    search_fields = ("number__exact", "external_id__exact", "order__order_number__exact")
    ordering = ("-sent_at", "-id")
