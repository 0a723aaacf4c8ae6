"""What was read of a file is there, row by row, and comes to what was read."""

from backoffice.core.invariants import invariant
from finance.invariants.sql import TOLD

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
invariant(
    "finance.rows_explained",
    "Every row of a file that was matched is matched or an exception, and only one of them.",
    """
    SELECT r.id, r.file_id, r.row_number, r.gross_amount FROM finance_filerow r
    JOIN finance_providerfile f ON f.id = r.file_id
    LEFT JOIN finance_reconciliationexception x ON x.row_id = r.id
    LEFT JOIN (SELECT DISTINCT row_id FROM finance_reconciliationmatch WHERE undone_at IS NULL) m
      ON m.row_id = r.id
    WHERE r.kind <> 'PENDING'
      AND EXISTS (SELECT FROM core_event e WHERE e.kind = 'provider_file.matched'
        AND e.subject_id = f.id)
      AND NOT EXISTS (SELECT FROM finance_reconciliationdue d WHERE d.file_id = f.id)
      AND CASE WHEN m.row_id IS NULL THEN x.id IS NULL OR (x.status = 'CLEARED'
          AND x.resolution <> 'IGNORED')
        ELSE x.id IS NOT NULL AND (x.status <> 'CLEARED' OR x.resolution = 'IGNORED') END
    """,
    repair="Match the file again: its rows become matches or exceptions.",
)
invariant(
    "finance.matches",
    "A row's links come to it, and with their difference to what it belongs to, once.",
    """
    SELECT r.id AS row_id, NULL::bigint AS subject_id, r.gross_amount, sum(m.amount) AS amount
    FROM finance_reconciliationmatch m JOIN finance_filerow r ON r.id = m.row_id
    WHERE m.undone_at IS NULL GROUP BY r.id, r.gross_amount
    HAVING sum(m.amount) <> r.gross_amount OR min(m.kind) <> r.kind OR max(m.kind) <> r.kind
    UNION ALL
    SELECT NULL, p.id, p.captured_amount, sum(m.amount - m.difference)
    FROM finance_reconciliationmatch m JOIN finance_payment p ON p.id = m.subject_id
    WHERE m.subject_type = 'finance.payment' AND m.undone_at IS NULL AND m.kind = 'PAYMENT'
    GROUP BY p.id, p.captured_amount HAVING sum(m.amount - m.difference) <> p.captured_amount
    UNION ALL
    SELECT NULL, b.id, b.amount, sum(m.amount - m.difference)
    FROM finance_reconciliationmatch m JOIN finance_refund b ON b.id = m.subject_id
    WHERE m.subject_type = 'finance.refund' AND m.undone_at IS NULL AND m.kind = 'REFUND'
    GROUP BY b.id, b.amount HAVING sum(m.amount - m.difference) <> -b.amount
    """,
)
invariant(
    "finance.rows_posted",
    "What matched rows of proved files tell is in the books once; what is undone is taken back.",
    f"""
    SELECT t.row_id, count(e.id) AS entries FROM ({TOLD}) t
    LEFT JOIN finance_journalentry e ON e.source_type = 'finance.filerow'
      AND e.source_id = t.row_id AND e.kind = 'FILE_ROW'
      AND NOT EXISTS (SELECT FROM finance_journalentry x WHERE x.reverses_id = e.id)
    GROUP BY t.row_id, t.is_bank, t.at_provider, t.paid, t.difference, t.subject_type
    HAVING count(e.id) > 1 OR (count(e.id) = 0 AND (t.at_provider <> 0 OR t.paid <> 0
      OR t.difference <> 0 OR (t.is_bank AND t.subject_type <> 'finance.payout')))
    UNION ALL
    SELECT e.source_id, 1 FROM finance_journalentry e
    WHERE e.kind = 'FILE_ROW' AND e.source_type = 'finance.filerow'
      AND NOT EXISTS (SELECT FROM finance_journalentry x WHERE x.reverses_id = e.id)
      AND NOT EXISTS (SELECT FROM finance_reconciliationmatch m WHERE m.row_id = e.source_id
        AND m.undone_at IS NULL AND m.rule <> 'SAME')
    """,
)
