"""Files of providers and banks: bring one, see what it comes to and every row."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.files import LIMIT, FileRefusedError
from backoffice.ui.admin import ReadOnlyAdmin, RecordAdmin
from backoffice.ui.display import NOTHING, badge, money
from backoffice.ui.grid import amount, grid
from finance.choices import COLOURS, FileControl
from finance.models import BankStatement, FileRow, ProviderFile
from finance.selectors.files import rows_of, statements_of
from finance.services.provider_files import NotAllowedError, import_file
from finance.settlement_files.registry import DETECT, FORMATS

SHOWN = 50


class ProviderFileForm(forms.Form):
    """A file and its format, which may be found by itself."""

    format = forms.ChoiceField(label=gettext_lazy("format"))
    file = forms.FileField(label=gettext_lazy("file"), allow_empty_file=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["format"].choices = [  # type: ignore[attr-defined]
            (DETECT, _("Find the format")),
            *((format.name, format.label) for format in FORMATS.values()),
        ]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LIMIT:
            raise forms.ValidationError(_("The file is bigger than 25 MB."))
        return file


@admin.register(ProviderFile)
class ProviderFileAdmin(RecordAdmin):
    why_no_import = gettext_lazy("A provider's file is uploaded here as it came.")
    list_display = (
        "number",
        "file",
        "format_name",
        badge("control", COLOURS),
        "row_count",
        "reason",
        "imported_by",
        "imported_at",
    )
    list_select_related = ("file", "imported_by")
    search_fields = ("number__exact",)
    ordering = ("-id",)
    tabs = ((gettext_lazy("Refused"), "control=REFUSED"),)
    fields = (
        "number",
        "content",
        "format_name",
        "control",
        "reason",
        "row_count",
        "imported_by",
        "imported_at",
        "sha256",
    )
    readonly_fields = ("content", "format_name")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("finance.add_providerfile")  # type: ignore[union-attr]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Take a file, prove and store it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ProviderFileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            answer = self._take(request, form)
            if answer:
                return answer
        context = self.admin_site.each_context(request) | {
            "title": _("Import a file of a provider or bank"),
            "opts": self.opts,
            "form": form,
            "bo_note": _("The file is taken whole or not at all; its rows never change."),
        }
        return TemplateResponse(request, "ui/upload.html", context)

    def _take(self, request: HttpRequest, form: ProviderFileForm) -> HttpResponse | None:
        data = form.cleaned_data
        try:
            imported = import_file(
                data["format"], data["file"].name, data["file"].read(), now=timezone.now()
            )
        except (FileRefusedError, NotAllowedError) as error:
            form.add_error("file", str(error))
            return None
        file = imported.file
        if file.control == FileControl.REFUSED:
            messages.error(request, _("The file is refused: %s") % file.reason)
        elif imported.is_new:
            messages.success(request, _("The file is imported."))
        else:
            words = _("This file was imported before, as %s. Nothing changed.")
            messages.info(request, words % file.number)
        return HttpResponseRedirect(reverse("admin:finance_providerfile_change", args=[file.pk]))

    @admin.display(description=gettext_lazy("format"), ordering="format")
    def format_name(self, file: ProviderFile) -> str:
        known = FORMATS.get(file.format)
        return str(known.label) if known else file.format or "–"

    @admin.display(description=gettext_lazy("content"))
    def content(self, file: ProviderFile) -> SafeString:
        url = reverse("admin:core_storedfile_download", args=[file.file_id])  # type: ignore[attr-defined]
        return format_html('<a href="{}">{}</a>', url, file.file.name)

    def page_panels(self, request: HttpRequest, row: ProviderFile) -> list[tuple[Any, str]]:
        return [
            (_("totals"), self._sums(row)),
            (_("Rows of the file"), self._rows(row)),
            (_("bank statements"), self._statements(row)),
            *super().page_panels(request, row),
        ]

    def _sums(self, file: ProviderFile) -> str:
        heads = (_("currency"), _("gross"), _("fee"), _("net"))
        rows = [
            (code, *(amount(Decimal(sums[name]), code) for name in ("gross", "fee", "net")))
            for code, sums in file.totals.items()
        ]
        return grid(heads, rows, _("None.")) if rows else ""

    def _statements(self, file: ProviderFile) -> str:
        heads = (_("account"), _("statement number"), _("opening balance"), _("closing balance"))
        rows = [
            (
                statement.account,
                statement.statement_number,
                _amount(statement.opening_amount, statement.currency),
                _amount(statement.closing_amount, statement.currency),
            )
            for statement in statements_of(file.pk)
        ]
        return grid(heads, rows, _("None.")) if rows else ""

    def _rows(self, file: ProviderFile) -> str:
        heads = (_("row"), _("kind"), _("gross"), _("fee"), _("external id"), _("reference"))
        rows = [
            (
                row.row_number,
                row.get_kind_display(),
                _amount(row.gross_amount, row.currency),
                _amount(row.fee_amount, row.currency),
                row.external_id,
                row.reference,
            )
            for row in rows_of(file.pk)[:SHOWN]
        ]
        if not rows:
            return ""
        url = reverse("admin:finance_filerow_changelist")
        link = format_html('<p><a href="{}?file_id={}">{}</a></p>', url, file.pk, _("All rows"))
        return mark_safe(grid(heads, rows, "") + link)  # noqa: S308  (both are safe)


def _amount(value: Decimal | None, currency: str) -> str:
    return NOTHING if value is None else amount(value, currency)


@admin.register(FileRow)
class FileRowAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("These are the rows of providers' files.")
    list_display = (
        "__str__",
        badge("kind", COLOURS),
        money("gross_amount", gettext_lazy("gross")),
        money("fee_amount", gettext_lazy("fee")),
        money("net_amount", gettext_lazy("net")),
        "external_id",
        "reference",
        "batch",
        "happened_at",
    )
    search_fields = ("external_id__exact", "reference__exact")
    ordering = ("-id",)


@admin.register(BankStatement)
class BankStatementAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("Statements come from the bank files that are uploaded.")
    list_display = (
        "account",
        "statement_number",
        money("opening_amount", gettext_lazy("opening balance")),
        money("closing_amount", gettext_lazy("closing balance")),
        "closed_on",
        "row_count",
    )
    search_fields = ("account__exact",)
    ordering = ("-id",)
