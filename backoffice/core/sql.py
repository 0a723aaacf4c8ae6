"""Set-wise SQL: keys in advance, inserts from columns."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL

from backoffice.core.actor import current_unit
from backoffice.core.origins import origin_column


def take_ids(counts: Mapping[type[models.Model], int]) -> dict[type[models.Model], list[int]]:
    """Take keys of several models' identity columns, ascending, in one statement."""
    taken: dict[type[models.Model], list[int]] = {model: [] for model in counts}
    names = {model._meta.db_table: model for model in counts}
    rows = execute(
        "SELECT w.name, nextval(pg_get_serial_sequence(w.name, w.key))"
        " FROM unnest(%s::text[], %s::text[], %s::int[]) AS w(name, key, units),"
        " generate_series(1, w.units)",
        [list(names), [m._meta.pk.column for m in counts], list(counts.values())],
    )
    for name, key in rows:
        taken[names[name]].append(key)
    return taken


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """Take `count` keys of a model's identity column, ascending."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return [row[0] for row in cursor.fetchall()]


@cache
def column_type(field: models.Field) -> str:
    """Return the PostgreSQL type of a field's values."""
    if field.remote_field is not None or field.primary_key:
        return str(field.rel_db_type(connection)).split(" ")[0]  # type: ignore[attr-defined]
    return str(field.db_type(connection))


def column(values: Sequence[Any]) -> Any:
    """Return a column as one array literal, where its values are plain.

    psycopg takes a list apart element by element in Python, which costs more than the statement.
    """
    kinds = set(map(type, values))
    is_full = type(None) not in kinds
    kinds.discard(type(None))
    if all(issubclass(kind, str) for kind in kinds):
        texts: Mapping[Any, str] = {v: _quoted(v) for v in set(values)}
    elif kinds <= {int, Decimal}:
        if is_full:
            return f"{{{','.join(map(str, values))}}}"
        texts = {v: "NULL" if v is None else str(v) for v in set(values)}
    elif kinds <= {datetime}:
        texts = {v: "NULL" if v is None else f'"{v.isoformat()}"' for v in set(values)}
    else:
        return list(values)
    return f"{{{','.join([texts[v] for v in values])}}}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _sent(field: models.Field, values: Sequence[Any]) -> Any:
    if isinstance(field, models.JSONField):
        values = [_ready(field, value) for value in values]
    return column(values)


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
    sql, parameters = insertion(
        model, columns, constants=constants, on_conflict=on_conflict, returning=returning
    )
    return execute(sql, parameters)


def insertion(
    model: type[models.Model],
    columns: Mapping[str, Sequence[Any]],
    *,
    constants: Mapping[str, Any] | None = None,
    condition: str = "",
    on_conflict: str = "",
    returning: str = "id",
) -> tuple[str, list[Any]]:
    """Return the statement of `insert_rows`, also as a part of another, and its parameters.

    `condition` leaves rows out, by their columns in order: `WHERE c0 IN (…)`.
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
        f" FROM unnest({unnested}) WITH ORDINALITY AS r({aliases}, n) {condition} ORDER BY n"
        f" {on_conflict} RETURNING {returning}"
    )
    parameters = [_ready(fields[n], v) for n, v in fixed.items()]
    parameters += [_sent(fields[n], columns[n]) for n in names]
    return sql, parameters


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


def load(
    model: type[models.Model], condition: str, parameters: Mapping[str, Any], *joined: str
) -> list[Any]:
    """Read whole rows of `t` by a condition in SQL, with rows that their keys `joined` lead to.

    Where a request reads a row or two, putting a queryset together costs several times as much.
    """
    keys = [model._meta.get_field(name) for name in joined]
    tables = [("t", model), *((key.name, key.related_model) for key in keys)]
    names, columns, joins = [], [], []
    for alias, table in tables:
        fields = table._meta.concrete_fields  # type: ignore[union-attr]
        assert not any(hasattr(field, "from_db_value") for field in fields), table
        names.append([field.attname for field in fields])
        columns += [f'"{alias}"."{field.column}"' for field in fields]
    for key in keys:
        target = key.related_model._meta  # type: ignore[union-attr]
        joins.append(
            f'LEFT JOIN "{target.db_table}" "{key.name}"'
            f' ON "{key.name}"."{target.pk.column}" = t."{key.column}"'  # type: ignore[union-attr]
        )
    sql = (
        f'SELECT {", ".join(columns)} FROM "{model._meta.db_table}" t {" ".join(joins)}'
        f" WHERE {condition}"
    )
    return [_with_joined(row, tables, names) for row in execute(sql, parameters)]


def _with_joined(row: tuple[Any, ...], tables: Sequence[Any], names: Sequence[list[str]]) -> Any:
    """Make a row's objects, each by its own slice of the columns."""
    at, found = 0, []
    for (_alias, table), fields in zip(tables, names, strict=True):
        values = row[at : at + len(fields)]
        found.append(table.from_db(connection.alias, fields, values))
        at += len(fields)
    main = found[0]
    for (alias, _table), other in zip(tables[1:], found[1:], strict=True):
        setattr(main, alias, other if other.pk is not None else None)
    return main
