"""The same request twice is done once: at the same moment, and across a death of the server."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import quote

import httpx
import pytest
from django.db import connection
from django.test import Client

from backoffice.core.models import Event, IdempotencyKey
from backoffice.core.tokens import create_token
from orders.models import Order
from tests.core.test_idempotency import BODY
from tests.fixtures.core import together
from tests.fixtures.wire import Wire
from tests.flow.processes import Processes
from tests.flow.test_sandbox_servers import free_ports

pytestmark = pytest.mark.django_db(transaction=True)
SCOPES = ["orders:read", "orders:write"]
CALLS = 20


@pytest.fixture
def shop(channel, service_sku):
    """Return a token, and a shop to order from."""
    return create_token("Shop", SCOPES)


def post(text, key="k1"):
    headers = {"Authorization": f"Bearer {text}", "Idempotency-Key": key}
    return Client().post("/api/v1/orders/", BODY, content_type="application/json", headers=headers)


def test_twenty_calls_at_once_make_one_order_and_get_one_answer(shop):
    _token, text = shop

    answers = together(*[lambda: post(text)] * CALLS)

    late = [a for a in answers if a.status_code == 409]
    assert {a.json()["type"] for a in late} <= {"/problems/key_in_use"}
    assert all(a["Retry-After"] for a in late)
    # Who was told to come back gets the same answer as the others.
    answers = [post(text) if a.status_code == 409 else a for a in answers]
    assert [a.status_code for a in answers] == [201] * CALLS
    assert [a.json() for a in answers] == [answers[0].json()] * CALLS
    first = [a for a in answers if not a.has_header("Idempotency-Replayed")]
    assert len(first) == 1
    assert (Order.objects.count(), IdempotencyKey.objects.count()) == (1, 1)
    assert Event.objects.filter(kind="order.placed").count() == 1


@pytest.mark.slow
def test_past_the_wait_callers_are_told_to_come_back(shop, superuser_connection):
    token, text = shop
    lock = "hashtextextended(%s, 0)"
    superuser_connection.execute(f"SELECT pg_advisory_lock({lock})", [f"{token.user_id}:k1"])

    waited = together(*[lambda: post(text)] * 4)

    assert [a.status_code for a in waited] == [409] * 4
    assert {(a.json()["type"], a["Retry-After"]) for a in waited} == {("/problems/key_in_use", "1")}
    assert Order.objects.count() == 0
    superuser_connection.execute("SELECT pg_advisory_unlock_all()")
    again = [post(text), post(text)]
    assert [a.status_code for a in again] == [201, 201]
    assert again[0].json() == again[1].json()
    assert Order.objects.count() == 1


def database_url(wire: Wire) -> str:
    settings = connection.settings_dict
    return f"postgres://{settings['USER']}@/{quote(str(wire.folder))}/{settings['NAME']}"


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("before", [False, True], ids=["after the commit", "before the commit"])
def test_a_server_that_dies_around_the_commit_gives_the_same_answer_later(
    shop, wire, tmp_path, before
):
    _token, text = shop
    headers = {"Authorization": f"Bearer {text}", "Idempotency-Key": "k1"}
    processes = Processes(free_ports(), tmp_path, DATABASE_URL=database_url(wire))

    def order() -> httpx.Response:
        url = f"{processes.url}/api/v1/orders/"
        return httpx.post(url, json=BODY, headers=headers, timeout=30)

    def ready() -> None:
        for _ in range(200):
            try:
                assert httpx.get(f"{processes.url}/livez").status_code == 200
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("The web does not start.")

    try:
        processes.start("web")
        ready()
        wire.arm(b"INSERT INTO core_idempotencykey", before=before)
        with ThreadPoolExecutor(1) as pool:
            lost: Future[httpx.Response] = pool.submit(order)
            assert wire.stopped.wait(20)
            processes.kill("web")
            with pytest.raises(httpx.TransportError):
                lost.result()
        wire.disarm()
        stored = list(IdempotencyKey.objects.values_list("body", flat=True))
        assert len(stored) == (0 if before else 1)
        processes.start("web")
        ready()
        retry, again = order(), order()
    finally:
        processes.kill("web")
        processes.log.close()

    assert (retry.status_code, again.status_code) == (201, 201)
    assert ("Idempotency-Replayed" in retry.headers) is not before
    assert [retry.json()] * len(stored) == stored
    assert again.json() == retry.json()
    assert (Order.objects.count(), IdempotencyKey.objects.count()) == (1, 1)
    assert Event.objects.filter(kind="order.placed").count() == 1
