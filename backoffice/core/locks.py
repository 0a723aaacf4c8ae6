"""The only row locks of the product."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, models

from backoffice.core.actor import current_unit

# Orders 10, returns 20, shipments 30, parcels 40, stock 50, money 60: the order in which locks
# are taken; a model states its rank as `lock_rank`.
LAST_RANK = 100


class LockOrderError(RuntimeError):
    """A lock was asked for after one of a later rank: take it earlier."""


def lock_rank(model: type[models.Model]) -> int:
    """Return the rank of a model's locks; documents name it, others lock last."""
    return getattr(model, "lock_rank", LAST_RANK)


def lock(model: type[models.Model], ids: Iterable[int], *, skip_locked: bool = False) -> list[int]:
    """Lock rows by id in one statement; return the ids that exist and are ours now."""
    unit = current_unit()
    table = model._meta.db_table
    wanted = sorted(set(ids))
    held = unit.locked.setdefault(table, set())
    missing = [i for i in wanted if i not in held]
    if missing:
        rank = lock_rank(model)
        if rank < unit.rank:
            raise LockOrderError(
                f"{model._meta.label} (rank {rank}) is locked after rank {unit.rank}."
            )
        unit.rank = max(unit.rank, rank)
        key = model._meta.pk.column
        skip = " SKIP LOCKED" if skip_locked else ""
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT "{key}" FROM "{table}" WHERE "{key}" = ANY(%s)'
                f' ORDER BY "{key}" FOR UPDATE{skip}',
                [_array(missing)],
            )
            held.update(row[0] for row in cursor.fetchall())
    return [i for i in wanted if i in held]


def _array(keys: list[Any]) -> Any:
    """Return keys as a parameter: numbers travel as one text, a list is taken apart in Python."""
    numbers = all(isinstance(key, int) for key in keys)
    return f"{{{','.join(map(str, keys))}}}" if numbers else keys


def claim(sql: str, parameters: list[Any]) -> list[int]:
    """Claim queue rows by a statement that ends in FOR UPDATE SKIP LOCKED; return their ids."""
    current_unit()
    with connection.cursor() as cursor:
        cursor.execute(sql + " FOR UPDATE SKIP LOCKED", parameters)
        return [row[0] for row in cursor.fetchall()]
