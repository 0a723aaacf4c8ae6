"""Our own accounts, bank details of sellers, and the batches that pay them."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Text
from backoffice.core.models import Currency
from backoffice.core.states import BlockedError
from backoffice.ui.admin import AddingMixin, DocumentAdmin, SettingsAdmin
from backoffice.ui.approvals import Waits
from backoffice.ui.dialogs import Button
from backoffice.ui.display import badge, badge_html, money
from backoffice.ui.forms import SecretsForm
from backoffice.ui.grid import amount, grid, link
from finance.choices import COLOURS, BankDetailsStatus, BatchStatus
from finance.models import BankDetails, Payout, PayoutAccount, PayoutBatch, PayoutFile
from finance.payout_files.accounts import masked, validate_account_number, validate_bank_code
from finance.payout_files.registry import FORMATS
from finance.services.bank_details import (
    ProposeDetails,
    approve_bank_details,
    propose_bank_details,
    reject_bank_details,
)
from finance.services.payout_batches import (
    NO_FILE,
    approve_batches,
    cancel_batches,
    download_batch,
    gather_payouts,
    pay_batches,
    send_batches,
    take_back_batches,
)
from finance.states import BANK_DETAILS, BATCH
from inventory.models import Seller

SHOWN = 200


def file_response(batch: PayoutBatch, *, now: datetime) -> HttpResponse:
    """Return the file of a batch as an attachment."""
    file = download_batch(batch.pk, now=now)
    kind = FORMATS[batch.account.file_format].content_type
    response = HttpResponse(file.content, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response["Cache-Control"] = "no-store"
    return response


class PayoutAccountForm(SecretsForm):
    """An account of ours; its number is written, never shown."""

    secrets = ("account_number",)

    class Meta:
        model = PayoutAccount
        exclude = ()  # noqa: DJ006


@admin.register(PayoutAccount)
class PayoutAccountAdmin(SettingsAdmin):
    import_key = ("code",)
    form = PayoutAccountForm
    list_display = ("code", "name", "currency", "file_format", "is_active")
    search_fields = ("code__exact",)
    ordering = ("code",)


class BankDetailsForm(forms.Form):
    """A seller's account."""

    seller = forms.CharField(
        label=gettext_lazy("seller"), help_text=gettext_lazy("The seller's code.")
    )
    currency = forms.ModelChoiceField(
        Currency.objects.filter(is_active=True).order_by("code"), label=gettext_lazy("currency")
    )
    holder = forms.CharField(label=gettext_lazy("account holder"), max_length=70)
    account_number = forms.CharField(
        label=gettext_lazy("account number or IBAN"),
        max_length=50,
        validators=[validate_account_number],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    bank_code = forms.CharField(
        label=gettext_lazy("bank code"),
        max_length=14,
        required=False,
        validators=[validate_bank_code],
        help_text=gettext_lazy("The BIC, or the routing number for NACHA."),
    )

    def clean_seller(self) -> Seller:
        code = self.cleaned_data["seller"]
        seller = Seller.objects.filter(code=code, is_active=True).first()
        if seller is None:
            raise forms.ValidationError(_("There is no seller with this code."))
        return seller


@admin.register(BankDetails)
class BankDetailsAdmin(AddingMixin, DocumentAdmin):
    why_no_import = gettext_lazy("Bank details are given one by one and agreed to by two persons.")
    add_form = BankDetailsForm
    add_title = gettext_lazy("Propose bank details")
    add_note = gettext_lazy(
        "A second person has to agree; until then payouts go to the account before."
    )
    add_permission = "finance.add_bankdetails"
    machine = BANK_DETAILS
    verbs = {"approve": approve_bank_details, "reject": reject_bank_details}
    waits = Waits(
        {"status": BankDetailsStatus.PROPOSED},
        lambda row: f"{row.seller} · {row.holder} · {masked(row.ending)}",
        lambda row: (None, row.currency),
        reject="reject",
        related=("created_by", "seller"),
    )
    list_display = (
        "number",
        "seller",
        "currency",
        badge("status", COLOURS),
        "holder",
        "shown",
        "created_by",
        "approved_by",
    )
    list_select_related = ("seller", "created_by", "approved_by")
    search_fields = ("number__exact", "seller__code__exact")

    readonly_fields = ("shown",)

    @admin.display(description=gettext_lazy("account"))
    def shown(self, row: BankDetails) -> str:
        return masked(row.ending)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*(super().get_exclude(request, obj) or ()), "account_number", "ending")

    def add(self, values: dict[str, Any], *, now: datetime) -> tuple[str, list[Text]]:
        command = ProposeDetails(
            values["seller"].pk,
            values["currency"].pk,
            values["holder"],
            values["account_number"],
            values["bank_code"],
        )
        done = propose_bank_details([command], now=now)
        if done.refused:
            raise BlockedError(done.refused[0])
        return reverse("admin:finance_bankdetails_change", args=[done.created[0]]), []


class GatherForm(forms.Form):
    """From which account, and when."""

    account = forms.ModelChoiceField(
        PayoutAccount.objects.filter(is_active=True).order_by("code"),
        label=gettext_lazy("payout account"),
        help_text=gettext_lazy("All open payouts in its currency that are in no batch yet."),
    )
    execute_on = forms.DateField(
        label=gettext_lazy("to be carried out on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


@admin.register(PayoutBatch)
class PayoutBatchAdmin(AddingMixin, DocumentAdmin):
    why_no_import = gettext_lazy("Batches are gathered from the open payouts.")
    add_form = GatherForm
    add_title = gettext_lazy("Gather payouts")
    add_note = gettext_lazy(
        "A second person approves the batch; then its file can be written for the bank."
    )
    add_permission = "finance.change_payout"
    machine = BATCH
    verbs = {
        "approve": approve_batches,
        "send": send_batches,
        "pay": pay_batches,
        "take_back": take_back_batches,
        "cancel": cancel_batches,
    }
    waits = Waits(
        {"status": BatchStatus.DRAFT},
        lambda row: format_html("{} · {}", row.account, row.execute_on),
        lambda row: (row.total_amount, row.currency),
        reject="cancel",
        related=("created_by", "account"),
    )
    list_display = (
        "number",
        "account",
        "execute_on",
        badge("status", COLOURS),
        "payout_count",
        money("total_amount", gettext_lazy("total")),
        "created_by",
        "approved_by",
    )
    list_select_related = ("account", "created_by", "approved_by")
    search_fields = ("number__exact",)

    def add(self, values: dict[str, Any], *, now: datetime) -> tuple[str, list[Text]]:
        account = values["account"]
        done = gather_payouts([account.pk], execute_on=values["execute_on"], now=now)
        if done.refused:
            raise BlockedError([done.refused[account.pk]])
        numbers = Payout.objects.filter(pk__any=list(done.left_out)[:SHOWN]).order_by("pk")
        notes: list[Text] = [
            _("%(payout)s is left out: %(why)s") % {"payout": number, "why": done.left_out[pk]}
            for pk, number in numbers.values_list("pk", "number")
        ]
        url = reverse("admin:finance_payoutbatch_change", args=[done.created[account.pk]])
        return url, notes

    def page_panels(self, request: HttpRequest, row: Any) -> list[tuple[Any, str]]:
        payouts = Payout.objects.filter(batch_id=row.pk).select_related("seller", "bank_details")
        head = (_("Payout"), _("Seller"), _("Account"), _("Status"), _("Amount"))
        rows = [
            (
                link(p),
                p.seller,
                f"{p.bank_details.holder} {masked(p.bank_details.ending)}",  # type: ignore[union-attr]
                badge_html(p.status, p.get_status_display(), COLOURS),
                amount(p.amount, p.currency),
            )
            for p in payouts.order_by("pk")[:SHOWN]
        ]
        return [
            (_("Payouts"), grid(head, rows, _("None: the batch was called off."))),
            *super().page_panels(request, row),
        ]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.file_view)
        return [path("<int:pk>/file/", view, name="finance_payoutbatch_file"), *super().get_urls()]

    def page_buttons(self, request: HttpRequest, document: Any) -> list[Button]:
        reasons: list[Text] = []
        if not PayoutFile.objects.filter(pk=document.pk).exists():
            reasons.append(NO_FILE)
        if not request.user.has_perm("finance.send_payout"):  # type: ignore[union-attr]
            reasons.append(_("You lack the permission for this."))
        url = reverse("admin:finance_payoutbatch_file", args=[document.pk])
        button = Button("file", _("Download the file"), url, reasons)
        return [*super().page_buttons(request, document), button]

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask before the file leaves (GET), then hand it out and keep who took it (POST)."""
        batch = get_object_or_404(self.get_queryset(request), pk=pk)
        if not request.user.has_perm("finance.send_payout"):  # type: ignore[union-attr]
            raise PermissionDenied
        back = reverse("admin:finance_payoutbatch_change", args=[pk])
        if request.method == "POST":
            try:
                return file_response(batch, now=timezone.now())
            except BlockedError as error:
                messages.error(request, str(error))
                return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": _("Download the file"),
            "opts": self.opts,
            "text": _("It holds every account number: who takes it is kept."),
            "back": back,
        }
        return TemplateResponse(request, "ui/confirm.html", context)
