"""CPU seconds of this process and of its database backend together."""

import os
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


def tree(pid: int) -> float:
    """Return the CPU seconds of a process and its children, of those that ended as well."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(map(int, fields[11:15]))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    seconds = ticks / os.sysconf("SC_CLK_TCK")
    return seconds + sum(tree(int(child)) for child in children)
