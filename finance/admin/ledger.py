"""The books, to be looked at."""

from django.contrib import admin
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import ReadOnlyAdmin, SettingsAdmin
from backoffice.ui.display import badge
from backoffice.ui.grid import amount, grid, link
from finance.choices import COLOURS
from finance.models import DailyBalance, JournalEntry, LedgerAccount
from finance.selectors.ledger import postings_of
from inventory.models import Seller
from orders.models import Order


@admin.register(LedgerAccount)
class LedgerAccountAdmin(SettingsAdmin):
    import_key = ("code",)
    list_display = ("code", "told_name", badge("kind", COLOURS), "is_active")
    search_fields = ("code", "name")
    ordering = ("code",)

    @admin.display(description=_("name"), ordering="name")
    def told_name(self, account: LedgerAccount) -> str:
        return gettext(account.name)


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    why_no_import = _("Entries are posted by what happens to orders, payments and stock.")
    list_display = ("id", "kind", "idempotency_key", "effective_on", "posted_at", "reason")
    search_fields = ("idempotency_key__exact",)
    ordering = ("-id",)
    readonly_fields = ("lines",)

    @admin.display(description=_("postings"))
    def lines(self, entry: JournalEntry) -> str:
        postings = postings_of([entry.pk]).get(entry.pk, [])
        orders = Order.objects.in_bulk({p.order_id for p in postings if p.order_id})
        sellers = Seller.objects.in_bulk({p.party_id for p in postings if p.party_id})
        head = (_("account"), _("seller"), _("order"), _("amount"))
        rows = [
            (
                p.account,
                sellers.get(p.party_id, "") if p.party_id else "",
                link(orders.get(p.order_id)) if p.order_id else "",
                amount(p.amount, p.currency),
            )
            for p in postings
        ]
        return mark_safe(grid(head, rows, ""))  # noqa: S308  (the grid is safe)


@admin.register(DailyBalance)
class DailyBalanceAdmin(ReadOnlyAdmin):
    why_no_import = _("Balances are added up from the postings.")
    list_display = ("day", "account", "party_id", "amount", "currency", "postings")
    list_select_related = ("account",)
    ordering = ("-id",)
