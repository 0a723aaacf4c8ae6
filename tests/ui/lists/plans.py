"""How PostgreSQL would read a statement if tables were long."""

from django.db import connection


def nodes(sql, parameters=None):
    """Return the nodes of a plan that reads no whole table and sorts nothing where it can."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        left, found = [cursor.fetchone()[0][0]["Plan"]], []
        cursor.execute("SET LOCAL enable_seqscan = on")
        cursor.execute("SET LOCAL enable_sort = on")
    while left:
        found.append(left.pop())
        left += found[-1].get("Plans", [])
    return found


def scanned(sql, parameters=None):
    """Return the tables that PostgreSQL can only read as a whole."""
    found = nodes(sql, parameters)
    return {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"}
