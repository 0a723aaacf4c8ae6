"""One order with the sandbox servers: real calls, webhooks and mail over loopback."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.utils import timezone

from backoffice.core.events import deliver
from backoffice.core.invariants import check_invariants
from backoffice.core.models import OutboundMessage
from backoffice.core.outbound import send_due
from backoffice.core.tasks import process_inbox
from finance.models import Payment, Refund
from finance.services.exchange import ask_about_refunds, ask_for_payments, pay_refunds
from inventory.choices import Fulfilment
from inventory.models import Warehouse
from logistics.models import CarrierAccount, Parcel, Tracking
from logistics.services.automatic import run_automatic_warehouses
from logistics.tracking import buy_due_labels, sync_account
from orders.choices import PaymentTerms
from orders.models import Order, OrderLine, SalesChannel
from orders.services.intake import place_orders
from orders.services.returns import (
    RequestedLine,
    RequestReturn,
    receive_returns,
    request_returns,
)
from tests.fixtures.orders import lines, order_command

ROOT = Path(__file__).parent.parent.parent
PROVIDER_SECRET = "only for this test"
# No parcel is lost, damaged or sent back.
GOOD_LUCK = dict.fromkeys(["loss", "attempt_failed", "returned", "damaged"], 0.0)


def free_ports() -> int:
    """Return the first of four neighbouring ports that nobody uses."""
    for port in range(20000 + os.getpid() % 10000, 60000, 7):
        try:
            for n in range(4):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + n))
        except OSError:
            continue
        return port
    raise RuntimeError("There are no free ports.")


@pytest.fixture
def world(
    live_server: Any, settings: Any, carrier_account: CarrierAccount, tmp_path: Path
) -> Iterator[int]:
    """Run the sandbox servers against a live back office; a day of the carrier takes a second."""
    port = free_ports()
    carrier_account.base_url = f"http://127.0.0.1:{port}"
    carrier_account.push_enabled = False
    carrier_account.calls_per_second = 1000
    carrier_account.save()
    settings.PUBLIC_URL = live_server.url
    settings.SANDBOX_PROVIDER_URL = f"http://127.0.0.1:{port + 1}"
    settings.SANDBOX_PROVIDER_SECRET = PROVIDER_SECRET
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port + 2
    command = [sys.executable, "manage.py", "sandbox", f"--port={port}"]
    command += [f"--web={live_server.url}", f"--folder={tmp_path}"]
    env = {**os.environ, "SANDBOX_PROVIDER_SECRET": PROVIDER_SECRET, "SANDBOX_DAY_SECONDS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port + 1}/livez"), 30)
        control = f"{carrier_account.base_url}/control"
        httpx.post(control, json={"odds": GOOD_LUCK}, timeout=5).raise_for_status()
        yield port
    finally:
        process.terminate()
        process.wait(10)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.HTTPError:
        return False


def until(is_done: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < ends, "it takes too long"
        time.sleep(0.1)


def work(account: CarrierAccount) -> None:
    """Do what the scheduled jobs do, once each."""
    now = timezone.now()
    process_inbox()
    deliver(now=now)
    ask_for_payments(now=now)
    run_automatic_warehouses(now=now)
    buy_due_labels(clock=timezone.now)
    Tracking.objects.filter(next_poll_at__gt=now).update(next_poll_at=now)
    sync_account(account.pk, clock=timezone.now, seconds=5)
    pay_refunds(now=now)
    ask_about_refunds(now=now)
    deliver(now=timezone.now())
    send_due(now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_paid_shipped_tracked_returned_and_refunded(
    world: int,
    actor: object,
    channel: SalesChannel,
    stocked: Callable[..., object],
    carrier_account: CarrierAccount,
) -> None:
    channel.payment_terms = PaymentTerms.PREPAID
    channel.confirms_by_itself = channel.releases_by_itself = True
    channel.save()
    Warehouse.objects.update(fulfilment=Fulfilment.AUTOMATIC)
    stocked("A", 5)
    now = timezone.now()
    command = order_command("1", lines=lines(("A", 2)), placed_at=now)
    assert place_orders([command], now=now).refused == {}

    def has(**values: object) -> bool:
        work(carrier_account)
        return Order.objects.filter(**values).exists()

    until(lambda: has(status="COMPLETED"), 60)
    payment = Payment.objects.get()
    assert (payment.provider, payment.status, payment.amount) == ("sandbox", "CAPTURED", 20)
    parcel = Parcel.objects.get()
    assert (parcel.status, parcel.account) == ("DELIVERED", carrier_account)
    assert parcel.tracking_number

    line = OrderLine.objects.get()
    asked = request_returns(
        [RequestReturn(line.order_id, [RequestedLine(line.pk, 1)])], now=timezone.now()
    )
    receive_returns(list(asked.created.values()), now=timezone.now())
    until(lambda: has(refunded_amount=10), 30)
    state = httpx.get(f"http://127.0.0.1:{world + 1}/state", timeout=5).json()
    assert [len(state["payments"]), len(state["refunds"])] == [1, 1]
    assert Refund.objects.get().status == "SUCCEEDED"

    until(lambda: work(carrier_account) or not OutboundMessage.objects.exclude(status="SENT"), 30)
    mails = httpx.get(f"http://127.0.0.1:{world + 3}/messages", timeout=5)
    assert mails.text.count("ada@example.com") >= OutboundMessage.objects.count() > 3
    assert check_invariants() == []
