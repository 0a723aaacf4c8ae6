"""Reviews from outside, taken in by programs."""

import json

import pytest
from django.test import Client

from backoffice.core.tokens import create_token
from support.models import Survey, Ticket

REVIEW = {
    "source": "shop",
    "external_id": "r1",
    "score": 1,
    "sent_at": "2026-03-10T08:00:00Z",
    "answered_at": "2026-03-11T08:00:00Z",
    "comment": "Broken",
}


@pytest.fixture
def post(db):
    _token, text = create_token("shop", ["support:read", "support:write"])
    client = Client(headers={"Authorization": f"Bearer {text}"})

    def run(path, body):
        raw = json.dumps(body)
        return client.post(f"/api/v1/{path}/", raw, content_type="application/json")

    return run


def test_a_review_is_taken_in_once_and_a_low_one_opens_a_ticket(post, place):
    order = place()
    review = REVIEW | {"order": order.order_number}

    first, again = post("surveys", review), post("surveys", review)
    early = {"external_id": "r2", "answered_at": "2026-03-01T08:00:00Z"}
    bulk = post("surveys/bulk", {"items": [REVIEW | early, review, REVIEW | {"order": "SO-0"}]})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["order"] == order.order_number
    survey = Survey.objects.get()
    assert (survey.order_id, survey.customer_id) == (order.pk, order.customer_id)
    assert Ticket.objects.get().order_id == order.pk
    refused, existing, unknown = bulk.json()["results"]
    assert refused["errors"][0]["detail"] == "The review was answered before it was sent."
    assert (existing["status"], existing["numbers"]) == ("EXISTING", [survey.number])
    assert unknown["errors"][0]["detail"] == "There is no order of this number."


def test_without_a_queue_no_ticket_is_opened(post):
    from support.models import Queue

    Queue.objects.update(is_active=False)

    answer = post("tickets", {"subject": "Late"})

    assert answer.status_code == 409
    assert "no active queue" in answer.json()["detail"]
