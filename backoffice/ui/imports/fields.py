"""The fields of a form, read from the text of a file's cells."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

YES, NO = gettext_lazy("yes"), gettext_lazy("no")
WORDS = {"true": True, "1": True, "y": True, "false": False, "0": False, "n": False}
# What no cell can say.
UNREADABLE = (forms.ModelMultipleChoiceField, forms.MultipleChoiceField, forms.FileField)


class Read(forms.Field):
    """A field whose value is one text; empty where nothing is said."""

    def __init__(self, field: forms.Field) -> None:
        super().__init__(required=field.required, label=field.label, help_text=field.help_text)
        self.field = field

    def clean(self, value: Any) -> Any:
        return self.field.clean(self.understood(value) if value else value)

    def understood(self, text: str) -> Any:
        return text


class YesNo(Read):
    """Yes or no in the languages of the staff."""

    def understood(self, text: str) -> bool:
        found = _answers().get(text.casefold())
        if found is None:
            raise ValidationError(_("Say yes or no."))
        return found


@cache
def _answers() -> dict[str, bool]:
    return WORDS | dict.fromkeys(_told(YES), True) | dict.fromkeys(_told(NO), False)


def _told(text: Any) -> Iterator[str]:
    """Yield a text in every language."""
    for code, _label in settings.LANGUAGES:
        with override(code):
            yield str(text).casefold()


class Named(Read):
    """A choice by its value, or by its name in any language."""

    def understood(self, text: str) -> Any:
        choices = [(v, label) for v, label in self.field.choices if v]  # type: ignore[attr-defined]
        wanted = text.casefold()
        same = [v for v, _label in choices if str(v).casefold() == wanted]
        named = same or [v for v, label in choices if wanted in _told(label)]
        if not named:
            words = {"text": text, "all": ", ".join(str(v) for v, _label in choices)}
            raise ValidationError(_("“%(text)s” is none of: %(all)s.") % words)
        return named[0]


class Found(Read):
    """A key to another row, by its code; all that a batch needs are found in one query."""

    def __init__(self, field: forms.ModelChoiceField, key: str) -> None:
        super().__init__(field)
        limit = field.get_limit_choices_to()
        self.rows = field.queryset.complex_filter(limit) if limit else field.queryset
        self.key = key
        self.known: dict[str, models.Model] = {}

    def find(self, texts: Iterable[str]) -> None:
        """Look up what a batch names."""
        rows = self.rows.filter(**{f"{self.key}__in": set(texts)}).order_by()
        self.known = {str(getattr(row, self.key)): row for row in rows}

    def clean(self, value: Any) -> models.Model | None:
        if value and value not in self.known:
            words = {"name": self.rows.model._meta.verbose_name, "text": value}
            raise ValidationError(_("There is no %(name)s “%(text)s”.") % words)
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")
        return self.known.get(value) if value else None


def natural_key(model: type[models.Model]) -> str:
    """Return the column that names a row to people, or nothing where there is none."""
    for field in model._meta.concrete_fields:
        if field.unique and isinstance(field, models.CharField):
            return field.name
    return ""


def readable(field: forms.Field) -> Read | None:
    """Return what reads a form's field from text; None where no text can say it."""
    if isinstance(field, UNREADABLE):
        return None
    if isinstance(field, forms.ModelChoiceField):
        key = natural_key(field.queryset.model)
        return Found(field, key) if key else None
    if isinstance(field, forms.BooleanField):
        return YesNo(field)
    if isinstance(field, forms.ChoiceField):
        return Named(field)
    if isinstance(field, forms.SplitDateTimeField):
        return Read(forms.DateTimeField(required=field.required, label=field.label))
    return Read(field)


def hint(field: Read) -> Any:
    """Return what may stand in a column, told in the reader's language."""
    return lazy(lambda: " ".join(filter(None, [_kind(field), str(field.help_text)])), str)()


def _kind(field: Read) -> str:
    inner = field.field
    if isinstance(field, Found):
        meta = field.rows.model._meta
        words = {"field": meta.get_field(field.key).verbose_name, "name": meta.verbose_name}  # type: ignore[union-attr]
        return _("%(name)s: its %(field)s.") % words
    if isinstance(field, Named):
        choices = inner.choices  # type: ignore[attr-defined]
        return ", ".join(f"{v} ({label})" for v, label in choices if v)
    if isinstance(field, YesNo):
        return _("yes or no")
    for kinds, text in (
        (forms.DateTimeField, _("a moment, such as 2026-03-31 14:05")),
        (forms.DateField, _("a day, such as 2026-03-31")),
        (forms.TimeField, _("a time, such as 14:05")),
        (SimpleArrayField, _("values with commas between")),
        (forms.JSONField, _("JSON")),
        (forms.IntegerField, _("a number")),
    ):
        if isinstance(inner, kinds):
            return str(text)
    longest = getattr(inner, "max_length", None)
    return _("text, up to %(n)s characters") % {"n": longest} if longest else _("text")
