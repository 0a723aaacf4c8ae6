"""A server of its own process that says what each page cost, and the handle of whoever asks it."""

import gc
import json
import os
import subprocess
import sys
from typing import Any

from bench.databases import addresses

WARM_UP = 3
# A smaller table is read as a whole sooner than by an index.
FEW = 5_000
PLAIN = "django.contrib.admin"
THEMED = f"unfold {PLAIN}"


class Server:
    """A process that serves one database to one user."""

    def __init__(self, database: str, user: str = "boss", templates: str = "") -> None:
        env = {
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "BENCH_TEMPLATES": templates,
            "BACKOFFICE_PLAIN_ADMIN": "1" if templates == PLAIN else "",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.serving", user],
            env=os.environ | addresses(database) | env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, verb: str, *given: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([verb, *given]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The server died over {verb} {given}")
        return json.loads(answer)

    def warm(self, path: str, rows: int | None = 50) -> None:
        """Load what the first requests load; make sure that the page is what it should be."""
        for _ in range(WARM_UP):
            found = self.ask("rows", path)
        assert rows is None or found == rows, (path, found)

    def cost(self, path: str) -> float:
        """Return the CPU seconds of server and database for a page."""
        return self.ask("cost", path)[0]

    def database(self, path: str) -> float:
        """Return the CPU seconds of the database alone."""
        return self.ask("cost", path)[1]

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def big_scans(sql: str) -> list[str]:
    """Return the tables of more than a few rows that a statement reads as a whole."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        left, scanned = [cursor.fetchone()[0][0]["Plan"]], []
        while left:
            node = left.pop()
            left += node.get("Plans", [])
            if node["Node Type"] == "Seq Scan":
                scanned.append(node["Relation Name"])
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND reltuples > %s",
            [scanned, FEW],
        )
        return [name for (name,) in cursor.fetchall()]


class Pages:
    """The server's side."""

    def __init__(self, user: str) -> None:
        from django.test import Client

        from backoffice.core.models import User

        self.client = Client()
        self.client.force_login(User.objects.get(username=user))

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.content.decode()

    def rows(self, path: str) -> int:
        return self.get(path).count('name="_selected_action"')

    def cost(self, path: str) -> tuple[float, float]:
        """Return the CPU seconds of a page, and the database's part of them."""
        from bench.cpu import measured

        gc.collect()
        with measured() as meter:
            self.client.get(path)
        return meter.seconds, meter.database

    def any_part(self, label: str, fields: list[str], term: str) -> float:
        """Return the CPU seconds of the database for 50 rows that contain a term in any field."""
        from django.apps import apps
        from django.db.models import Q

        from bench.cpu import measured

        condition = Q(*((f"{field}__icontains", term) for field in fields), _connector=Q.OR)
        with measured() as meter:
            list(apps.get_model(label).objects.filter(condition).order_by("-pk")[:50])
        return meter.database

    def faults(self, path: str) -> list[str]:
        """Return the statements of a page that count rows or read a big table as a whole."""
        from django.db import connection

        asked: list[Any] = []

        def note(execute: Any, sql: str, parameters: Any, *others: Any) -> Any:
            asked.append((sql, parameters))
            return execute(sql, parameters, *others)

        with connection.execute_wrapper(note):
            self.get(path)
        with connection.cursor() as cursor:
            told = [cursor.mogrify(*one) for one in asked]
        reads = [sql for sql in told if sql.startswith(("SELECT", "("))]
        return [sql for sql in reads if "COUNT(" in sql.upper() or big_scans(sql)]


def main() -> None:
    import django

    django.setup()
    pages = Pages(sys.argv[1])
    for line in sys.stdin:
        verb, *given = json.loads(line)
        print(json.dumps(getattr(pages, verb)(*given)), flush=True)


if __name__ == "__main__":
    main()
