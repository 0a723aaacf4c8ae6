"""The screens of saved views."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from backoffice.core.filtering import FilterError, canonical, read_filter
from backoffice.core.models import SavedView
from backoffice.ui.admin import SettingsAdmin


class SavedViewForm(forms.ModelForm):
    """A name for a filter, which has to be understood."""

    class Meta:
        model = SavedView
        fields = ["name", "document", "query", "is_shared", "position", "is_active"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        label, query = values.get("document", ""), values.get("query", "")
        if label and query:
            try:
                read_filter(label, query, now=timezone.now()).strict()
            except FilterError as error:
                self.add_error("query", str(error))
            else:
                values["query"] = canonical(query)
        return values


@admin.register(SavedView)
class SavedViewAdmin(SettingsAdmin):
    why_no_import = gettext_lazy("A view is kept from the filter of a list.")
    form = SavedViewForm
    sidebar_group = "work"
    list_display = ("name", "document", "query", "owner", "is_shared", "is_active")
    list_select_related = ("owner",)
    ordering = ("document", "position", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        views = super().get_queryset(request)
        return views.filter(Q(owner=request.user.pk) | Q(is_shared=True))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        # What somebody else shares is theirs; a superuser mends it.
        return may and (obj is None or obj.owner_id == request.user.pk or _rules_all(request))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.owner = request.user
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Lead back to the list, where the new tab is open."""
        super().response_add(request, obj, post_url_continue)
        name = obj.document.replace(".", "_")
        return HttpResponseRedirect(f"{reverse(f'admin:{name}_changelist')}?{obj.query}")


def _rules_all(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
