"""Who sees only some warehouses or sellers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.admin.people import UserAdmin
from backoffice.ui.admin import Inline, SettingsAdmin
from inventory.models import Seller, UserScope, Warehouse

NONE_MEANS_ALL = gettext_lazy("Codes, separated by commas. None means all.")


class CodesField(forms.CharField):
    """The keys of settings rows, written as their codes."""

    widget = forms.Textarea(attrs={"rows": 2})

    def __init__(self, model: type[Model], label: object) -> None:
        super().__init__(required=False, label=label, help_text=NONE_MEANS_ALL)
        self.model = model

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        rows = self.model._default_manager.filter(pk__in=value).order_by("code")
        return ", ".join(rows.values_list("code", flat=True))

    def clean(self, value: Any) -> list[int]:
        codes = super().clean(value).replace(",", " ").split()
        ids = dict(self.model._default_manager.filter(code__in=codes).values_list("code", "pk"))
        unknown = sorted(set(codes) - set(ids))
        if unknown:
            text = _("%(codes)s is unknown: look the code up in its list.")
            raise ValidationError(text % {"codes": ", ".join(unknown)})
        return sorted(ids.values())


class UserScopeForm(forms.ModelForm):
    warehouse_ids = CodesField(Warehouse, gettext_lazy("warehouses"))
    seller_ids = CodesField(Seller, gettext_lazy("sellers"))

    class Meta:
        model = UserScope
        fields = ("user", "warehouse_ids", "seller_ids", "is_active")


class UserScopeFormSet(forms.BaseInlineFormSet):
    """One user's limits; users have no way back to them that could name the fields."""

    @classmethod
    def get_default_prefix(cls) -> str:
        return "scope"


class UserScopeInline(Inline):
    """The limits, in the form of the colleague."""

    model = UserScope
    formset = UserScopeFormSet
    form = UserScopeForm
    fields = ("warehouse_ids", "seller_ids", "is_active")
    can_delete = False


UserAdmin.inlines.append(UserScopeInline)


@admin.register(UserScope)
class UserScopeAdmin(SettingsAdmin):
    why_no_import = gettext_lazy("Limits are set with their colleague.")
    form = UserScopeForm
    list_display = ("user", "warehouses", "sellers", "is_active")
    list_select_related = ("user",)
    autocomplete_fields = ("user",)
    search_fields = ("user__username__exact",)
    ordering = ("-id",)

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        return ("user",) if obj else ()

    @admin.display(description=gettext_lazy("warehouses"))
    def warehouses(self, row: UserScope) -> str:
        return str(len(row.warehouse_ids) or _("All"))

    @admin.display(description=gettext_lazy("sellers"))
    def sellers(self, row: UserScope) -> str:
        return str(len(row.seller_ids) or _("All"))
