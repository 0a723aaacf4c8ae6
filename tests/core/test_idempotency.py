import threading

import pytest
from django.test import Client

from backoffice.core import idempotency
from backoffice.core.idempotency import Answer, KeyInUseError, KeyReusedError, answer_once
from backoffice.core.models import Event, IdempotencyKey, Job
from backoffice.core.tokens import create_token
from orders.models import Order
from tests.fixtures.core import together

BODY = {
    "channel": "web",
    "external_id": "E1",
    "placed_at": "2026-03-10T08:00:00Z",
    "customer": {"external_id": "c1"},
    "ship_to": {"country": "DE"},
    "lines": [{"sku": "S-UNTRACKED", "quantity": 2, "unit_price": "11.90", "tax_rate": "0.19"}],
}


@pytest.fixture
def shop(db, channel, service_sku):
    """A token's headers, and a shop to order from."""
    _, text = create_token("Shop", ["orders:read", "orders:write"])
    return {"Authorization": f"Bearer {text}"}


def post(headers, body=BODY, key="k1"):
    return Client().post(
        "/api/v1/orders/",
        body,
        content_type="application/json",
        headers=headers | {"Idempotency-Key": key},
    )


def test_the_same_request_gets_the_same_answer_and_works_once(shop):
    first, again = post(shop), post(shop)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert (Order.objects.count(), Event.objects.count()) == (1, 1)


def test_another_body_under_the_same_key_is_refused(shop):
    post(shop)

    answer = post(shop, BODY | {"external_id": "E2"})

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert answer.json()["type"] == "/problems/key_reused"
    assert Order.objects.count() == 1


def test_another_key_is_another_request(shop):
    post(shop)

    answer = post(shop, key="k2")

    # The order itself is known by its channel and external id.
    assert (answer.status_code, Order.objects.count()) == (200, 1)


def test_a_key_belongs_to_its_caller(shop):
    post(shop)
    _, text = create_token("Other", ["orders:write"])

    answer = post({"Authorization": f"Bearer {text}"}, BODY | {"external_id": "E2"})

    assert (answer.status_code, Order.objects.count()) == (201, 2)


def test_a_refusal_is_kept_and_given_again(shop):
    bad = BODY | {"channel": "nowhere"}

    first, again = post(shop, bad), post(shop, bad)

    assert (first.status_code, again.status_code) == (409, 409)
    assert again.json()["errors"] == first.json()["errors"]
    assert (again["Idempotency-Replayed"], again["Content-Type"]) == (
        "true",
        "application/problem+json",
    )


def test_a_key_that_is_too_long_is_refused(shop):
    assert post(shop, key="k" * 256).status_code == 400
    assert Order.objects.count() == 0


def test_a_server_error_is_not_kept(actor):
    answers = iter([Answer(503, {"a": 1}), Answer(200, {"a": 2})])

    first = answer_once(actor.user_id, "k", "p", lambda: next(answers))
    second = answer_once(actor.user_id, "k", "p", lambda: next(answers))
    third = answer_once(actor.user_id, "k", "p", lambda: next(answers))

    assert (first.status, second.body, third.body) == (503, {"a": 2}, {"a": 2})
    assert (second.is_replay, third.is_replay) == (False, True)
    assert IdempotencyKey.objects.get().status == 200


def test_work_that_fails_leaves_no_key(actor):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_once(actor.user_id, "k", "p", fail)

    assert IdempotencyKey.objects.count() == 0


def test_twenty_at_once_work_once_and_answer_the_same(transactional_db, actor):
    calls = []

    def work():
        calls.append(threading.get_ident())
        job = Job.objects.create(action="x", created_by_id=actor.user_id)
        return Answer(201, {"job": job.pk})

    answers = together(*[lambda: answer_once(actor.user_id, "k", "p", work)] * 20)

    assert len(calls) == 1
    assert [a.body for a in answers] == [{"job": Job.objects.get().pk}] * 20
    assert sorted(a.is_replay for a in answers) == [False] + [True] * 19


def test_who_waits_too_long_is_told_to_come_back(transactional_db, actor, monkeypatch):
    monkeypatch.setattr(idempotency, "PATIENCE", "100ms")
    started, done = threading.Event(), threading.Event()

    def slow():
        started.set()
        done.wait(10)
        return Answer(200, {})

    def second():
        started.wait(10)
        try:
            return answer_once(actor.user_id, "k", "p", slow)
        finally:
            done.set()

    first, refused = together(lambda: answer_once(actor.user_id, "k", "p", slow), second)

    assert first == Answer(200, {})
    assert isinstance(refused, KeyInUseError)


def test_the_same_key_for_another_request_is_refused(actor):
    answer_once(actor.user_id, "k", "p", lambda: Answer(200, {}))

    with pytest.raises(KeyReusedError):
        answer_once(actor.user_id, "k", "other", lambda: Answer(200, {}))
