"""The board of invariants: queries that must return no row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Invariant:
    """A statement about the whole database, as a query for what breaks it."""

    name: str
    text: str
    sql: str
    repair: str


@dataclass(frozen=True, slots=True)
class Violation:
    invariant: Invariant
    rows: list[dict[str, Any]]


REGISTRY: dict[str, Invariant] = {}


def invariant(name: str, text: str, sql: str, *, repair: str = "") -> None:
    """Register a query that must return no row, with the repair that an operator would try."""
    REGISTRY[name] = Invariant(name, text, sql, repair)


def check_invariants(
    names: list[str] | None = None,
    *,
    limit: int = 20,
    progress: Callable[[str], None] | None = None,
) -> list[Violation]:
    """Run the invariants; return those that are broken, with up to `limit` rows each."""
    broken = []
    for item in REGISTRY.values():
        if names and item.name not in names:
            continue
        if progress:
            progress(item.name)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({item.sql}) AS violation LIMIT {int(limit)}")
            columns = [c.name for c in cursor.description or []]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        if rows:
            broken.append(Violation(item, rows))
    return broken
