"""How values are shown: badges, amounts, numbers, times."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Count
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.money import DIGITS

RIGHT = "bo-number"
# The class of a column that takes the room the others leave, and shows as much as fits.
LONG = "bo-long"
NOTHING = mark_safe("–")  # noqa: S308
Cell = Callable[[Any], str]


def badge_html(value: str, label: object, colours: Mapping[Any, Any]) -> str:
    """Return a status badge; the word says it, the colour only helps."""
    colour = colours.get(value, "neutral")
    return format_html('<span class="bo-badge bo-{}">{}</span>', str(colour), label)


def raw(body: str) -> SafeString:
    """Return a body to be read: JSON over many lines, all else as it came."""
    with suppress(ValueError):
        body = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    return format_html('<pre class="bo-raw">{}</pre>', body)


def column(
    name: str, prepare: Callable[[type[models.Model]], Cell], description: Any, field: str, css: str
) -> Callable[..., Any]:
    """Return a column for lists and pages; lists prepare its cells once for all rows."""

    def show(row: Any) -> str:
        return prepare(type(row))(row)

    show.__name__ = name
    show.prepare = prepare  # type: ignore[attr-defined]
    show.css = css  # type: ignore[attr-defined]
    return admin.display(description=description, ordering=field)(show)


def badge(field: str, colours: Mapping[str, str], label: Any = "") -> Callable[..., Any]:
    """Return a list column that shows a choice as a badge."""

    def prepare(model: type[models.Model]) -> Cell:
        known = {
            value: badge_html(value, text, colours) for value, text in choices_of(model, field)
        }

        def cell(row: Any) -> str:
            value = getattr(row, field)
            return known.get(value) or badge_html(value, value, colours)

        return cell

    # The field's own name is among the translated texts.
    named = label or gettext_lazy(field.replace("_", " "))
    show = column(f"{field}_badge", prepare, named, field, "")
    show.is_badge = True  # type: ignore[attr-defined]
    return show


def choices_of(model: type[models.Model], field: str) -> list[tuple[str, object]]:
    """Return the choices of a field, also of a computed one."""
    found: Any = model._meta.get_field(field)
    return list(getattr(found, "output_field", None) and found.output_field.flatchoices or []) or (
        list(getattr(found, "flatchoices", None) or [])
    )


def amount(value: Decimal, currency: str) -> str:
    """Return an amount with the digits of its currency, thousands apart."""
    return f"{value:,.{DIGITS.get(currency, 2)}f}"


def figure(value: Any) -> str:
    """Return a number, thousands apart, without idle zeros."""
    if not isinstance(value, Decimal):
        return f"{value:,}"
    text = f"{value:,f}"
    whole, point, digits = text.partition(".")
    return f"{whole}.{digits.rstrip('0').ljust(min(2, len(digits)), '0')}" if point else whole


def money(field: str, description: Any, currency: str = "currency") -> Callable[..., Any]:
    """Return a right-aligned list column of an amount with its currency."""

    def cell(row: Any) -> str:
        value, code = getattr(row, field), getattr(row, currency)
        return NOTHING if value is None else mark_safe(f"{amount(value, code)} {escape(code)}")  # noqa: S308

    show = column(f"{field}_money", lambda model: cell, description, field, RIGHT)
    show.is_headline = True  # type: ignore[attr-defined]
    return show


def number(field: str, description: Any) -> Callable[..., Any]:
    """Return a right-aligned list column of a number."""

    def cell(row: Any) -> str:
        value = getattr(row, field)
        return NOTHING if value is None else mark_safe(figure(value))  # noqa: S308

    return column(f"{field}_number", lambda model: cell, description, field, RIGHT)


def moments(now: datetime) -> Callable[[datetime], SafeString]:
    """Return what shows instants: the user's clock, and how long ago or ahead."""
    zone = timezone.get_current_timezone()
    this_year = now.astimezone(zone).year
    past = [_("%s y ago"), _("%s d ago"), _("%s h ago"), _("%s min ago")]
    coming = [_("in %s y"), _("in %s d"), _("in %s h"), _("in %s min")]
    sizes = [365 * 86400, 86400, 3600, 60]
    just_now = _("just now")

    def show(at: datetime) -> SafeString:
        local = at.astimezone(zone)
        seconds = int((now - at).total_seconds())
        words, distance = (past, seconds) if seconds >= 0 else (coming, -seconds)
        about = just_now
        for text, size in zip(words, sizes, strict=True):
            if distance >= size:
                about = text % (distance // size)
                break
        day = f"{local:%m-%d %H:%M}" if local.year == this_year else f"{local:%Y-%m-%d}"
        return mark_safe(  # noqa: S308
            f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}" title="{local:%Y-%m-%d %H:%M:%S %Z}">'
            f"{day} <small>{about}</small></time>"
        )

    return show


def count_children(
    rows: Sequence[Any], children: type[models.Model], parent: str, field: str
) -> None:
    """Count the children of many rows by one of their choices, in one statement."""
    of_these = children._default_manager.filter(**{f"{parent}_id__in": [row.pk for row in rows]})
    counts: dict[Any, list[tuple[str, int]]] = defaultdict(list)
    grouped = of_these.values_list(f"{parent}_id", field).annotate(n=Count("pk"))
    for pk, value, n in grouped.order_by(f"{parent}_id", field):
        counts[pk].append((value, n))
    for row in rows:
        row.bo_counts = counts[row.pk]


def counted(row: Any, children: type[models.Model], parent: str, field: str) -> str:
    """Tell how many children a row has, by one of their choices."""
    if not hasattr(row, "bo_counts"):
        count_children([row], children, parent, field)
    labels = dict(choices_of(children, field))
    return ", ".join(f"{labels.get(value, value)}: {n:,}" for value, n in row.bo_counts)
