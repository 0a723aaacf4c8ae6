"""An import that is killed goes on where it was and ends as if nothing had happened."""

import csv
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command

from backoffice.core.invariants import check_invariants
from backoffice.core.models import Event, InboundMessage
from backoffice.replay import engine
from finance.models import OrderSettlement
from inventory.models import Sku
from orders.models import Order, SalesChannel
from tests.flow.processes import ROOT

BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
ORDERS = 80
MOMENTS = {"paid_at": 1, "shipped_at": 20, "delivered_at": 60}


@pytest.fixture
def file(tmp_path: Path, service_sku: Sku) -> Path:
    """Orders of four weeks, each paid, sent and delivered."""
    path = tmp_path / "orders.csv"
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["order", "placed_at", "country", "sku", "quantity", "unit_price", *MOMENTS])
        for n in range(ORDERS):
            at = BEGIN + timedelta(hours=8 * n)
            moments = [(at + timedelta(hours=h)).isoformat() for h in MOMENTS.values()]
            rows.writerow([n, at.isoformat(), "DE", service_sku.code, 1 + n % 3, "9.90", *moments])
    for code in ("whole", "broken"):
        SalesChannel.objects.create(code=code, name=code, currency="EUR", time_zone="UTC")
    return path


def story(channel: str) -> list[Any]:
    """Return what an import made of a channel's orders, number by number."""
    orders = Order.objects.filter(channel__code=channel)
    keys = dict(orders.values_list("pk", "external_id"))
    columns = ("external_id", "status", "total_amount", "captured_amount", "delivered_quantity")
    events = Event.objects.filter(order_id__in=keys)
    settled = OrderSettlement.objects.filter(order_id__in=keys)
    return [
        sorted(orders.values_list(*columns)),
        sorted(
            (keys[pk], *rest) for pk, *rest in events.values_list("order_id", "kind", "occurred_at")
        ),
        sorted((keys[pk], at) for pk, at in settled.values_list("order_id", "settled_at")),
        InboundMessage.objects.filter(source__startswith=f"{channel}.", status="DONE").count(),
    ]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle(
    actor: object, file: Path, tmp_path: Path, superuser_connection: psycopg.Connection
) -> None:
    call_command("import_orders", file, channel="whole")
    command = [sys.executable, ROOT / "manage.py", "import_orders", file, "--channel", "broken"]
    done = (
        "SELECT count(*) FROM core_inboundmessage WHERE source LIKE 'broken.%' AND status = 'DONE'"
    )

    for share in (0.2, 0.6, None):
        with (tmp_path / "import.log").open("wb") as log:
            process = subprocess.Popen(command, env=os.environ, stdout=log, stderr=log)
        while share and process.poll() is None:
            if superuser_connection.execute(done).fetchone()[0] >= share * 4 * ORDERS:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.005)
        assert process.wait(60) == (-signal.SIGKILL if share else 0), (
            tmp_path / "import.log"
        ).read_text()

    assert story("broken") == story("whole")
    assert Order.objects.filter(status="COMPLETED").count() == 2 * ORDERS
    assert OrderSettlement.objects.count() == 2 * ORDERS
    assert check_invariants() == []


def test_broken_before_the_last_settlement(
    actor: object, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("import_orders", file, channel="whole")
    settle_due = engine.settle_due

    def power_cut(channel: str, now: datetime) -> None:
        if not engine.pending(channel):
            raise KeyboardInterrupt
        settle_due(channel, now)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "settle_due", power_cut)
        with pytest.raises(KeyboardInterrupt):
            call_command("import_orders", file, channel="broken")
    assert story("broken")[2] != story("whole")[2]
    call_command("import_orders", file, channel="broken")

    assert story("broken") == story("whole")
