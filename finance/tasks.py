"""Scheduled jobs of finance."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from backoffice.core.tasks import scheduled
from finance.services.clearing import wake_exceptions
from finance.services.exchange import (
    ask_about_refunds,
    ask_for_payments,
    cancel_payments,
    pay_refunds,
)
from finance.services.matching import match_due_file, retry_exceptions
from finance.services.payouts import create_payouts
from finance.services.periods import open_periods
from finance.services.settlement import CHUNK, settle_orders
from finance.services.statements import create_statements

ROUNDS = 40


@scheduled("finance.ask_for_payments", _("payment requests"), every=timedelta(seconds=15))
def ask_for_waiting_payments(*, now: datetime, since: datetime | None) -> int:
    """Ask providers for payments of prepaid orders."""
    return ask_for_payments(now=now)


@scheduled("finance.cancel_payments", _("withdrawn payments"), every=timedelta(seconds=30))
def cancel_withdrawn_payments(*, now: datetime, since: datetime | None) -> int:
    """Tell providers which payments are not wanted any more."""
    return cancel_payments(now=now)


@scheduled("finance.pay_refunds", _("paying refunds"), every=timedelta(seconds=30))
def pay_waiting_refunds(*, now: datetime, since: datetime | None) -> int:
    """Hand approved refunds to their providers."""
    return pay_refunds(now=now)


@scheduled("finance.ask_about_refunds", _("refunds without an answer"), every=timedelta(seconds=30))
def ask_about_lost_refunds(*, now: datetime, since: datetime | None) -> int:
    """Ask what became of refunds without an answer."""
    return ask_about_refunds(now=now)


@scheduled("finance.settle_orders", _("settlement"), every=timedelta(minutes=2), queue="settlement")
def settle_due_orders(*, now: datetime, since: datetime | None) -> int:
    """Settle delivered orders whose day has come, chunk by chunk."""
    settled = 0
    for _round in range(ROUNDS):
        done = settle_orders(None, now=now)
        settled += len(done.settlements)
        if done.claimed < CHUNK or not done.orders:
            break
    return settled


@scheduled(
    "finance.create_statements",
    _("seller statements"),
    every=timedelta(hours=1),
    queue="settlement",
)
def create_due_statements(*, now: datetime, since: datetime | None) -> int:
    """Close sellers' periods that ended on their contracts' calendars, and propose payouts."""
    statements = create_statements(now=now)
    create_payouts(None, now=now)
    return len(statements)


@scheduled("finance.open_periods", _("accounting periods"), every=timedelta(days=1))
def open_new_periods(*, now: datetime, since: datetime | None) -> int:
    """Create the accounting periods that have begun."""
    return len(open_periods(now=now))


@scheduled(
    "finance.match_files", _("reconciliation"), every=timedelta(minutes=2), queue="settlement"
)
def match_new_files(*, now: datetime, since: datetime | None) -> int:
    """Match the rows of files that came, each file in one piece; then what was left before."""
    files = 0
    while files < ROUNDS and match_due_file(now=now):
        files += 1
    return files + wake_exceptions(now=now) + retry_exceptions(now=now).rows
