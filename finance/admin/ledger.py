"""The books, to be looked at; months, to be closed."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import DocumentAdmin, ReadOnlyAdmin, SettingsAdmin
from backoffice.ui.display import badge
from finance.choices import COLOURS
from finance.models import AccountingPeriod, DailyBalance, JournalEntry, LedgerAccount
from finance.selectors.ledger import postings_of
from finance.services.periods import close_periods, reopen_periods
from finance.states import PERIOD


@admin.register(LedgerAccount)
class LedgerAccountAdmin(SettingsAdmin):
    import_key = ("code",)
    list_display = ("code", "told_name", badge("kind", COLOURS), "is_active")
    search_fields = ("code", "name")
    ordering = ("code",)

    @admin.display(description=_("name"), ordering="name")
    def told_name(self, account: LedgerAccount) -> str:
        return gettext(account.name)


@admin.register(AccountingPeriod)
class AccountingPeriodAdmin(DocumentAdmin):
    why_no_import = _("A period is opened with the first entry of its month.")
    machine = PERIOD
    verbs = {"close": close_periods, "reopen": reopen_periods}
    inverses = {"close": "reopen", "reopen": "close"}
    list_display = ("month", badge("status", COLOURS), "closed_at", "modified_by")
    list_select_related = ("modified_by",)
    ordering = ("-month",)


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    why_no_import = _("Entries are posted by what happens to orders, payments and stock.")
    list_display = ("id", "kind", "idempotency_key", "effective_on", "posted_at", "reason")
    search_fields = ("idempotency_key__exact",)
    ordering = ("-id",)
    readonly_fields = ("lines",)

    @admin.display(description=_("postings"))
    def lines(self, entry: JournalEntry) -> SafeString:
        rows = [
            (posting.account, posting.party_id or "", posting.amount, posting.currency)
            for posting in postings_of([entry.pk]).get(entry.pk, [])
        ]
        cells = "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>"
        return format_html("<table>{}</table>", format_html_join("", cells, rows))


@admin.register(DailyBalance)
class DailyBalanceAdmin(ReadOnlyAdmin):
    why_no_import = _("Balances are added up from the postings.")
    list_display = ("day", "account", "party_id", "amount", "currency", "postings")
    list_select_related = ("account",)
    ordering = ("-id",)
