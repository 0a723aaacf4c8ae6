"""Pages by the last row seen: the thousandth costs what the first does."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan
from django.utils.translation import gettext as _

from backoffice.core.filtering import FilterError


@dataclass(frozen=True, slots=True)
class Key:
    """One column of an order; PostgreSQL puts NULLs last ascending and first descending."""

    field: models.Field
    is_descending: bool

    @property
    def name(self) -> str:
        return self.field.attname

    def __str__(self) -> str:
        return f"{'-' if self.is_descending else ''}{self.name}"


def keys_of(model: type[models.Model], ordering: Sequence[str]) -> list[Key]:
    """Return an order that names every row once: the primary key breaks ties."""
    opts = model._meta
    keys: list[Key] = []
    for text in ordering:
        name = text.removeprefix("-")
        field: Any = opts.pk if name == "pk" else opts.get_field(name)
        keys.append(Key(field, text.startswith("-")))
        if field.primary_key:
            return keys
    return [*keys, Key(opts.pk, keys[-1].is_descending if keys else True)]


def turned(keys: Sequence[Key]) -> list[Key]:
    """Return the opposite order."""
    return [replace(key, is_descending=not key.is_descending) for key in keys]


def encode(keys: Sequence[Key], row: Any) -> str:
    """Return the place of a row as the text of an address."""
    values = [key.field.value_to_string(row) for key in keys]
    nothing = [getattr(row, key.name) is None for key in keys]
    told = [None if gone else value for value, gone in zip(values, nothing, strict=True)]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def decode(keys: Sequence[Key], text: str) -> list[Any]:
    """Return the values of a place; raise FilterError where the text is not one of this order."""
    try:
        told = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return [_read(key.field, value) for key, value in zip(keys, told, strict=True)]
    except (ValueError, TypeError, ValidationError, binascii.Error, OverflowError):
        text = _("This place in the list is not understood: begin again.")
        raise FilterError({"after": [text]}) from None


def _read(field: models.Field, value: Any) -> Any:
    if value is None and not field.null:
        raise ValueError
    return field.to_python(value)


def beyond(queryset: QuerySet, keys: Sequence[Key], values: Sequence[Any]) -> QuerySet:
    """Return the rows that follow a place in an order."""
    directions = {key.is_descending for key in keys}
    if len(directions) == 1 and not any(key.field.null for key in keys):
        # A comparison of rows walks the index straight to the place.
        left = Func(*(F(key.name) for key in keys), function="ROW", output_field=keys[0].field)
        right = Func(*map(Value, values), function="ROW", output_field=keys[0].field)
        return queryset.filter((LessThan if directions == {True} else GreaterThan)(left, right))
    condition, same = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        condition |= same & _further(key, value)
        same &= Q(**{f"{key.name}__isnull": True} if value is None else {key.name: value})
    return queryset.filter(condition)


def _further(key: Key, value: Any) -> Q:
    if value is None:
        return Q(**{f"{key.name}__isnull": False}) if key.is_descending else Q(pk__in=[])
    if key.is_descending:
        return Q(**{f"{key.name}__lt": value})
    further = Q(**{f"{key.name}__gt": value})
    return further | Q(**{f"{key.name}__isnull": True}) if key.field.null else further
