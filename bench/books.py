"""The books: guards on and off, numbers in batches, trial balances.

`books_guards_ratio` = CPU seconds without triggers / with them, on the same indexes.
`books_invoices_ratio` = CPU seconds an invoice alone / in batches of 500.
`books_trial_balance_ratio` = CPU seconds of a trial balance from daily balances / from five
million postings; both must say the same.
"""

from datetime import UTC, datetime
from statistics import median

from django.db import connection

from backoffice.core.actor import acting_job
from backoffice.core.sql import execute
from bench.cpu import measured
from bench.settlement import by_service, delivered_orders, prepare
from finance.models import DocumentSeries, LedgerAccount
from finance.services.invoices import issue_invoices
from tests.support_db import CLEANER, connect_superuser

PAIRS = 5
GUARDED = ("finance_journalentry", "finance_posting")
NUMBERS, ALONE = 500, 50
POSTINGS, DAYS, SELLERS = 5_000_000, 365, 200
NOW = datetime(2026, 1, 16, 12, tzinfo=UTC)
FILL = """
INSERT INTO finance_posting (entry_id, position, account_id, party_type, party_id, order_id,
  currency, amount, effective_on)
SELECT g / 2, g %% 2 + 1, (%(accounts)s::bigint[])[g / 2 %% %(n)s + 1],
  CASE WHEN g %% 2 = 0 THEN 'SELLER' ELSE '' END,
  CASE WHEN g %% 2 = 0 THEN g / 2 %% %(sellers)s END, g / 2,
  (ARRAY['EUR', 'USD'])[g / 2 %% 2 + 1], (1 - 2 * (g %% 2)) * (1 + g / 2 %% 900) / 100.0,
  date '2025-01-01' + (g / 2 / %(a_day)s)::int
FROM generate_series(0, %(postings)s::bigint - 1) AS g
"""
FOLD = """
INSERT INTO finance_dailybalance (account_id, party_type, party_id, currency, day, amount, postings)
SELECT account_id, party_type, coalesce(party_id, 0), currency, effective_on, sum(amount), count(*)
FROM finance_posting GROUP BY 1, 2, 3, 4, 5
"""
FROM_BALANCES = """
SELECT account_id, currency, sum(amount) FROM finance_dailybalance GROUP BY 1, 2 ORDER BY 1, 2
"""
FROM_POSTINGS = """
SELECT account_id, currency, sum(amount) FROM finance_posting GROUP BY 1, 2 ORDER BY 1, 2
"""


def guards() -> dict[str, float]:
    """Settle batches with the triggers of the books on and off, in turns."""
    sellers = prepare()
    by_service(delivered_orders("gw", sellers))
    ratios = []
    for n in range(PAIRS):
        guarded = by_service(delivered_orders(f"g{n}", sellers))
        ids = delivered_orders(f"h{n}", sellers)
        _triggers("DISABLE")
        bare = by_service(ids)
        _triggers("ENABLE")
        ratios.append(bare / guarded)
    return {"books_guards_ratio": round(median(ratios), 3)}


def _triggers(verb: str) -> None:
    with connect_superuser(connection.settings_dict["NAME"]) as superuser:
        for table in GUARDED:
            superuser.execute(f"ALTER TABLE {table} {verb} TRIGGER USER")


def numbers() -> dict[str, float]:
    """Issue invoices one by one and in batches; the numbers have no gap."""
    sellers = prepare()
    ratios = []
    for n in range(PAIRS):
        ids = delivered_orders(f"n{n}", sellers)
        with acting_job("importer"):
            with measured() as alone:
                for order in ids[:ALONE]:
                    issue_invoices([order], now=NOW)
            with measured() as together:
                issue_invoices(ids[ALONE : ALONE + NUMBERS], now=NOW)
        ratios.append((alone.seconds / ALONE) / (together.seconds / NUMBERS))
    last = DocumentSeries.objects.get(code="INVOICE").last_number
    assert last == PAIRS * (ALONE + NUMBERS), last
    return {"books_invoices_ratio": round(median(ratios), 1)}


def trial_balance() -> dict[str, float]:
    """Compare a trial balance from the daily balances with one from every posting."""
    known = {
        "accounts": list(LedgerAccount.objects.values_list("pk", flat=True)),
        "sellers": SELLERS,
        "postings": POSTINGS,
        "a_day": POSTINGS // 2 // DAYS + 1,
    }
    with connect_superuser(connection.settings_dict["NAME"], CLEANER) as superuser:
        superuser.execute("TRUNCATE finance_posting, finance_dailybalance")
        superuser.execute(FILL, known | {"n": len(known["accounts"])})
        superuser.execute(FOLD)
        superuser.execute("VACUUM (ANALYZE) finance_posting, finance_dailybalance")
    execute("SET max_parallel_workers_per_gather = 0")
    ratios = []
    for _n in range(PAIRS):
        with measured() as short:
            folded = execute(FROM_BALANCES)
        with measured() as full:
            scanned = execute(FROM_POSTINGS)
        assert folded == scanned
        ratios.append(short.seconds / full.seconds)
    return {"books_trial_balance_ratio": round(median(ratios), 4)}


def run() -> dict[str, float]:
    """Measure one after the other."""
    return guards() | numbers() | trial_balance()
