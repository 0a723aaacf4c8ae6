"""CPU seconds of this process and of its database backend together."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection


class Meter:
    """What was used between entering and leaving, and how much of it by the database."""

    seconds = database = 0.0


def _backend(pid: int) -> float:
    # Nanoseconds, where /proc/…/stat counts ticks of 10 ms.
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _client() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def measured() -> Iterator[Meter]:
    """Measure a block."""
    meter = Meter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    client, backend = _client(), _backend(pid)
    yield meter
    meter.database = _backend(pid) - backend
    meter.seconds = _client() - client + meter.database
