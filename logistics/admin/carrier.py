"""Carriers and accounts, and how the accounts are doing."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.ui.admin import ReadOnlyAdmin, SettingsAdmin
from backoffice.ui.display import badge
from backoffice.ui.forms import SecretsForm
from logistics.carriers.registry import ADAPTERS
from logistics.choices import COLOURS
from logistics.models import AccountState, Carrier, CarrierAccount, LabelRequest
from logistics.services.labels import retry_labels


@admin.register(Carrier)
class CarrierAdmin(SettingsAdmin):
    import_key = ("code",)
    list_display = ("code", "name", "tracking_url", "is_active")
    search_fields = ("code", "name")


class AccountForm(SecretsForm):
    """An account and its secrets."""

    secrets = ("api_key", "webhook_secret")
    adapter = forms.ChoiceField(
        choices=lambda: [(name, name) for name in ADAPTERS], label=gettext_lazy("adapter")
    )

    class Meta:
        model = CarrierAccount
        exclude = ()  # noqa: DJ006


@admin.register(CarrierAccount)
class CarrierAccountAdmin(SettingsAdmin):
    why_no_import = gettext_lazy("It holds keys of the carrier, which do not belong into a file.")
    form = AccountForm
    list_display = ("code", "name", "carrier", "adapter", "is_default", "push_enabled", "is_active")
    list_select_related = ("carrier",)
    search_fields = ("code", "name")


@admin.register(AccountState)
class AccountStateAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("These are measured while the carrier is called.")
    list_display = (
        "account",
        badge("breaker", COLOURS),
        "breaker_until",
        "used",
        "quota",
        "refused",
        "rate_factor",
        "limited_until",
        "last_success_at",
        "last_error",
    )
    list_select_related = ("account",)

    @admin.display(description=gettext_lazy("calls per day"))
    def quota(self, row: AccountState) -> object:
        return row.account.calls_per_day or "–"


@admin.register(LabelRequest)
class LabelRequestAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("Labels are asked for when shipments are packed.")
    list_display = ("parcel", "account", "attempts", "next_attempt_at", "refused_at", "error")
    list_select_related = ("parcel", "account")
    ordering = ("parcel_id",)
    actions = ("retry",)

    @admin.action(description=gettext_lazy("Try to buy again"), permissions=["pack"])
    def retry(self, request: HttpRequest, queryset: Any) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = retry_labels(ids, now=timezone.now())
        messages.success(request, _("%(n)s labels are tried again.") % {"n": count})

    def has_pack_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("logistics.pack_shipment")  # type: ignore[union-attr]
