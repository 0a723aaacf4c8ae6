"""How values are shown: badges, amounts, times."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from backoffice.core.money import DIGITS


def badge_html(value: str, label: object, colours: Mapping[Any, Any]) -> str:
    """Return a status badge; the word says it, the colour only helps."""
    colour = colours.get(value, "neutral")
    return format_html('<span class="bo-badge bo-{}">{}</span>', str(colour), label)


def badge(field: str, colours: Mapping[str, str], label: Any = "") -> Callable[..., Any]:
    """Return a list column that shows a choice as a badge."""

    def show(row: Any) -> str:
        value = getattr(row, field)
        choices = dict(row._meta.get_field(field).flatchoices or _output_choices(row, field))
        return badge_html(value, choices.get(value, value), colours)

    show.__name__ = f"{field}_badge"
    # The field's own name is among the translated texts.
    named = label or gettext_lazy(field.replace("_", " "))
    show.is_badge = True  # type: ignore[attr-defined]
    return admin.display(description=named, ordering=field)(show)


def _output_choices(row: Any, field: str) -> list[tuple[str, object]]:
    output = getattr(row._meta.get_field(field), "output_field", None)
    return list(output.flatchoices) if output is not None else []


def money(field: str, description: Any, currency: str = "currency") -> Callable[..., Any]:
    """Return a right-aligned list column of an amount with its currency."""

    def show(row: Any) -> str:
        code = getattr(row, currency)
        amount = number_format(getattr(row, field), DIGITS.get(code, 2), force_grouping=True)
        return format_html('<span class="bo-number">{} {}</span>', amount, code)

    show.__name__ = f"{field}_money"
    show.is_headline = True  # type: ignore[attr-defined]
    return admin.display(description=description, ordering=field)(show)


def number(field: str, description: Any) -> Callable[..., Any]:
    """Return a right-aligned list column of a number."""

    def show(row: Any) -> str:
        return format_html('<span class="bo-number">{}</span>', number_format(getattr(row, field)))

    show.__name__ = f"{field}_number"
    return admin.display(description=description, ordering=field)(show)
