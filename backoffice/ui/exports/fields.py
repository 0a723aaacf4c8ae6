"""Which columns of a list go into its files, and for whom."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest

from backoffice.core.personal import personal_fields

# Who may take personal data out of the building.
PERMISSION = "core.export_personal"


def exported_fields(screen: Any, request: HttpRequest) -> Iterator[models.Field]:
    """Yield the model's fields behind a list's columns, the key first."""
    opts = screen.model._meta
    seen = {opts.pk.name}
    yield opts.pk
    for column in screen.get_list_display(request):
        if not isinstance(column, str):
            column = getattr(column, "admin_order_field", "")
        elif hasattr(screen, column):
            column = getattr(getattr(screen, column), "admin_order_field", "")
        try:
            found = opts.get_field(str(column))
        except FieldDoesNotExist:
            continue
        if not isinstance(found, models.Field) or found.name in seen:
            continue
        if may_take(request.user, found):
            seen.add(found.name)
            yield found


def may_take(user: Any, field: models.Field) -> bool:
    """Say whether somebody may export a field.

    Personal ones, and keys to rows that are about people, are for those with the permission.
    """
    target = field.related_model
    is_personal = field.name in personal_fields(field.model) or (
        isinstance(target, type) and bool(personal_fields(target))
    )
    return not is_personal or user.has_perm(PERMISSION)


def lines(rows: models.QuerySet, fields: Sequence[models.Field]) -> Iterator[list[Any]]:
    """Yield the values of rows, which are read in pieces."""
    for row in with_related(rows, fields).iterator(chunk_size=2000):
        yield values(row, fields)


def with_related(rows: models.QuerySet, fields: Sequence[models.Field]) -> models.QuerySet:
    """Return rows with what their keys lead to."""
    related = [f.name for f in fields if f.is_relation]
    return rows.select_related(*related) if related else rows.select_related(None)


def values(row: models.Model, fields: Sequence[models.Field]) -> list[Any]:
    return [getattr(row, f.name) for f in fields]


def header(fields: Sequence[models.Field]) -> list[str]:
    return [str(f.verbose_name) for f in fields]


def file_name(opts: Any) -> str:
    return f"{opts.app_label}-{opts.model_name}"
