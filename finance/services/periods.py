"""Accounting periods: opened in advance, closed once nothing more is to be posted in them."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute, insert_rows, per_row
from backoffice.core.states import Outcome
from finance.ledger_sql import EXCLUDE_POSTERS
from finance.models import AccountingPeriod, PeriodBalance
from finance.period_sql import EMPTY, KEPT, SNAPSHOT, seal
from finance.services.days import company_day
from finance.states import PERIOD

MISSING = """
SELECT m::date FROM generate_series(
  least((SELECT date_trunc('month', min(day)) FROM finance_dailybalance),
    date_trunc('month', %s::date)),
  date_trunc('month', %s::date), '1 month') AS m
WHERE NOT EXISTS (SELECT FROM finance_accountingperiod p WHERE p.month = m::date) ORDER BY m
"""


@service
def open_periods(*, now: datetime) -> list[int]:
    """Create the months from the first posting to this one that have no row yet."""
    today = company_day(now)
    months = [row[0] for row in execute(MISSING, [today, today])]
    if not months:
        return []
    rows = insert_rows(
        AccountingPeriod, {"month": months}, on_conflict="ON CONFLICT (month) DO NOTHING"
    )
    emit("period.opened", [Fact(pk) for (pk,) in rows])
    return [pk for (pk,) in rows]


@service
def close_periods(period_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Close months and seal their balances; whoever posts in them right now is waited for."""
    outcome = PERIOD.check(period_ids, "close")
    months = AccountingPeriod.objects.filter(pk__any=outcome.moved)
    execute(EXCLUDE_POSTERS, [sorted(months.values_list("month", flat=True))])
    execute(SNAPSHOT, [outcome.moved])
    hashes = dict.fromkeys(outcome.moved, EMPTY) | dict(
        execute(seal(f"{KEPT} WHERE b.period_id = ANY(%s)"), [outcome.moved])
    )
    seals = {"balance_hash": per_row(AccountingPeriod, "balance_hash", hashes)}
    data = {pk: {"seal": value} for pk, value in hashes.items()}
    PERIOD.move(outcome.moved, "close", values=seals, data=data)
    return outcome


@service
def reopen_periods(period_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Open closed months again."""
    outcome = PERIOD.check(period_ids, "reopen")
    PeriodBalance.objects.filter(period_id__any=outcome.moved).delete()
    PERIOD.move(outcome.moved, "reopen", values={"closed_at": None, "balance_hash": ""})
    return outcome
