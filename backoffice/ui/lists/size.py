"""How many rows: counted where they are few, estimated where they are many, never both."""

from django.db import connection, models
from django.db.models import QuerySet

FEW = 10_000
# A table that was never analysed is guessed from its pages.
ROWS = """
SELECT CASE WHEN relkind = 'p' THEN -1
            WHEN relpages > 0 AND reltuples >= 0 THEN reltuples / relpages ELSE 60 END
       * (pg_relation_size(oid) / current_setting('block_size')::int)
FROM pg_class WHERE oid = to_regclass(%s)
"""


def table_rows(model: type[models.Model]) -> int:
    """Return about how many rows a table has; a partitioned one counts as big."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [f'"{model._meta.db_table}"'])
        row = cursor.fetchone()
    return int(row[0]) if row and row[0] >= 0 else FEW + 1


def planned_rows(queryset: QuerySet) -> int:
    """Return how many rows PostgreSQL expects of a filter."""
    sql, parameters = queryset.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])
