"""Whatever dies in mid-flow: nothing is lost, nothing is done twice."""

import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from backoffice.core.events import deliver
from backoffice.core.invariants import check_invariants
from backoffice.core.models import Event, EventDelivery, IdempotencyKey, OutboundMessage
from backoffice.core.outbound import send_due
from backoffice.core.tokens import create_token
from finance.models import Payment
from inventory.choices import Fulfilment
from inventory.models import StockLevel, StockMove, Warehouse
from logistics.models import CarrierAccount, Parcel
from logistics.services.automatic import run_automatic_warehouses
from logistics.tracking import buy_due_labels, sync_account
from orders.choices import PaymentTerms
from orders.models import Order, SalesChannel
from tests.fixtures.logistics import CarrierServer
from tests.fixtures.mail import MailServer
from tests.flow.processes import Client, Processes, chaos
from tests.flow.test_sandbox_servers import GOOD_LUCK, free_ports

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

logger = logging.getLogger(__name__)
ORDERS = 60
SCOPES = ["orders:read", "orders:write", "finance:read", "finance:write"]


def cart(n: int) -> dict[str, Any]:
    """Return the n-th order as the shop sends it."""
    return {
        "channel": "web",
        "external_id": f"A{n}",
        "placed_at": timezone.now().isoformat(),
        "customer": {"external_id": f"c{n}", "name": "Ada", "email": f"ada{n}@example.com"},
        "ship_to": {"country": "DE", "city": "Berlin"},
        "lines": [{"sku": "A", "quantity": 2, "unit_price": "10.00"}],
    }


def buy(client: Client, n: int, cart: dict[str, Any]) -> None:
    """Place and pay an order, each call under a key of its own."""
    placed = client.post("/api/v1/orders/", cart, f"order-{n}")
    assert placed.status_code == 201, placed.text
    payment = {
        "order": placed.json()["order_number"],
        "external_id": f"p{n}",
        "amount": placed.json()["total_amount"],
        "currency": "EUR",
    }
    paid = client.post("/api/v1/payments/", payment, f"payment-{n}")
    assert paid.status_code in (200, 201), paid.text


def finish(account_id: int, now: datetime) -> None:
    """Do what workers do until nothing is left, at a time when all leases have ended."""
    for hours in range(0, 400, 7):
        later = now + timedelta(hours=hours)
        clock = partial(later.astimezone, UTC)
        deliver(now=later)
        run_automatic_warehouses(now=later)
        buy_due_labels(clock=clock)
        sync_account(account_id, clock=clock, seconds=5)
        while send_due(now=later):
            pass
        if not Order.objects.exclude(status="COMPLETED").exists() and not _waiting():
            break
        time.sleep(0.5)


def _waiting() -> bool:
    unsent = OutboundMessage.objects.filter(status="QUEUED")
    return EventDelivery.objects.exists() or unsent.exists()


def story(order_id: int) -> list[Any]:
    """Return what happened to an order and how its parcels are."""
    events = Event.objects.filter(order_id=order_id).order_by("pk")
    parcels = Parcel.objects.filter(shipment__order_id=order_id)
    fields = ("status", "shipped_at", "tracking__next_poll_at", "tracking__last_scan_at")
    fields += ("tracking__error", "tracking__failures", "label_request__error")
    return [*events.values_list("kind", "occurred_at"), *parcels.values(*fields)]


def assert_all_is_done_once(sent: MailServer) -> None:
    """Count what sixty orders have to leave behind."""
    paid = Payment.objects.filter(status="CAPTURED")
    assert Order.objects.count() == paid.count() == ORDERS
    unfinished = Order.objects.exclude(status="COMPLETED").values_list("pk", flat=True)
    assert {pk: story(pk) for pk in unfinished} == {}
    assert IdempotencyKey.objects.count() == 2 * ORDERS
    assert not EventDelivery.objects.exists()
    kinds = Counter(Event.objects.values_list("kind", flat=True))
    once = ["placed", "confirmed", "released", "shipped", "delivered", "completed"]
    assert {kinds[f"order.{kind}"] for kind in once} == {ORDERS}
    assert (kinds["payment.captured"], kinds["invoice.issued"]) == (ORDERS, ORDERS)
    # Every parcel has one label; the ledger has taken its units out once.
    parcels = Parcel.objects.values_list("status", "tracking_number")
    assert Counter(status for status, _ in parcels) == {"DELIVERED": ORDERS}
    assert len({number for _, number in parcels}) == ORDERS
    moved = StockMove.objects.filter(kind="SHIPMENT").values_list("quantity", flat=True)
    assert sum(moved) == -2 * ORDERS
    assert StockLevel.objects.values_list("on_hand", "reserved").get() == (500 - 2 * ORDERS, 0)
    # A mail may be told twice to the server, under one id; it is never forgotten.
    mails = OutboundMessage.objects.all()
    assert set(mails.values_list("status", flat=True)) == {"SENT"}
    assert mails.count() == 3 * ORDERS
    received = Counter(str(m["Message-ID"]) for m in sent.messages)
    assert len(received) == mails.count()
    assert check_invariants() == []


def test_killed_programs(
    actor: object,
    channel: SalesChannel,
    stocked: Callable[..., object],
    carrier_server: CarrierServer,
    carrier_account: CarrierAccount,
    mail_server: MailServer,
    tmp_path: Path,
    superuser_connection: psycopg.Connection,
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    logger.warning("seed %s", seed)
    chance = random.Random(seed)
    channel.payment_terms = PaymentTerms.PREPAID
    channel.confirms_by_itself = channel.releases_by_itself = True
    channel.save()
    Warehouse.objects.update(fulfilment=Fulfilment.AUTOMATIC)
    stocked("A", 500)
    carrier_server.control(day_seconds=1, odds=GOOD_LUCK)
    _token, text = create_token("shop", SCOPES)
    host, port = mail_server.server_address[:2]
    mail = {"EMAIL_HOST": str(host), "EMAIL_PORT": str(port)}

    def terminate() -> None:
        superuser_connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            " AND usename = 'app' AND pid <> %s AND random() < 0.7",
            [connection.settings_dict["NAME"], own],
        )

    def crash(name: str) -> Callable[[], None]:
        def run() -> None:
            processes.kill(name)
            processes.start(name)

        return run

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        own = cursor.fetchone()[0]
    with Processes(free_ports(), tmp_path, **mail) as processes:
        faults = {name: crash(name) for name in processes.commands} | {"backends": terminate}
        client = Client(processes.url, text, time.monotonic() + 80)
        with ThreadPoolExecutor(3) as pool:
            buyers = [pool.submit(buy, client, n, cart(n)) for n in range(ORDERS)]
            logger.warning("died: %s", chaos(8, faults, chance))
            for buyer in buyers:
                buyer.result()
        logger.warning("%s calls were repeated", client.repeated)
        time.sleep(2)
    finish(carrier_account.pk, finish_at())
    assert_all_is_done_once(mail_server)


def finish_at() -> datetime:
    """Return a time at which whatever dead programs had claimed is free again."""
    return timezone.now() + timedelta(hours=1)
