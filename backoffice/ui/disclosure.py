"""The list action that tells somebody what is known about them."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.privacy import disclose_subject


@admin.action(description=gettext_lazy("Personal data as a file"))
def disclose(
    modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: Any
) -> HttpResponse | None:
    """Send what all floors know about one subject, and note who took it."""
    chosen = list(queryset[:2])
    if len(chosen) != 1:
        messages.error(request, _("Choose one row: the file is for one person."))
        return None
    label, pk = modeladmin.opts.label_lower, chosen[0].pk
    modeladmin.log_change(request, chosen[0], _("Personal data as a file"))
    known = {
        "subject": f"{label} {pk}",
        "told_at": timezone.now(),
        "known": disclose_subject(label, pk),
    }
    response = JsonResponse(known, json_dumps_params={"indent": 2, "ensure_ascii": False})
    name = f"{modeladmin.opts.model_name}-{pk}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
