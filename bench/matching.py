"""Matching 500,000 rows of a file with 500,000 payments against the bare join of the same rows.

`matching_ratio` = service CPU seconds / those of one `INSERT … SELECT` that joins them by the
provider's id into a table with the same columns and keys; lower is better. The service also finds
what the join does not (one row in 200 by our number), raises what is left (one in 200), and looks
that nothing is matched twice. `matching_read_ratio` is the same against the join alone, whose rows
are only counted.
"""

from statistics import median

from django.db import connection, transaction

from backoffice.core.actor import acting_job
from backoffice.core.actor import transaction as unit
from backoffice.core.events import Fact, emit
from bench import intake
from bench.cpu import measured
from finance.services.matching import match_files
from orders.models import Order

ROWS, PAIRS = 500_000, 5
ODD = 200
PAYMENTS = """
INSERT INTO finance_payment (order_id, provider, external_id, method, currency, amount, status,
  captured_amount, captured_at, created_by_id, modified_by_id, failure)
SELECT %(order)s, 'stripe', 'ch_bench_' || n, '', 'EUR', 10 + n %% 90, 'CAPTURED', 10 + n %% 90,
  %(now)s::timestamptz + n * interval '1 second', %(user)s, %(user)s, ''
FROM generate_series(1, %(rows)s) n
"""
FILE = """
INSERT INTO finance_providerfile (file_id, sha256, format, is_bank, control, row_count, totals,
  imported_at, imported_by_id)
VALUES (%(stored)s, 'bench', 'stripe-payout', false, 'PROVED', %(rows)s, '{}', %(now)s, %(user)s)
RETURNING id
"""
FILE_ROWS = f"""
INSERT INTO finance_filerow (file_id, row_number, kind, currency, gross_amount, fee_amount,
  external_id, reference, payment_reference, category, batch, happened_at, raw)
SELECT %(file)s, row_number() OVER (ORDER BY p.id), 'PAYMENT', 'EUR', p.captured_amount, 0.5,
  CASE WHEN p.id %% {ODD} < 2 THEN 'other_' || p.id ELSE p.external_id END,
  CASE WHEN p.id %% {ODD} = 1 THEN p.number ELSE '' END, '', 'charge', 'po_1', p.captured_at, '{{}}'
FROM finance_payment p WHERE p.provider = 'stripe'
"""
JOIN = """
SELECT r.id, 'PAYMENT', 'finance.payment', p.id, NULL::bigint, 'REFERENCE', r.gross_amount,
  r.gross_amount - p.captured_amount, '', now(), 1
FROM finance_filerow r JOIN finance_payment p
  ON p.provider = 'stripe' AND p.external_id = r.external_id
WHERE r.file_id = %(file)s
"""
BARE = f"""
INSERT INTO bench_match (row_id, kind, subject_type, subject_id, group_id, rule, amount, difference,
  reason, matched_at, matched_by_id) {JOIN}
"""
READ = (
    f"SELECT count(*), sum(difference) FROM ({JOIN}) AS j(a, b, c, d, e, f, g, difference, i, k, l)"
)


def prepare() -> int:
    """Write payments and a file that tells of them; return the file."""
    intake.prepare()
    intake.by_service("match")
    order = Order.objects.order_by("-pk").first()
    with acting_job("importer"), unit(now=intake.NOW), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM core_user WHERE username = 'job:importer'")
        known = {"order": order.pk, "now": intake.NOW, "rows": ROWS, "user": cursor.fetchone()[0]}
        cursor.execute(
            "INSERT INTO core_storedfile (name, content_type, size, sha256, purpose, created_by_id)"
            " VALUES ('bench', 'text/csv', 1, 'bench', 'bench', %(user)s) RETURNING id",
            known,
        )
        known["stored"] = cursor.fetchone()[0]
        cursor.execute(PAYMENTS, known)
        cursor.execute(FILE, known)
        known["file"] = cursor.fetchone()[0]
        cursor.execute(FILE_ROWS, known)
        emit("payment.captured", [Fact(order.payments.order_by("pk").first().pk, order.pk)])
    return known["file"]


def _undone(work) -> float:  # type: ignore[no-untyped-def]
    """Measure work in a transaction that is rolled back."""
    with transaction.atomic():
        with measured() as meter:
            work()
        transaction.set_rollback(True)
    return meter.seconds


def by_service(file: int) -> float:
    """Match the file through the service."""

    def work() -> None:
        with acting_job("importer"):
            done = match_files([file], now=intake.NOW)
        assert done.rows == ROWS - ROWS // ODD, done

    return _undone(work)


def by_join(file: int, sql: str) -> float:
    """Join the same rows by the provider's id alone."""

    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"file": file})

    return _undone(work)


def run() -> dict[str, float]:
    """Measure interleaved pairs; return the median ratios."""
    file = prepare()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE bench_match (LIKE finance_reconciliationmatch INCLUDING ALL)"
        )
        cursor.execute("ANALYZE finance_payment, finance_filerow, orders_order")
    ratios, reads, each = [], [], []
    for _n in range(PAIRS):
        service, bare, read = by_service(file), by_join(file, BARE), by_join(file, READ)
        ratios.append(service / bare)
        reads.append(service / read)
        each.append(service)
    return {
        "matching_ratio": round(median(ratios), 3),
        "matching_read_ratio": round(median(reads), 3),
        "matching_cpu_s": round(median(each), 2),
    }
