"""What rows of files belong to, and what nobody has explained yet."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import DocumentAdmin, ReadOnlyAdmin, SettingsAdmin
from backoffice.ui.display import badge, money
from backoffice.ui.grid import amount, grid
from finance.admin.queue import queue_page
from finance.choices import COLOURS, ExceptionStatus
from finance.models import (
    FileRow,
    ReconciliationDue,
    ReconciliationException,
    ReconciliationMatch,
    ReconciliationPolicy,
    ReconciliationRule,
)
from finance.selectors.reconciliation import subject_link, suggestions
from finance.services.clearing import (
    ignore_exceptions,
    resume_exceptions,
    write_off_exceptions,
)
from finance.services.undoing import undo_exceptions
from finance.states import EXCEPTION


@admin.register(ReconciliationMatch)
class ReconciliationMatchAdmin(ReadOnlyAdmin):
    why_no_import = _("Rows are matched with what they belong to.")
    list_display = (
        "row",
        badge("kind", COLOURS),
        "subject",
        "rule",
        money("amount", _("amount")),
        money("difference", _("difference")),
        "matched_at",
        "undone_at",
    )
    ordering = ("-id",)

    def fill(self, rows: list[Any]) -> None:
        """Load the rows of files that a page of matches is about."""
        known = FileRow.objects.in_bulk([row.row_id for row in rows])
        for row in rows:
            row.of = known.get(row.row_id)
            row.currency = row.of.currency if row.of else ""

    @admin.display(description=_("row of a provider file"), ordering="row_id")
    def row(self, match: ReconciliationMatch) -> str:
        return str(getattr(match, "of", None) or match.row_id)

    @admin.display(description=_("belongs to"), ordering="subject_id")
    def subject(self, match: ReconciliationMatch) -> str:
        return subject_link(match.subject_type, match.subject_id)


@admin.register(ReconciliationException)
class ReconciliationExceptionAdmin(DocumentAdmin):
    why_no_import = _("Exceptions are what is left when the rows of files are matched.")
    machine = EXCEPTION
    verbs = {
        "write_off": write_off_exceptions,
        "ignore": ignore_exceptions,
        "resume": resume_exceptions,
        "undo": undo_exceptions,
    }
    tabs = (
        (_("Open"), "status=OPEN"),
        (_("Waiting"), "status=WAITING"),
        (_("Missing in the file"), "kind=MISSING&status=OPEN"),
    )
    list_display = (
        "number",
        badge("kind", COLOURS),
        badge("status", COLOURS),
        money("amount", _("amount")),
        "happened_at",
        "assignee",
        "waits_until",
        "created_at",
    )
    list_select_related = ("assignee",)
    search_fields = ("number__exact",)
    exclude = ("asked",)
    work_pages = ((_("Exceptions to be cleared"), "finance_reconciliationexception_queue"),)

    def get_urls(self) -> list[Any]:
        name = "finance_reconciliationexception_queue"
        view = self.admin_site.admin_view(self.queue_view)
        return [path("queue/", view, name=name), *super().get_urls()]

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        """Work the queue from the keyboard."""
        return queue_page(request, self)

    def page_panels(self, request: HttpRequest, document: Any) -> list[tuple[Any, str]]:
        return [
            (_("Row of the file"), self._row(document)),
            (_("May belong to"), self._offered(document)),
            (_("matches"), self._links(document)),
            *super().page_panels(request, document),
        ]

    def _row(self, found: ReconciliationException) -> str:
        row = FileRow.objects.filter(pk=found.row_id).first()
        if row is None:
            payment = subject_link("finance.payment", found.payment_id)
            return format_html("<p>{}</p>", payment)
        cells = [*row.raw.items(), *(row.personal or {}).items()]
        return grid((_("column"), _("value")), [c for c in cells if c[1]], _("None."))

    def _offered(self, found: ReconciliationException) -> str:
        if found.row_id is None or found.status == ExceptionStatus.CLEARED:
            return ""
        offered = suggestions([found.row_id]).get(found.row_id, [])
        rows = [(item.name, item.money, item.reason) for item in offered]
        return grid((_("document"), _("amount"), _("reason")), rows, _("None."))

    def _links(self, found: ReconciliationException) -> str:
        links = ReconciliationMatch.objects.filter(row_id=found.row_id).order_by("pk")
        if found.row_id is None or not links:
            return ""
        rows = [
            (
                subject_link(link.subject_type, link.subject_id),
                link.get_rule_display(),
                amount(link.amount, found.currency),
                amount(link.difference, found.currency),
                link.reason,
                link.undone_at or "–",
            )
            for link in links
        ]
        heads = (
            _("belongs to"),
            _("rule"),
            _("amount"),
            _("difference"),
            _("reason"),
            _("undone at"),
        )
        return grid(heads, rows, _("None."))


@admin.register(ReconciliationPolicy)
class ReconciliationPolicyAdmin(SettingsAdmin):
    why_no_import = _("Tolerances are set one by one.")
    list_display = ("currency", "tolerance", "days", "is_active")
    search_fields = ("currency",)


@admin.register(ReconciliationRule)
class ReconciliationRuleAdmin(SettingsAdmin):
    import_key = ("format", "category", "words")
    list_display = ("format", "category", "words", "account", "times", "is_active")
    list_select_related = ("account",)
    search_fields = ("category__exact",)
    tabs = ((_("Proposed"), "is_active=false"),)


@admin.register(ReconciliationDue)
class ReconciliationDueAdmin(ReadOnlyAdmin):
    why_no_import = _("Files are matched when they come.")
    list_display = ("file_id", "since")
    search_fields = ("file_id__exact",)
    ordering = ("since", "pk")
