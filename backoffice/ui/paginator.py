"""A paginator that never counts a big table."""

from functools import cached_property

from django.core.paginator import Paginator
from django.db import connection

CEILING = 10_000


class BoundedPaginator(Paginator):
    """Count exactly up to a ceiling; estimate a whole table from PostgreSQL's statistics."""

    @cached_property
    def count(self) -> int:  # type: ignore[override]
        queryset = self.object_list
        counted = queryset.order_by()[: CEILING + 1].count()  # type: ignore[union-attr]
        if counted <= CEILING:
            return counted
        if queryset.query.where:  # type: ignore[union-attr]
            return CEILING
        with connection.cursor() as cursor:
            table = queryset.model._meta.db_table  # type: ignore[union-attr]
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", [table])
            row = cursor.fetchone()
        return max(int(row[0]) if row else 0, CEILING)
