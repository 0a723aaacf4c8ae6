"""The filters of a list as fields to fill in, and those in use as words to take away."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import django_filters
from django import forms
from django.core.cache import cache
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from backoffice.ui.lists.page import ListPage

# A longer list of choices is no help: its code is written instead.
MOST_CHOICES = 100
FRESH = 60
KINDS = {
    forms.DateField: "date",
    django_filters.fields.IsoDateTimeField: "datetime-local",
    forms.DecimalField: "number",
}


@dataclass(slots=True)
class Input:
    """One filter to fill in."""

    name: str
    label: str
    kind: str
    help: str = ""
    values: list[str] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in use: its words, and the address without it."""

    text: str
    url: str
    is_wrong: bool = False


def inputs(page: ListPage) -> Iterator[Input]:
    """Yield the filters that the user may use."""
    filterset = page.selection.filterset
    if filterset is None:
        return
    given = page.selection.given
    for name, form_field in filterset.form.fields.items():
        if not page.selection.may(name):
            continue
        for part in _parts(name, form_field):
            part.values = [value for value in given.getlist(part.name) if value]
            yield part


def _parts(name: str, form_field: Any) -> Iterator[Input]:
    label, text = capfirst(str(form_field.label or name)), str(form_field.help_text or "")
    suffixes = getattr(form_field.widget, "suffixes", None)
    if suffixes:
        for suffix in suffixes:
            yield Input(f"{name}_{suffix}", f"{label} {_(suffix)}", "text", text)
        return
    yes_no = [("true", _("Yes")), ("false", _("No"))]
    if isinstance(form_field, forms.NullBooleanField):
        yield Input(name, label, "select", text, choices=yes_no)
    elif isinstance(form_field, forms.ModelChoiceField):
        known = _rows(form_field)
        yield Input(name, label, "select" if known else "text", text, choices=known)
    elif isinstance(form_field, forms.MultipleChoiceField):
        yield Input(name, label, "many", text, choices=_static(form_field))
    elif isinstance(form_field, forms.ChoiceField):
        yield Input(name, label, "select", text, choices=_static(form_field))
    else:
        kind = next((kind for base, kind in KINDS.items() if isinstance(form_field, base)), "text")
        yield Input(name, label, kind, text)


def _static(form_field: forms.ChoiceField) -> list[tuple[str, str]]:
    return [
        (str(value), str(label)) for value, label in form_field.choices if value not in ("", None)
    ]


def _rows(form_field: Any) -> list[tuple[str, str]]:
    """Return the rows to choose from, asked at most once a minute; none where they are many."""
    queryset, to_field = form_field.queryset, form_field.to_field_name or "pk"
    key = f"choices-{queryset.model._meta.label_lower}-{to_field}-{get_language()}"
    found = cache.get(key)
    if found is None:
        rows = list(queryset.order_by(to_field)[: MOST_CHOICES + 1])
        found = [(str(getattr(row, to_field)), str(row)) for row in rows]
        found = [] if len(found) > MOST_CHOICES else found
        cache.set(key, found, FRESH)
    return found


def chips(page: ListPage) -> Iterator[Chip]:
    """Yield what the list is filtered by; what is wrong says so."""
    selection = page.selection
    known = selection.filterset.known() if selection.filterset else {}
    words = selection.filterset.words() if selection.filterset else {}
    told = set()
    for name in selection.given:
        owner = known.get(name, name)
        if owner in told:
            continue
        told.add(owner)
        parts = [part for part in selection.given if known.get(part, part) == owner]
        wrong = [why for part in parts for why in page.errors.get(part, [])]
        url = page.url(**dict.fromkeys(parts, ""))
        if wrong:
            value = ", ".join(selection.given.getlist(name))[:80]
            yield Chip(f"{name} = {value}: {' '.join(wrong)}", url, is_wrong=True)
        else:
            yield Chip(words.get(owner) or f"{name} = {selection.given[name]}", url)
