"""Single orders over HTTP: `intake_api_ratio` = CPU seconds of servers and database ÷ the limit's.

The limit is pgbench with eight clients: the same rows, idempotency key and history with them, by
one prepared statement an order.
"""

import json
import os
import resource
import socket
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from django.conf import settings
from django.db import connection

from backoffice.core.tokens import create_token
from bench import intake, raw
from bench.cpu import tree

CLIENTS, ORDERS, PAIRS = 8, 60, 3
HEADERS = {"Content-Type": "application/json"}


def body(name: str, n: int) -> dict[str, Any]:
    """Return an order of three lines by a new customer."""
    return {
        "channel": "bench",
        "external_id": name,
        "placed_at": intake.NOW.isoformat(),
        "customer": {"external_id": name, "name": f"Customer {name}", "email": "c@example.com"},
        "ship_to": {"country": "DE", "recipient": "Ada", "line1": "Street 1", "city": "Berlin"},
        "lines": [
            {
                "sku": f"B{(n * 3 + i) % 200}",
                "quantity": 2,
                "unit_price": "9.99",
                "tax_rate": "0.19",
            }
            for i in range(3)
        ],
    }


class Shop:
    """The web server as it runs in production, and what it and the database have used so far."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        gunicorn = Path(sys.executable).with_name("gunicorn")
        arguments = ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload"]
        arguments += ["--no-control-socket", "--log-level", "warning"]
        self.process = subprocess.Popen(
            [gunicorn, "backoffice.wsgi", *arguments, "--bind", f"127.0.0.1:{self.port}"],
            env=os.environ | {"API_REQUESTS_PER_MINUTE": "1000000"},
        )
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                time.sleep(0.1)

    def used(self) -> float:
        return tree(self.process.pid) + database()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def database() -> float:
    """Return the CPU seconds of PostgreSQL with all its backends, also those that ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        own = cursor.fetchone()[0]
    status = Path(f"/proc/{own}/status").read_text()
    return tree(int(status.split("PPid:")[1].split()[0]))


def by_api(shop: Shop, token: str, batch: str, orders: int = ORDERS) -> float:
    """Place a batch by eight clients; return the CPU seconds an order."""
    refused: list[Any] = []

    def client(number: int) -> None:
        with closing(HTTPConnection("127.0.0.1", shop.port)) as wire:
            for n in range(orders):
                name = f"{batch}-{number}-{n}"
                headers = HEADERS | {"Authorization": f"Bearer {token}", "Idempotency-Key": name}
                wire.request("POST", "/api/v1/orders/", json.dumps(body(name, n)), headers)
                answer = wire.getresponse()
                told = answer.read()
                if answer.status != 201:
                    refused.append(told)

    began = shop.used()
    threads = [Thread(target=client, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not refused, refused[0]
    return (shop.used() - began) / orders / CLIENTS


SHIFTED = {"id", "order_id", "ship_to_id", "bill_to_id", "customer_id", "event_id", "subject_id"}
UNIQUE = {("orders_order", "external_id"), ("orders_customer", "external_id")}
UNIQUE |= {("core_idempotencykey", "key")}
STEPS = {
    "address": "core_address",
    "customer": "orders_customer",
    "placed": "orders_order",
    "lines": "orders_orderline",
    "event": "core_event",
    "delivery": "core_eventdelivery",
    "kept": "core_idempotencykey",
}
FROM = {"placed": "address, customer", "lines": "placed", "event": "placed", "delivery": "event"}
KEYS = {
    "ship_to_id": "address.id",
    "bill_to_id": "address.id",
    "customer_id": "customer.id",
    "order_id": "placed.id",
    "subject_id": "placed.id",
    "event_id": "event.id",
}


def statement(external_id: str) -> str:
    """Return the one statement that writes what was written for an order."""
    order = raw.capture("orders_order", "external_id = %s", [external_id])
    found = dict(zip(order.columns, (values[0] for values in order.values), strict=True))
    events = raw.capture("core_event", "order_id = %s", [found["id"]])
    rows = {
        "address": raw.capture("core_address", "id = %s", [found["ship_to_id"]]),
        "customer": raw.capture("orders_customer", "id = %s", [found["customer_id"]]),
        "placed": order,
        "lines": raw.capture("orders_orderline", "order_id = %s", [found["id"]]),
        "event": events,
        "delivery": raw.capture("core_eventdelivery", "event_id = %s", [events.values[0][0]]),
        "kept": raw.capture("core_idempotencykey", "key = %s", [external_id]),
    }
    steps = [f"{name} AS ({_insert(name, rows[name])})" for name in STEPS]
    return f"WITH {', '.join(steps)} SELECT 1;"


def _insert(name: str, rows: raw.Rows) -> str:
    columns = [c for c in rows.columns if c != "id"]
    at = {c: n for n, c in enumerate(rows.columns)}
    with connection.cursor() as cursor:
        given = ", ".join(
            cursor.mogrify(
                "(" + ", ".join(f"%s::{rows.types[at[c]]}" for c in columns) + ")",
                [rows.values[at[c]][n] for c in columns],
            )
            for n in range(len(rows.values[0]))
        )
    names = ", ".join(f'"{c}"' for c in columns)
    picked = ", ".join(
        "gen_random_uuid()::text" if (rows.table, c) in UNIQUE else KEYS.get(c, f'v."{c}"')
        for c in columns
    )
    source = f"(VALUES {given}) AS v({names})" + (f", {FROM[name]}" if name in FROM else "")
    return f"INSERT INTO {rows.table} ({names}) SELECT {picked} FROM {source} RETURNING id"


def by_pgbench(script: Path, orders: int) -> float:
    """Write as many orders by pgbench; return the CPU seconds an order."""
    known = settings.DATABASES["default"]
    pgbench = next(Path(sys.prefix).glob("lib/python*/site-packages/*/pginstall/bin/pgbench"))
    command = [pgbench, "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"]
    command += ["-t", str(orders), "-f", script, "-h", known["HOST"], "-U", known["USER"]]
    command += ["-p", str(known["PORT"] or 5432), known["NAME"]]
    began, client = database(), resource.getrusage(resource.RUSAGE_CHILDREN)
    env = os.environ | {"PGPASSWORD": known["PASSWORD"]}
    subprocess.run(command, check=True, capture_output=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - client.ru_utime - client.ru_stime
    return (database() - began + used) / orders / CLIENTS


def run() -> dict[str, float]:
    """Measure interleaved pairs; return the median ratio."""
    intake.prepare()
    _token, text = create_token("bench", ["orders:read", "orders:write"])
    ratios, each, limits = [], [], []
    with closing(Shop()) as shop, TemporaryDirectory() as folder:
        by_api(shop, text, "warm", 40)
        script = Path(folder) / "limit.sql"
        script.write_text(statement("warm-0-0"))
        by_pgbench(script, 40)
        for n in range(PAIRS):
            each.append(by_api(shop, text, f"p{n}"))
            limits.append(by_pgbench(script, ORDERS))
            ratios.append(each[-1] / limits[-1])
    return {
        "intake_api_ratio": round(median(ratios), 2),
        "intake_api_cpu_ms": round(median(each) * 1000, 3),
        "intake_api_limit_cpu_ms": round(median(limits) * 1000, 3),
    }
