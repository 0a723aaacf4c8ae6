"""Scheduled jobs of insights."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from backoffice.core.tasks import scheduled
from backoffice.insights.services.bottleneck import find_bottlenecks
from backoffice.insights.services.checking import run_checks, run_invariants
from backoffice.insights.services.rollup import refresh_times
from backoffice.insights.services.turnover import refresh_turnover


@scheduled("insights.refresh_metrics", _("metrics"), every=timedelta(minutes=5))
def refresh_metrics(*, now: datetime, since: datetime | None) -> dict[str, int]:
    """Bring the five times up to date; a later run catches up on what was missed."""
    return refresh_times(now=now) | {"T_I": refresh_turnover(now=now)}


@scheduled("insights.find_bottlenecks", _("bottlenecks"), every=timedelta(hours=1))
def find_bottleneck(*, now: datetime, since: datetime | None) -> int:
    """Say which stage takes the time."""
    return find_bottlenecks(now=now)


@scheduled("insights.run_checks", _("data checks"), every=timedelta(hours=1))
def check_data(*, now: datetime, since: datetime | None) -> str:
    """Check the data."""
    runs = run_checks(now=now)
    return f"{sum(run.state == 'FAILED' for run in runs)} of {len(runs)} failed"


@scheduled("insights.run_invariants", _("invariants"), every=timedelta(days=1))
def prove_invariants(*, now: datetime, since: datetime | None) -> str:
    """Prove what must always be true."""
    runs = run_invariants(now=now)
    return f"{sum(bool(run.rows or run.error) for run in runs)} of {len(runs)} broken"
