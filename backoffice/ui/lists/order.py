"""The order of a list: what its address asks for, else its own."""

from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext as _

from backoffice.core.filtering import FilterError
from backoffice.ui.lists.columns import Column, columns_of
from backoffice.ui.lists.keyset import Key, keys_of
from backoffice.ui.lists.selection import SORT
from backoffice.ui.lists.size import FEW, table_rows


class Ordering:
    """In which order one address shows rows."""

    def __init__(self, screen: Any, request: HttpRequest) -> None:
        self.screen, self.request = screen, request
        self.columns = list(columns_of(screen, request))

    @cached_property
    def is_small(self) -> bool:
        return table_rows(self.screen.model) <= FEW

    @cached_property
    def sort(self) -> tuple[str, bool]:
        """Return the column that the user sorts by, and whether downwards; no name means none."""
        text = self.request.GET.get(SORT, "")
        name = text.removeprefix("-")
        found = next((c for c in self.columns if c.name == name), None)
        if text and (found is None or not self.is_sortable(found)):
            raise FilterError({SORT: [_("This list cannot be sorted so.")]})
        return name, text.startswith("-")

    def is_sortable(self, column: Column) -> bool:
        """Say whether an order costs little: few rows, or an index that begins with the column."""
        field = column.field
        if field is None or field.is_relation:
            return False
        return self.is_small or field.name in indexed(self.screen.model)

    @cached_property
    def keys(self) -> list[Key]:
        name, is_descending = self.sort
        if not name:
            return keys_of(self.screen.model, self.screen.get_ordering(self.request) or ["-pk"])
        field = next(c.field for c in self.columns if c.name == name)
        return keys_of(self.screen.model, [f"{'-' * is_descending}{field.name}"])


def indexed(model: type[models.Model]) -> set[str]:
    """Return the fields that begin an index over the whole table."""
    opts = model._meta
    names = {f.name for f in opts.concrete_fields if f.unique or f.db_index}
    for index in [*opts.indexes, *opts.constraints]:
        if isinstance(index, (models.Index, models.UniqueConstraint)) and index.condition is None:
            names |= {_first(index).removeprefix("-")}
    return names


def _first(index: Any) -> str:
    if index.fields:
        return index.fields[0]
    first = index.expressions[0]
    return first.name if isinstance(first, F) else ""
