"""The list action that asks a second person to erase somebody's personal data."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.privacy import request_erasures

PERMISSION = "core.add_approval"


@admin.action(description=gettext_lazy("Ask to erase personal data"))
def ask_to_erase(
    modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: Any
) -> HttpResponse | None:
    """Ask for the reason first, then ask the second person."""
    ids = list(queryset.values_list("pk", flat=True))
    reason = request.POST.get("reason", "").strip()
    if request.POST.get("confirmed") and reason:
        outcome = request_erasures(
            modeladmin.opts.label_lower, ids, now=timezone.now(), reason=reason[:300]
        )
        if outcome.moved:
            text = _("A second person is asked about %(n)s.")
            messages.success(request, text % {"n": len(outcome.moved)})
        for row in queryset.filter(pk__in=list(outcome.blocked)):
            words = " ".join(str(r) for r in outcome.blocked[row.pk])
            messages.error(request, f"{row}: {words}")
        return None
    context = modeladmin.admin_site.each_context(request) | {
        "title": _("Ask to erase personal data"),
        "opts": modeladmin.opts,
        "subjects": list(queryset[:50]),
        "ids": ids,
    }
    return TemplateResponse(request, "ui/erase.html", context)
