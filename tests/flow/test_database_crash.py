"""PostgreSQL dies in mid-flow and comes back: what was promised is there, and only once."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest

from devtools import postgres
from devtools.places import data_home, own_folder
from tests.flow.processes import ROOT, Client, Processes
from tests.flow.test_faults import ORDERS, SCOPES, buy, cart
from tests.flow.test_sandbox_servers import free_ports

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs the embedded PostgreSQL"),
]
KIND = "crash"

# A shop that does by itself what may be done, and the token of a program that sells through it.
PREPARE = f"""
from backoffice.core.actor import acting_job
from backoffice.core.tokens import create_token
from inventory.models import Product, Sku, Warehouse
from inventory.services.moves import Move, post_moves
from orders.models import SalesChannel
from django.utils import timezone
house = Warehouse.objects.create(code="W", name="W")
SalesChannel.objects.create(code="web", name="Web", currency="EUR", warehouse=house)
product = Product.objects.create(code="P", name="P")
sku = Sku.objects.create(code="A", name="A", product=product)
with acting_job("system"):
    post_moves([Move("OPENING", sku.pk, house.pk, 500)], now=timezone.now())
print("token", create_token("shop", {SCOPES!r})[1])
"""
FINISH = """
from datetime import timedelta
from django.utils import timezone
from backoffice.core.events import deliver
deliver(now=timezone.now() + timedelta(hours=2))
"""
COUNT = """
SELECT json_build_object(
  'released', (SELECT count(*) FROM orders_order WHERE status = 'RELEASED'),
  'captured', (SELECT count(*) FROM finance_payment WHERE status = 'CAPTURED'),
  'confirmed', (SELECT count(*) FROM core_event WHERE kind = 'order.confirmed'),
  'shipments', (SELECT count(*) FROM logistics_shipment WHERE status = 'PLANNED'),
  'reserved', (SELECT sum(reserved) FROM inventory_stocklevel),
  'mails', (SELECT count(DISTINCT dedupe_key) FROM core_outboundmessage),
  'keys', (SELECT count(*) FROM core_idempotencykey),
  'waiting', (SELECT count(*) FROM core_eventdelivery))
"""


@dataclass
class Cluster:
    """A cluster with durable writes."""

    sockets: Path
    log: IO[bytes]
    server: Any = None

    def start(self) -> None:
        self.server = postgres.start_postgres(KIND, self.sockets, self.log)

    def crash(self) -> None:
        """Kill the postmaster; its children notice and leave."""
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()

    def url(self, role: str) -> str:
        return f"postgres://{role}@/{str(self.sockets).replace('/', '%2F')}/backoffice"

    def ask(self, query: str) -> Any:
        address = f"host={self.sockets} user=postgres dbname=backoffice"
        with psycopg.connect(address) as asked:
            return asked.execute(query).fetchone()[0]  # type: ignore[index]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Start a cluster of the test's own, with nothing switched off."""
    folder = f"crash-pg-{os.getpid()}"
    monkeypatch.setitem(postgres.CLUSTERS, KIND, (folder, ["max_connections=60"]))
    sockets = own_folder(Path(tempfile.gettempdir()) / f"bo-crash-{os.getpid()}")
    with tempfile.TemporaryFile() as log:
        made = Cluster(sockets, log)
        made.start()
        postgres.prepare_cluster(sockets)
        try:
            yield made
        finally:
            made.server.send_signal(signal.SIGQUIT)
            made.server.wait(20)
            shutil.rmtree(data_home() / folder, ignore_errors=True)
            shutil.rmtree(sockets, ignore_errors=True)


def manage(env: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_killed_database(cluster: Cluster, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    env = {"DATABASE_URL": cluster.url("app"), "OWNER_DATABASE_URL": cluster.url("owner")}
    manage({**env, "BACKOFFICE_DB_ROLE": "owner"}, "migrate", "-v", "0")
    token = manage(env, "shell", "-v", "0", "-c", PREPARE).partition("token ")[2].strip()
    assert cluster.ask("SHOW fsync") == "on"
    with socket.socket() as nobody:  # no mail leaves
        nobody.bind(("127.0.0.1", 0))
        env["EMAIL_PORT"] = str(nobody.getsockname()[1])
        with Processes(free_ports(), tmp_path, **env) as processes:
            # Recovery takes as long as the disk does: half a minute a crash on a busy machine.
            client = Client(processes.url, token, time.monotonic() + 240)
            with ThreadPoolExecutor(3) as pool:
                buyers = [pool.submit(buy, client, n, cart(n)) for n in range(ORDERS)]
                while not cluster.ask("SELECT count(*) FROM orders_order"):
                    time.sleep(0.1)
                for _ in range(3):
                    time.sleep(chance.uniform(0.2, 1.5))
                    cluster.crash()
                    cluster.start()
                for buyer in buyers:
                    buyer.result()
    assert client.repeated
    manage(env, "shell", "-v", "0", "-c", FINISH)
    counts = cluster.ask(COUNT)
    assert counts == {
        "released": ORDERS,
        "captured": ORDERS,
        "confirmed": ORDERS,
        "shipments": ORDERS,
        "reserved": 2 * ORDERS,
        "mails": ORDERS,
        "keys": 2 * ORDERS,
        "waiting": 0,
    }, (seed, json.dumps(counts))
    manage(env, "check_invariants")
