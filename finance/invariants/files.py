"""What was read of a file is there, row by row, and comes to what was read."""

from backoffice.core.invariants import invariant

invariant(
    "finance.provider_files_whole",
    "A provider's or bank's file has as many rows as were read, and they come to its totals.",
    """
    WITH sums AS (
      SELECT file_id, currency, sum(rows)::int AS rows, sum(gross) AS gross, sum(fee) AS fee,
        bool_or(counts) AS counts
      FROM (
        SELECT file_id, currency, count(*) AS rows,
          kind NOT IN ('PENDING', 'PAYOUT') AS counts,
          CASE WHEN kind IN ('PENDING', 'PAYOUT') THEN 0 ELSE sum(gross_amount) END AS gross,
          CASE WHEN kind IN ('PENDING', 'PAYOUT') THEN 0 ELSE sum(fee_amount) END AS fee
        FROM finance_filerow GROUP BY file_id, currency, kind
      ) k GROUP BY file_id, currency
    )
    SELECT f.id, f.number, f.row_count, s.rows
    FROM finance_providerfile f LEFT JOIN (
      SELECT file_id, sum(rows) AS rows FROM sums GROUP BY file_id
    ) s ON s.file_id = f.id
    WHERE f.control <> 'REFUSED' AND coalesce(s.rows, 0) <> f.row_count
    UNION ALL
    SELECT f.id, f.number || ' ' || s.currency, f.row_count, s.rows
    FROM sums s JOIN finance_providerfile f ON f.id = s.file_id
    WHERE s.counts AND (s.gross, s.fee) IS DISTINCT FROM
      ((f.totals -> s.currency ->> 'gross')::numeric, (f.totals -> s.currency ->> 'fee')::numeric)
    UNION ALL
    SELECT f.id, f.number, 0, count(*)::int
    FROM finance_providerfile f JOIN finance_filerow r ON r.file_id = f.id
    WHERE f.control = 'REFUSED' GROUP BY f.id, f.number
    """,
)
