"""What exports of the order list take: 50,000 rows at once, a million by a job.

Each runs in a process of its own, whose peak of memory is told; seconds are a clock's.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time

from bench.databases import addresses, filled

ORDERS = 1_000_000
# What a twentieth of the shop's orders are.
AT_ONCE = "?status=RELEASED"
EXPORTS = {
    "nothing": ("", "", 0),
    "at_once_csv": ("csv", AT_ONCE, ORDERS // 20),
    "at_once_xlsx": ("xlsx", AT_ONCE, ORDERS // 20),
    "job_csv": ("csv", "", ORDERS),
    "job_xlsx": ("xlsx", "", ORDERS),
}


def run() -> dict[str, float]:
    """Return the megabytes and seconds of each export, and of a process that makes none."""
    environment = os.environ | addresses(filled(ORDERS))
    found: dict[str, float] = {}
    for name in EXPORTS:
        with tempfile.TemporaryDirectory() as folder:
            answer = subprocess.run(
                [sys.executable, "-m", "bench.exports", name, folder],
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
        figures = json.loads(answer.stdout.splitlines()[-1])
        assert figures.pop("rows") == EXPORTS[name][2], figures
        found |= {f"export_{name}_{key}": value for key, value in figures.items()}
    return found


def export(kind: str, query: str) -> tuple[int, int]:
    """Export the order list; return the rows that its record tells and the bytes of the file."""
    from django.test import Client
    from django.utils import timezone

    from backoffice.core import jobs
    from backoffice.core.models import Event, Job, User

    jobs.wake = lambda job_id: None
    client = Client()
    client.force_login(User.objects.get(username="boss"))
    if not kind:
        return 0, len(client.get("/admin/orders/order/").content)
    chosen = {"action": f"export_{kind}", "select_across": "1"}
    answer = client.post(f"/admin/orders/order/{query}", chosen)
    if answer.status_code == 302:
        job = Job.objects.latest("pk")
        while jobs.run_chunk(job.pk, now=timezone.now()):
            pass
        answer = client.get(f"/admin/core/job/{job.pk}/file/")
    size = sum(map(len, answer.streaming_content))
    return Event.objects.latest("pk").data["rows"], size


def main() -> None:
    import django

    django.setup()
    from django.conf import settings

    name, settings.MEDIA_ROOT = sys.argv[1:]
    began = time.monotonic()
    rows, size = export(*EXPORTS[name][:2])
    figures = {
        "rows": rows,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "file_megabytes": round(size / 1e6, 1),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
