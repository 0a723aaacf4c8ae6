"""The raw limit: the same rows, written by bare INSERT … SELECT FROM unnest."""

from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table as columns."""

    table: str
    columns: list[str]
    types: list[str]
    values: list[list[Any]]


def capture(table: str, condition: str, parameters: list[Any]) -> Rows:
    """Read rows as columns, generated ones left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = '' ORDER BY attnum",
            [table],
        )
        columns, types = map(list, zip(*cursor.fetchall(), strict=True))
        casts = [
            f'"{c}"::text' if t == "jsonb" or t.endswith("[]") else f'"{c}"'
            for c, t in zip(columns, types, strict=True)
        ]
        cursor.execute(
            f"SELECT {', '.join(casts)} FROM {table} WHERE {condition} ORDER BY 1", parameters
        )
        rows = cursor.fetchall()
    return Rows(table, columns, types, [list(v) for v in zip(*rows, strict=True)])


def moved(rows: Rows, **changes: Any) -> Rows:
    """Return rows with columns changed by functions."""
    values = [
        [changes[c](v) for v in column] if c in changes else column
        for c, column in zip(rows.columns, rows.values, strict=True)
    ]
    return Rows(rows.table, rows.columns, rows.types, values)


def _unnested(rows: Rows) -> str:
    """Return the query of rows that are given as arrays; an array in one of them is text."""
    names = ", ".join(f'"{c}"' for c in rows.columns)
    read = ", ".join(f'"{c}"::{t}' for c, t in zip(rows.columns, rows.types, strict=True))
    arrays = ", ".join(f"%s::{'text' if t.endswith('[]') else t}[]" for t in rows.types)
    return f"SELECT {read} FROM unnest({arrays}) AS r({names})"


def write(rows: Rows) -> None:
    """Insert rows in one statement."""
    names = ", ".join(f'"{c}"' for c in rows.columns)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {rows.table} ({names}) {_unnested(rows)}", rows.values)


def stage(rows: Rows) -> None:
    """Put rows into a temporary table, so that writing them costs no transport."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS staged_{rows.table}")
        create = f"CREATE TEMP TABLE staged_{rows.table} AS {_unnested(rows)}"
        cursor.execute(create, rows.values)


def write_staged(rows: Rows) -> None:
    """Insert staged rows in one statement."""
    names = ", ".join(f'"{c}"' for c in rows.columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {rows.table} ({names}) SELECT {names} FROM staged_{rows.table}"
        )
