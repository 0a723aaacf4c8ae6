"""What a channel gives of an order and is stored as it is: fields of both command and model."""

from dataclasses import fields
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import EMPTY_VALUES
from django.db.models import Field
from django.utils.translation import gettext as _

from orders.models import Order
from orders.services.commands import PlaceOrder

# An empty currency is the channel's: the draft decides it.
DECIDED = {"currency"}
COLUMNS = {field.name: field for field in Order._meta.concrete_fields if not field.is_relation}
GIVEN: dict[str, Field] = {
    f.name: COLUMNS[f.name]
    for f in fields(PlaceOrder)
    if f.name in COLUMNS and f.name not in DECIDED
}
# Those that an order may do without.
OPTIONAL = [name for name in GIVEN if name not in ("external_id", "placed_at")]


def problems_of(command: PlaceOrder) -> list[str]:
    """Return what the model's own validators and choices say against an order's given fields."""
    problems = []
    for name, column in GIVEN.items():
        value = getattr(command, name)
        if value in EMPTY_VALUES:
            continue
        try:
            column.clean(value, None)
        except ValidationError as error:
            words = {"field": column.verbose_name, "problem": " ".join(error.messages)}
            problems.append(_("%(field)s: %(problem)s") % words)
    return problems


def read_given(name: str, text: Any) -> Any:
    """Read a given field from a text; ValidationError where it cannot be."""
    return GIVEN[name].to_python(text)
