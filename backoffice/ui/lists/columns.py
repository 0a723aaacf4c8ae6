"""The columns of a list: what each shows, exports and sorts by."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import conditional_escape, escape, strip_tags
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.core.wording import SPOKEN, told
from backoffice.ui.display import LONG, NOTHING, RIGHT, Cell, choices_of, figure, moments

LONG_FROM = 100


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `field` is the model's field behind it, None where it is computed."""

    name: str
    title: str
    field: models.Field | None
    cell: Cell
    value: Callable[[Any], Any]
    css: str = ""


def columns_of(screen: Any, request: HttpRequest) -> Iterator[Column]:
    """Yield the columns of a screen's list."""
    for item in screen.get_list_display(request):
        if isinstance(item, str):
            yield _named(screen, request, item)
        else:
            yield _computed(screen, item, item.__name__)


def _named(screen: Any, request: HttpRequest, name: str) -> Column:
    if name == "__str__":
        title = capfirst(screen.opts.verbose_name)
        return Column(name, title, None, lambda row: escape(str(row)), str)
    field = None if hasattr(screen, name) else _field(screen.model, name)
    if field is not None and name == field.name:
        return _plain(screen, request, field)
    if field is not None:
        # The key of a related row that is not loaded.
        title = capfirst(str(field.verbose_name))
        return Column(name, title, None, _some(name, _text), lambda row: getattr(row, name))
    return _computed(screen, getattr(screen, name, None) or getattr(screen.model, name), name)


def _field(model: type[models.Model], name: str) -> models.Field | None:
    return next((f for f in model._meta.concrete_fields if name in (f.name, f.attname)), None)


def _computed(screen: Any, function: Any, name: str) -> Column:
    if isinstance(function, property):
        function = function.fget
    title = capfirst(str(getattr(function, "short_description", name.replace("_", " "))))
    field = _field(screen.model, str(getattr(function, "admin_order_field", "") or ""))
    css = getattr(function, "css", "")
    if hasattr(function, "prepare"):
        return Column(name, title, field, function.prepare(screen.model), _value(field), css)
    is_yes = getattr(function, "boolean", False)

    def cell(row: Any) -> str:
        value = function(row)
        if is_yes:
            return _yes_no(value)
        return NOTHING if value is None or value == "" else conditional_escape(value)

    def value(row: Any) -> Any:
        found = function(row)
        return strip_tags(found) if isinstance(found, str) else found

    return Column(name, title, field, cell, _value(field) if field else value, css)


def _value(field: models.Field | None) -> Callable[[Any], Any]:
    return lambda row: getattr(row, field.name)


def _yes_no(value: Any) -> str:
    if value is None:
        return NOTHING
    word = _("Yes") if value else _("No")
    return mark_safe(f'<span class="bo-{"yes" if value else "no"}">{word}</span>')  # noqa: S308


def _plain(screen: Any, request: HttpRequest, field: models.Field) -> Column:
    title = capfirst(str(field.verbose_name))
    kind: Any = getattr(field, "output_field", field)
    make = partial(Column, field.name, title, field, value=_value(field))
    name = field.name
    if field.is_relation:
        return make(cell=_link(screen, request, field))
    choices = choices_of(screen.model, name)
    if choices:
        labels = {value: escape(label) for value, label in choices}
        return make(cell=lambda row: labels.get(getattr(row, name)) or NOTHING)
    if isinstance(kind, models.BooleanField):
        return make(cell=lambda row: _yes_no(getattr(row, name)))
    if isinstance(kind, models.DateTimeField):
        return make(cell=_some(name, moments(timezone.now())), css="bo-time")
    numeric = (models.IntegerField, models.DecimalField, models.FloatField)
    if isinstance(kind, numeric) and not field.primary_key and not name.endswith("_id"):
        return make(cell=_some(name, figure), css=RIGHT)
    is_long = isinstance(kind, models.TextField) or (kind.max_length or 0) >= LONG_FROM
    show = _spoken if name in SPOKEN else _text
    return make(cell=_some(name, show), css=LONG if is_long and not kind.unique else "")


def _some(name: str, show: Callable[[Any], str]) -> Cell:
    def cell(row: Any) -> str:
        value = getattr(row, name)
        return NOTHING if value is None or value == "" else show(value)

    return cell


def _spoken(value: Any) -> str:
    return escape(told(str(value)))


def _text(value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return escape(", ".join(map(str, value)))
    return escape(str(value))


def _link(screen: Any, request: HttpRequest, field: models.Field) -> Cell:
    """Show a related row, as a link where the user may open it."""
    opts = field.related_model._meta
    rights = [f"{opts.app_label}.{verb}_{opts.model_name}" for verb in ("view", "change")]
    base = ""
    if any(map(request.user.has_perm, rights)):
        with suppress(NoReverseMatch):
            base = page_base(screen.admin_site, opts)
    name, key = field.name, field.attname

    def cell(row: Any) -> str:
        if getattr(row, key) is None:
            return NOTHING
        text = escape(str(getattr(row, name)))
        return f'<a href="{base}{getattr(row, key)}/change/">{text}</a>' if base else text

    return cell


def page_base(site: Any, opts: Any) -> str:
    """Return the address of a model's list, which begins those of its pages."""
    return reverse(f"{site.name}:{opts.app_label}_{opts.model_name}_changelist")
