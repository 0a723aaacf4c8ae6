"""What a document's page shows: facts, and tables of what belongs to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.admin.utils import (
    display_for_field,
    display_for_value,
    flatten_fieldsets,
    label_for_field,
    lookup_field,
)
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.forms.models import _get_foreign_key
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.timezone import localtime

from backoffice.core.money import DIGITS
from backoffice.core.wording import SPOKEN, told

EMPTY = "–"
# A column with nothing else in it says nothing.
SILENT = ("", EMPTY, "0")
ROWS = 200


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, ready to be shown."""

    label: str
    value: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Children of a document; `more` where there are others than those shown."""

    title: str
    head: list[Cell]
    rows: list[list[Cell]]
    more: bool

    @property
    def count(self) -> str:
        return f"{len(self.rows)}+" if self.more else str(len(self.rows))


def facts(screen: Any, request: HttpRequest, document: models.Model) -> list[Cell]:
    """Return the document's own values that are not empty, in the order of its fieldsets."""
    names = flatten_fieldsets(screen.get_fieldsets(request, document))
    cells = (cell(screen, request, document, name) for name in names)
    return [c for c in cells if c.value not in ("", EMPTY)]


def tables(screen: Any, request: HttpRequest, document: models.Model) -> list[Table]:
    """Return a table for each kind of children that this user may see."""
    currency = getattr(document, "currency", "")
    found = []
    for inline in screen.get_inline_instances(request, document):
        key = _get_foreign_key(screen.model, inline.model, fk_name=inline.fk_name)
        names = inline.get_fields(request, document)
        rows = inline.get_queryset(request).filter(**{key.name: document})
        rows = rows.order_by(*(inline.ordering or ("pk",)))
        if related := _relations(inline.model, names):
            rows = rows.select_related(*related)
        shown = list(rows[: ROWS + 1])
        links = inline.show_change_link
        cells = [
            [cell(inline, request, row, name, links=links, currency=currency) for name in names]
            for row in shown[:ROWS]
        ]
        told = [n for n in range(len(names)) if any(row[n].value not in SILENT for row in cells)]
        found.append(
            Table(
                capfirst(inline.verbose_name_plural),
                [_head(inline, names[n]) for n in told],
                [[row[n] for n in told] for row in cells],
                len(shown) > ROWS,
            )
        )
    return found


def _relations(model: type[models.Model], names: Iterable[Any]) -> list[str]:
    keys = {f.name for f in model._meta.concrete_fields if f.is_relation}
    return [name for name in names if isinstance(name, str) and name in keys]


def _label(screen: Any, name: Any) -> str:
    return capfirst(str(label_for_field(name, screen.model, screen)))


def _head(screen: Any, name: Any) -> Cell:
    label = _label(screen, name)
    try:
        field = screen.model._meta.get_field(name) if isinstance(name, str) else None
    except Exception:
        field = None
    numeric = (models.DecimalField, models.IntegerField, models.FloatField)
    return Cell(label, "", isinstance(field, numeric) and not getattr(field, "choices", None))


def cell(
    screen: Any,
    request: HttpRequest,
    row: models.Model,
    name: Any,
    *,
    links: bool = False,
    currency: str = "",
) -> Cell:
    """Return one value as a list or form would show it; related documents become links."""
    label = _label(screen, name)
    try:
        field, attribute, value = lookup_field(name, row, screen)
    except ObjectDoesNotExist:
        return Cell(label, EMPTY)
    if isinstance(value, models.Model):
        return Cell(label, _linked(screen, request, value))
    if field is None:
        is_boolean = getattr(attribute, "boolean", False)
        return Cell(label, display_for_value(value, EMPTY, is_boolean))
    if isinstance(field, models.ForeignKey):
        return Cell(label, _linked(screen, request, getattr(row, field.name)))
    if links and name in ("number", "order_number"):
        return Cell(label, _linked(screen, request, row))
    if isinstance(value, Decimal) and is_share(field.name):
        return Cell(label, percent(value), True)
    if isinstance(value, Decimal | datetime):
        return Cell(
            label, plain(value, getattr(row, "currency", currency)), isinstance(value, Decimal)
        )
    if isinstance(value, str) and field.name in SPOKEN and not field.flatchoices:
        return Cell(label, told(value) or EMPTY)
    is_number = isinstance(value, int | float) and not field.flatchoices
    shown = display_for_field(value, getattr(field, "output_field", field), EMPTY)
    return Cell(label, shown, is_number and not isinstance(value, bool))


def plain(value: Any, currency: str = "") -> str:
    """Return an amount with its currency's digits or as many as it has, an instant to the minute.

    Both as the user reads them: grouped digits, their own time zone.
    """
    if isinstance(value, Decimal):
        exponent = value.normalize().as_tuple().exponent
        needed = -exponent if isinstance(exponent, int) else 0
        return number_format(value, max(needed, DIGITS.get(currency, 0)), force_grouping=True)
    if isinstance(value, datetime):
        return date_format(localtime(value), "Y-m-d H:i")
    return str(value)


def is_share(name: str) -> bool:
    """Say whether a column is a part of one, such as a tax rate."""
    return name.endswith(("tax_rate", "commission_rate", "_share", "fill_rate"))


def percent(value: Decimal) -> str:
    """Return a part of one in percent."""
    return f"{plain((value * 100).normalize() + 0)} %"


def _linked(screen: Any, request: HttpRequest, target: models.Model | None) -> str:
    """Return a related row's name, as a link where its page is there for this user."""
    if target is None:
        return EMPTY
    site, opts = screen.admin_site, target._meta
    if site.is_registered(type(target)):
        other = site.get_model_admin(type(target))
        if other.has_view_permission(request, target):
            url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[target.pk])
            return format_html('<a href="{}">{}</a>', url, target)
    return str(target)
