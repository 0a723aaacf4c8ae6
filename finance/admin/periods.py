"""A month of the books: what it comes to, what keeps it open, and the files that tell it."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.exports import csv_response, xlsx_response
from backoffice.ui.admin import DocumentAdmin
from backoffice.ui.display import badge, badge_html
from backoffice.ui.grid import amount, grid
from finance.admin.papers import PaperMixin
from finance.choices import COLOURS, AccountKind
from finance.exports.base import Export, month_of
from finance.exports.registry import EXPORTS
from finance.models import AccountingPeriod
from finance.selectors.reports import (
    Balance,
    last_day,
    month_balances,
    month_end_checks,
    seller_balances,
)
from finance.services.periods import close_periods, reopen_periods
from finance.states import PERIOD

SHOWN = 200
HEADER = "account,name,kind,currency,opening,moved,closing".split(",")
POSITION = (AccountKind.ASSET, AccountKind.LIABILITY, AccountKind.EQUITY)


@admin.register(AccountingPeriod)
class AccountingPeriodAdmin(PaperMixin, DocumentAdmin):
    why_no_import = gettext_lazy("A period is opened with the first entry of its month.")
    machine = PERIOD
    verbs = {"close": close_periods, "reopen": reopen_periods}
    inverses = {"close": "reopen", "reopen": "close"}
    list_display = ("month", badge("status", COLOURS), "closed_at", "modified_by")
    list_select_related = ("modified_by",)
    ordering = ("-month",)
    kinds = (
        ("csv", gettext_lazy("Trial balance as CSV")),
        ("xlsx", gettext_lazy("Trial balance as XLSX")),
        *((name, export.label) for name, export in EXPORTS.items()),
    )

    def take_along(self, row: Any, kind: str) -> HttpResponseBase:
        if kind in EXPORTS:
            return export_response(row, EXPORTS[kind])
        make: Callable[..., HttpResponseBase] = csv_response if kind == "csv" else xlsx_response
        return make(f"trial-balance-{row}", HEADER, _rows(month_balances(row.month)))

    def page_panels(self, request: HttpRequest, row: Any) -> list[tuple[Any, str]]:
        panels = [(_("Month's end"), _checklist(row)), *super().page_panels(request, row)]
        if not request.user.has_perm("finance.view_dailybalance"):  # type: ignore[union-attr]
            return panels
        balances = month_balances(row.month)
        return [
            (_("Trial balance"), _trial(row, balances)),
            (_("Profit and loss"), _result(row, balances)),
            (_("Balance sheet"), _position(row, balances)),
            (_("Sellers"), _sellers(row)),
            *panels,
        ]


def export_response(period: AccountingPeriod, export: Export) -> StreamingHttpResponse:
    """Return a month for another program, read from the database while it is sent."""
    lines = (
        text.encode(export.encoding, "replace") for text in export.write(month_of(period.month))
    )
    response = StreamingHttpResponse(lines, content_type=f"text/plain; charset={export.encoding}")
    response["Content-Disposition"] = f'attachment; filename="books-{period}.{export.suffix}"'
    response["Cache-Control"] = "no-store"
    return response


def _rows(balances: Sequence[Balance]) -> Iterator[Sequence[Any]]:
    for b in balances:
        yield (b.code, b.name, b.kind, b.currency, b.opening, b.moved, b.closing)


def _account(period: AccountingPeriod, balance: Balance) -> str:
    """Return an account as a link to its entries of the month."""
    after = last_day(period.month)
    url = reverse("admin:finance_journalentry_changelist")
    query = f"account={balance.code}&effective_after={period.month}&effective_until={after}"
    return format_html('<a href="{}?{}">{} {}</a>', url, query, balance.code, balance.name)


def _trial(period: AccountingPeriod, balances: Sequence[Balance]) -> str:
    head = (_("account"), _("kind"), _("Opening"), _("Moved"), _("Closing"))
    rows: list[Sequence[Any]] = []
    for currency in dict.fromkeys(b.currency for b in balances):
        own = [b for b in balances if b.currency == currency]
        rows += [
            (
                _account(period, b),
                AccountKind(b.kind).label,
                *(amount(value, currency) for value in (b.opening, b.moved, b.closing)),
            )
            for b in own
        ]
        sums = (_sum(b.opening for b in own), _sum(b.moved for b in own))
        rows.append(
            (_("Together"), "", *(amount(v, currency) for v in (*sums, sum(sums, Decimal(0)))))
        )
    return grid(head, rows, _("Nothing was posted yet."))


def _result(period: AccountingPeriod, balances: Sequence[Balance]) -> str:
    """Show income and expenses of the month, in our favour."""
    rows: list[Sequence[Any]] = []
    for currency in dict.fromkeys(b.currency for b in balances):
        own = [b for b in balances if b.currency == currency and b.is_result]
        rows += [(_account(period, b), amount(-b.moved, currency)) for b in own]
        rows.append((_("Result"), amount(-_sum(b.moved for b in own), currency)))
    return grid((_("account"), _("Amount")), rows, _("Nothing was posted yet."))


def _position(period: AccountingPeriod, balances: Sequence[Balance]) -> str:
    """Show what is owned and owed at the month's end; the result so far makes them even."""
    head = (_("kind"), _("account"), _("Amount"))
    rows: list[Sequence[Any]] = []
    for currency in dict.fromkeys(b.currency for b in balances):
        own = [b for b in balances if b.currency == currency]
        for kind in POSITION:
            sign = 1 if kind == AccountKind.ASSET else -1
            rows += [
                (kind.label, _account(period, b), amount(sign * b.closing, currency))
                for b in own
                if b.kind == kind and b.closing
            ]
        result = -_sum(b.closing for b in own if b.is_result)
        rows.append((AccountKind.EQUITY.label, _("Result so far"), amount(result, currency)))
    return grid(head, rows, _("Nothing was posted yet."))


def _sellers(period: AccountingPeriod) -> str:
    head = (_("seller"), _("Payable"), _("Reserve"), _("On its way"))
    rows = [
        (
            f"{s.name} ({s.code})",
            *(amount(value, s.currency) for value in (s.payable, s.reserve, s.in_transit)),
        )
        for s in seller_balances(period.month, SHOWN)
    ]
    return grid(head, rows, _("No seller is owed anything."))


def _checklist(period: AccountingPeriod) -> str:
    """Show what should be done before the month is closed, each with the list of what is open."""
    rows = []
    for check in month_end_checks(period, timezone.now()):
        model = apps.get_model(check.document)
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        state = (
            badge_html("PAID", _("Done"), COLOURS)
            if not check.open
            else badge_html("DRAFT", _("Open"), COLOURS)
        )
        link = format_html('<a href="{}?{}">{}</a>', url, check.query, check.open)
        rows.append((check.label, state, link if check.open else ""))
    note = format_html("<p>{}</p>", _("Open points do not keep a month from being closed."))
    return mark_safe(grid((_("What"), _("Status"), _("Open")), rows, "") + note)  # noqa: S308


def _sum(values: Any) -> Decimal:
    return sum(values, Decimal(0))
