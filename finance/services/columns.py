"""Columns that differ from row to row, for the one UPDATE that a machine makes."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Case, F, Field, Value, When


def per_row(field: Field, values: Mapping[int, Any], *, default: Any = None) -> Case:
    """Return an expression that gives each row its value; rows without one take `default`."""
    whens = [When(pk=pk, then=Value(value, output_field=field)) for pk, value in values.items()]
    return Case(*whens, default=F(field.name) if default is None else default, output_field=field)
