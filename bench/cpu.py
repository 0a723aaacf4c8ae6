"""CPU seconds of this process and of its database backend together."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")


class Meter:
    """What was used between entering and leaving."""

    seconds = 0.0


def _backend(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _client() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def measured() -> Iterator[Meter]:
    """Measure a block; the backend's clock ticks every 10 ms."""
    meter = Meter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    before = _client() + _backend(pid)
    yield meter
    meter.seconds = _client() + _backend(pid) - before
