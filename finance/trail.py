"""The way of an order's money from page to page: settlement, statement, payout, file."""

from typing import Any

from django.apps import apps
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core import extensions
from backoffice.ui.display import NOTHING, badge_html
from backoffice.ui.grid import amount, grid, link
from finance.choices import COLOURS
from finance.models import (
    FileRow,
    JournalEntry,
    OrderSettlement,
    Payout,
    ProviderFile,
    SellerStatement,
    StatementLine,
)
from orders.models import Order

SHOWN = 200
# What a settlement tells beside what it brought.
FIGURES = ("gross_amount", "charges_amount")
NOT_YET = gettext_lazy("Not yet: the statement of its period comes first.")


@extensions.panel("finance.ordersettlement", gettext_lazy("Statement and payout"))
def statement_of(settled: OrderSettlement, request: Any) -> str:
    """Show the seller's statement that accounts for a settlement, and its payouts."""
    if not request.user.has_perm("finance.view_sellerstatement"):
        return ""
    if settled.seller_id is None:
        return grid((), [], _("Own goods: nobody is paid out."))
    entries = JournalEntry.objects.filter(idempotency_key=f"settle:{settled.pk}")
    lines = StatementLine.objects.filter(
        seller_id=settled.seller_id, entry_id__in=list(entries.values_list("pk", flat=True))
    )
    found = list(lines.values_list("statement_id", flat=True))
    statements = SellerStatement.objects.filter(pk__in=found)
    rows = []
    for statement in statements:
        days = f"{statement.starts_on} – {statement.ends_on}"
        rows.append((_("Seller statement"), link(statement), days, *_closing(statement)))
        rows += [(_("Payout"), *row) for row in _payouts(statement, request)]
    return grid((_("What"), _("Number"), _("Days"), _("Status"), _("Amount")), rows, NOT_YET)


def _closing(statement: SellerStatement) -> tuple[str, Any]:
    return "", amount(statement.closing_amount, statement.currency)


def _payouts(statement: SellerStatement, request: Any) -> list[tuple[Any, ...]]:
    if not request.user.has_perm("finance.view_payout"):
        return []
    return [
        (
            link(payout),
            f"{payout.created_at:%Y-%m-%d}",
            badge_html(payout.status, payout.get_status_display(), COLOURS),
            amount(payout.amount, payout.currency),
        )
        for payout in Payout.objects.filter(statement=statement).order_by("pk")
    ]


@extensions.panel("finance.sellerstatement", gettext_lazy("Every entry"))
def entries_of(statement: SellerStatement, request: Any) -> str:
    """Show what a statement accounts for: each entry with the document that it came from."""
    lines = StatementLine.objects.filter(statement_id=statement.pk).order_by("-pk")[:SHOWN]
    told = {line.entry_id: line.amount for line in lines}
    entries = JournalEntry.objects.filter(pk__in=list(told)).order_by("-pk")
    keys: dict[str, list[int]] = {}
    for entry in entries:
        keys.setdefault(entry.source_type, []).append(entry.source_id)
    sources = {
        label: apps.get_model(label)._base_manager.in_bulk(ids) for label, ids in keys.items()
    }
    orders = Order.objects.in_bulk(
        [s.order_id for s in sources.get("finance.ordersettlement", {}).values()]
    )
    rows = []
    for entry in entries:
        source: Any = sources[entry.source_type].get(entry.source_id)
        order = orders.get(getattr(source, "order_id", 0) or 0)
        rows.append(
            (
                entry.get_kind_display(),
                link(source),
                link(order),
                entry.effective_on.isoformat(),
                *(_figure(source, name, statement.currency) for name in FIGURES),
                amount(told[entry.pk], statement.currency),
            )
        )
    head = (_("What"), _("Document"), _("Order"), _("Date"), _("Gross"), _("Charges"), _("Amount"))
    return grid(head, rows, _("No entry fell into this period."))


def _figure(source: Any, name: str, currency: str) -> Any:
    value = getattr(source, name, None)
    return NOTHING if value is None else amount(value, currency)


@extensions.panel("finance.sellerstatement", gettext_lazy("Payouts"))
def payouts_of(statement: SellerStatement, request: Any) -> str:
    """Show what was paid out for a statement."""
    if not request.user.has_perm("finance.view_payout"):
        return ""
    head = (_("Number"), _("Day"), _("Status"), _("Amount"))
    return grid(head, _payouts(statement, request), _("No payout yet."))


@extensions.panel("finance.payment", gettext_lazy("In the provider's files"))
def rows_of(payment: Any, request: Any) -> str:
    """Show the rows of provider files that name a payment."""
    if not payment.external_id or not request.user.has_perm("finance.view_filerow"):
        return ""
    found = list(FileRow.objects.filter(external_id=payment.external_id).order_by("pk")[:SHOWN])
    files = ProviderFile.objects.in_bulk([row.file_id for row in found])
    rows = [
        (
            link(files.get(row.file_id)),
            format_html("{}", link(row, str(row.row_number))),
            row.get_kind_display(),
            amount(row.gross_amount, row.currency),
            amount(row.fee_amount, row.currency),
            amount(row.net_amount, row.currency),
        )
        for row in found
    ]
    head = (_("Provider file"), _("Row"), _("Kind"), _("Gross"), _("Fee"), _("Net"))
    return grid(head, rows, _("No file of the provider names it yet."))
