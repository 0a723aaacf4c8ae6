"""What the books say."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from finance.models import DailyBalance, InvoiceLine, Posting


def postings_of(entry_ids: Iterable[int]) -> dict[int, list[Posting]]:
    """Return the postings of entries, in order."""
    found: dict[int, list[Posting]] = {}
    rows = Posting.objects.filter(entry_id__any=list(entry_ids)).select_related("account")
    for posting in rows.order_by("entry_id", "position"):
        found.setdefault(posting.entry_id, []).append(posting)
    return found


def invoice_lines(invoice_id: int) -> list[InvoiceLine]:
    """Return the lines of an invoice, in order."""
    return list(InvoiceLine.objects.filter(invoice_id=invoice_id).order_by("position"))


def trial_balance(until: date | None = None) -> list[tuple[str, str, str, Decimal]]:
    """Return (code, name, currency, balance) of every account, debit positive."""
    rows = (
        DailyBalance.objects.all() if until is None else DailyBalance.objects.filter(day__lte=until)
    )
    grouped = rows.values("account__code", "account__name", "currency").annotate(
        balance=Sum("amount")
    )
    return [
        (r["account__code"], r["account__name"], r["currency"], r["balance"])
        for r in grouped.order_by("account__code", "currency")
    ]
