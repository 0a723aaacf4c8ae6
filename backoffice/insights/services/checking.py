"""Running the data checks."""

import json
import time
from collections.abc import Sequence
from datetime import datetime

from django.db import DatabaseError, connection, transaction

from backoffice.core.actor import service
from backoffice.core.invariants import REGISTRY, check_invariants
from backoffice.insights.checks import CHECKS
from backoffice.insights.choices import CheckState
from backoffice.insights.models import CheckRun, DataCheck, InvariantRun

SAMPLE = 50
TIMEOUT = "60s"
RUN = """
WITH failing AS MATERIALIZED ({failing})
SELECT ({of}), (SELECT count(*) FROM failing),
  (SELECT array_agg(id) FROM (SELECT id FROM failing ORDER BY id LIMIT {sample}) AS sample)
"""


@service
def run_checks(codes: Sequence[str] | None = None, *, now: datetime) -> list[CheckRun]:
    """Run the active checks, each under a time limit; one that cannot run says why."""
    active = DataCheck.objects.filter(is_active=True, code__in=list(CHECKS))
    if codes is not None:
        active = active.filter(code__in=codes)
    runs = [_run(item, now) for item in active.order_by("pk")]
    return CheckRun.objects.bulk_create(runs)


def _run(item: DataCheck, now: datetime) -> CheckRun:
    check = CHECKS[item.code]
    sql = RUN.format(failing=check.failing, of=check.of, sample=SAMPLE)
    began = time.monotonic()
    run = CheckRun(data_check=item, ran_at=now, state=CheckState.PASSED)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            (before,) = cursor.fetchone()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [TIMEOUT])
            cursor.execute(sql, {"now": now})
            run.n, run.failed, sample = cursor.fetchone()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
        run.sample_ids = sample or []
        run.ratio = run.failed / run.n if run.n else float(bool(run.failed))
        if run.ratio > item.tolerated_ratio:
            run.state = CheckState.FAILED
    except DatabaseError as error:
        run.state = CheckState.ERROR
        run.error = f"{type(error).__name__}: {error}"[:500]
    run.duration_ms = round((time.monotonic() - began) * 1000)
    return run


@service
def run_invariants(*, now: datetime) -> list[InvariantRun]:
    """Run every invariant and keep what each found; one that cannot run says why."""
    return InvariantRun.objects.bulk_create([_prove(name, now) for name in REGISTRY])


def _prove(name: str, now: datetime) -> InvariantRun:
    began = time.monotonic()
    run = InvariantRun(name=name, ran_at=now, rows=0)
    try:
        with transaction.atomic():
            for violation in check_invariants([name]):
                run.rows = len(violation.rows)
                run.sample = json.loads(json.dumps(violation.rows, default=str))
    except DatabaseError as error:
        run.error = f"{type(error).__name__}: {error}"[:500]
    run.duration_ms = round((time.monotonic() - began) * 1000)
    return run
