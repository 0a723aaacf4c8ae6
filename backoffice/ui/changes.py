"""What differs between two states of a row, in words: labels, amounts, names; never codes."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from backoffice.ui.document import is_share, percent, plain

# What every write touches says nothing.
BOOKKEEPING = {"id", "created_at", "created_by", "updated_at", "modified_by", "version"}
LONGEST = 80
EMPTY = "–"
# What the rows of a model are called, by their keys.
Names = Mapping[type[models.Model], Mapping[Any, str]]


def differences(
    pairs: Sequence[tuple[Any, Any]], only: Sequence[str] | None = None
) -> list[list[str]]:
    """Return what differs in each pair of history rows; names are read once for all pairs."""
    columns = [_changed(new, old, only) for new, old in pairs]
    names = _names(
        (column, row)
        for found, pair in zip(columns, pairs, strict=True)
        for column in found
        for row in pair
    )
    return [
        [_line(column, new, old, names) for column in found]
        for found, (new, old) in zip(columns, pairs, strict=True)
    ]


def _changed(new: Any, old: Any, only: Sequence[str] | None) -> list[Any]:
    silent = BOOKKEEPING | set(getattr(new.instance_type, "unspoken_fields", ()))
    return [
        column
        for column in new.tracked_fields
        if column.name not in silent
        and (only is None or column.name in only)
        and getattr(old, column.attname) != getattr(new, column.attname)
    ]


def _names(values: Iterable[tuple[Any, Any]]) -> Names:
    """Return what keys lead to by its name, in one statement for each model."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for column, row in values:
        if column.related_model is not None:
            wanted[column.related_model].add(getattr(row, column.attname))
    return {model: _named(model, keys - {None}) for model, keys in wanted.items()}


def _named(model: type[models.Model], keys: set[Any]) -> dict[Any, str]:
    # A name is often made of those of what the row itself points to.
    parts = [f.name for f in model._meta.concrete_fields if f.is_relation]
    rows = model._base_manager.select_related(*parts) if parts else model._base_manager.all()
    return {row.pk: str(row) for row in rows.filter(pk__in=keys)}


def _line(column: Any, new: Any, old: Any, names: Names) -> str:
    before, after = getattr(old, column.attname), getattr(new, column.attname)
    label = getattr(column, "verbose_name", column.name)
    if isinstance(before, dict) and isinstance(after, dict):
        # Only what differs, or it would be cut off before it shows.
        keys = [key for key in before | after if before.get(key) != after.get(key)]
        before, after = ({k: one[k] for k in keys if k in one} for one in (before, after))
        return f"{label}: {_object(before)} → {_object(after)}"
    return f"{label}: {shown(column, old, names)} → {shown(column, new, names)}"


def shown(column: Any, row: Any, names: Names | None = None) -> str:
    """Return a row's value for people."""
    value = getattr(row, column.attname)
    if value in (None, "", [], {}):
        return EMPTY
    if column.related_model is not None:
        known = (_names([(column, row)]) if names is None else names)[column.related_model]
        return known.get(value, str(value))[:LONGEST]
    output = getattr(column, "output_field", column)
    labels = dict(getattr(output, "flatchoices", ()) or ())
    if isinstance(value, list):
        inner = dict(getattr(getattr(output, "base_field", None), "flatchoices", ()) or ())
        return ", ".join(str(inner.get(item, item)) for item in value)[:LONGEST]
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal):
        if is_share(column.name):
            return percent(value)
        currency = getattr(row, "currency", "")
        return f"{plain(value, currency)} {currency}".rstrip()
    if isinstance(value, dict):
        return _object(value)
    return str(labels.get(value, plain(value)))[:LONGEST]


def _object(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)[:LONGEST] if value else EMPTY
