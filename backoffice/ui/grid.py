"""Tables in panels: headed, numbers to the right, readable on a phone."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import models
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backoffice.core.extensions import Text
from backoffice.core.money import DIGITS

NUMBER = '<span class="bo-number">'


def amount(value: Decimal, currency: str) -> SafeString:
    """Return an amount with its currency, as many digits as the currency has."""
    digits = number_format(value, DIGITS.get(currency, 2), force_grouping=True)
    return format_html('<span class="bo-number">{} {}</span>', digits, currency)


def link(row: models.Model | None, text: Any = "") -> SafeString | str:
    """Return a link to a document's page."""
    if row is None:
        return "–"
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(name, args=[row.pk]), text or row)


def linked(row: models.Model, text: Any) -> SafeString | str:
    """Return a link to a row's page where there is one, its text alone where there is none."""
    try:
        return link(row, text)
    except NoReverseMatch:
        return str(text)


def grid(head: Sequence[Text], rows: Iterable[Sequence[Any]], empty: Text) -> str:
    """Return a table, or the sentence that there is nothing."""
    cells = [
        [(label, value, _is_number(value)) for label, value in zip(head, row, strict=True)]
        for row in rows
    ]
    heads = [(label, is_number) for label, _value, is_number in cells[0]] if cells else []
    return render_to_string("ui/grid.html", {"head": heads, "rows": cells, "empty": empty})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) or str(value).startswith(NUMBER)
