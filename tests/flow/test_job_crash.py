"""A job whose worker is killed in the middle of a chunk is gone on with: each row is done once."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from backoffice.core.invariants import check_invariants
from backoffice.core.jobs import stale_jobs, start_job, wake
from backoffice.core.models import Event, User
from backoffice.core.models.job import Job, JobRow
from inventory.models import Sku
from orders.models import Order, SalesChannel
from orders.services.intake import place_orders
from orders.services.lifecycle import cancel_orders
from tests import support_db
from tests.fixtures.orders import PLACED, order_command
from tests.flow.processes import ROOT

ROWS, CANCELLED, CHUNK = 500, 20, 25
WORKER = f"""
import django
django.setup()
from backoffice.celery import app
from backoffice.core import jobs
jobs.CHUNK = {CHUNK}
app.worker_main(["worker", "-Q", "default", "-P", "solo", "--without-gossip", "--without-mingle"])
"""
WAITS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND usename = 'app' AND wait_event_type = 'Lock'
"""


@contextlib.contextmanager
def worker(log: Path) -> Iterator[subprocess.Popen]:
    """Run a real worker, which is killed at the end at the latest."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "backoffice.settings.development"},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(happens: Callable[[], Any], log: Path) -> None:
    """Wait for something that a worker does."""
    ends = time.monotonic() + 120
    while not happens():
        assert time.monotonic() < ends, (outcomes(Job.objects.get()), log.read_text()[-4000:])
        time.sleep(0.02)


def outcomes(job: Job) -> Counter:
    return Counter(JobRow.objects.filter(job=job).values_list("outcome", flat=True))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_inside_a_chunk(
    actor: object,
    channel: SalesChannel,
    service_sku: Sku,
    drain: Callable[[], None],
    tmp_path: Path,
    superuser_connection: psycopg.Connection,
) -> None:
    placed = place_orders([order_command(str(n)) for n in range(ROWS)], now=PLACED)
    ids = sorted(placed.created.values())
    gone = ids[:: ROWS // CANCELLED]
    assert len(cancel_orders(gone, now=PLACED).moved) == CANCELLED
    # The worker is to have the job alone to do.
    drain()
    boss = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    log = tmp_path / "worker.log"

    def waits() -> bool:
        return superuser_connection.execute(WAITS).fetchone() != (0,)

    middle = ids[ROWS // 2 + CHUNK // 2]

    with support_db.connect_superuser(connection.settings_dict["NAME"]) as holder:
        holder.autocommit = False
        holder.execute("SELECT FROM orders_order WHERE id = %s FOR UPDATE", [middle])
        job = start_job("orders.order.confirm", ids, user_id=boss.pk)
        with worker(log) as process:
            # Half of the rows are written; the worker is inside the chunk that holds the middle.
            until(lambda: waits() and outcomes(job)["WAITING"] == ROWS // 2, log)
            os.killpg(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        holder.rollback()
    until(lambda: not waits(), log)
    assert outcomes(job)["WAITING"] == ROWS // 2
    half = [pk for pk in ids[: ROWS // 2] if pk not in gone]
    assert (
        sorted(
            Order.objects.exclude(status__in=["PENDING", "CANCELLED"]).values_list("pk", flat=True)
        )
        == half
    )
    assert Job.objects.get().status == "RUNNING"

    # What beat does once the job has not been touched for a while.
    assert stale_jobs(timezone.now()) == []
    assert stale_jobs(timezone.now() + timedelta(minutes=3)) == [job.pk]
    with worker(log):
        wake(job.pk)
        until(lambda: Job.objects.get().status == "DONE", log)

    assert outcomes(job) == {"DONE": ROWS - CANCELLED, "BLOCKED": CANCELLED}
    blocked = JobRow.objects.filter(job=job, outcome="BLOCKED")
    assert sorted(blocked.values_list("object_id", flat=True)) == gone
    assert set(blocked.values_list("reason", flat=True)) == {"Only possible in state Pending."}
    told = Event.objects.filter(kind="order.confirmed").values_list("subject_id", flat=True)
    assert sorted(told) == [pk for pk in ids if pk not in gone]
    assert check_invariants() == []
