"""Many rows as arrays: aggregated in the database, read in binary, no object per value."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import psycopg
from django.db import connection
from numpy.typing import NDArray

# Of a one-dimensional array without nulls, as PostgreSQL sends it.
HEADER_BYTES = 20
EPOCH_MICROSECONDS = 946_684_800_000_000  # 2000-01-01, where PostgreSQL counts instants from


def read_columns(
    sql: str, parameters: Mapping[str, Any], types: Mapping[str, str]
) -> dict[str, NDArray]:
    """Return the columns that `sql` selects, named and typed by `types` ("int4", "int8",
    "timestamptz"; no nulls). Instants are microseconds since 1970, UTC.
    """
    aggregated = ", ".join(f"array_agg({name}::{kind})" for name, kind in types.items())
    connection.ensure_connection()
    # Django's cursor writes parameters into the text, and so cannot ask for a binary answer.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(f"SELECT {aggregated} FROM ({sql}) AS r", parameters, binary=True)
        result = cursor.pgresult
        assert result is not None
        found = [result.get_value(0, n) for n in range(len(types))]
    return {name: _array(raw, kind) for (name, kind), raw in zip(types.items(), found, strict=True)}


def _array(raw: bytes | None, kind: str) -> NDArray:
    number = np.dtype(">i4" if kind == "int4" else ">i8")
    if raw is None:
        return np.zeros(0, dtype=number.newbyteorder("="))
    items = np.frombuffer(raw, np.dtype([("size", ">i4"), ("value", number)]), offset=HEADER_BYTES)
    values = items["value"].astype(number.newbyteorder("="))
    return values + EPOCH_MICROSECONDS if kind == "timestamptz" else values
