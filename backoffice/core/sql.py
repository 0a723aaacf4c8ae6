"""Set-wise SQL: keys in advance, inserts from columns."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL

from backoffice.core.actor import current_unit
from backoffice.core.origins import origin_column


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """Take `count` keys of a model's identity column, ascending."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return [row[0] for row in cursor.fetchall()]


def column_type(field: models.Field) -> str:
    """Return the PostgreSQL type of a field's values."""
    if field.remote_field is not None or field.primary_key:
        return str(field.rel_db_type(connection)).split(" ")[0]  # type: ignore[attr-defined]
    return str(field.db_type(connection))


def _ready(field: models.Field, value: Any) -> Any:
    if isinstance(field, models.JSONField):
        return json.dumps(value, default=str)
    return value


def insert_rows(
    model: type[models.Model],
    columns: Mapping[str, Sequence[Any]],
    *,
    constants: Mapping[str, Any] | None = None,
    on_conflict: str = "",
    returning: str = "id",
) -> list[tuple[Any, ...]]:
    """Insert rows given as columns of equal length, in one statement; return `returning`.

    `columns` and `constants` are keyed by attribute name (`order_id`). A business document gets
    actor, the block's `now` and the origin of what it serves; columns left out keep their database
    default.
    """
    from backoffice.core.models.document import BusinessDocument

    fixed: dict[str, Any] = dict(constants or {})
    if issubclass(model, BusinessDocument):
        unit = current_unit()
        columns = {**columns, **origin_column(model, columns)}
        fixed = {
            "created_by_id": unit.actor.user_id,
            "modified_by_id": unit.actor.user_id,
            "origin": unit.actor.origin,
            "created_at": unit.now,
            "updated_at": unit.now,
            "version": 0,
        } | fixed
    fixed = {name: value for name, value in fixed.items() if name not in columns}
    fields = {f.attname: f for f in model._meta.concrete_fields}
    for name, field in fields.items():
        # Django fills plain defaults in Python only, so they are filled here as well.
        if (
            name in columns
            or name in fixed
            or field.primary_key
            or field.db_default is not models.NOT_PROVIDED
        ):
            continue
        if field.has_default():
            fixed[name] = field.get_default()
        elif isinstance(field, (models.CharField, models.TextField)) and not field.null:
            fixed[name] = ""
    names = list(columns)
    unnested = ", ".join(f"%s::{column_type(fields[n])}[]" for n in names)
    aliases = ", ".join(f"c{i}" for i in range(len(names)))
    targets = ", ".join(f'"{fields[n].column}"' for n in [*names, *fixed])
    values = ", ".join(
        [f"c{i}" for i in range(len(names))] + [f"%s::{column_type(fields[n])}" for n in fixed]
    )
    sql = (
        f'INSERT INTO "{model._meta.db_table}" ({targets}) SELECT {values}'
        f" FROM unnest({unnested}) WITH ORDINALITY AS r({aliases}, n) ORDER BY n"
        f" {on_conflict} RETURNING {returning}"
    )
    parameters = [_ready(fields[n], v) for n, v in fixed.items()]
    parameters += [[_ready(fields[n], v) for v in columns[n]] for n in names]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def per_row(model: type[models.Model], field: str, values: Mapping[int, Any]) -> RawSQL:
    """Return an expression that gives each row of one UPDATE its own value, by primary key."""
    target = model._meta.get_field(field)
    texts = {str(pk): None if value is None else str(value) for pk, value in values.items()}
    key = f'"{model._meta.db_table}"."{model._meta.pk.column}"'
    cast = column_type(target)  # type: ignore[arg-type]
    # Names come from the model, values are a parameter.
    return RawSQL(f"(%s::jsonb ->> {key}::text)::{cast}", [json.dumps(texts)])  # noqa: S611


def execute(sql: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement; return its rows, or none where it gives none."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []
