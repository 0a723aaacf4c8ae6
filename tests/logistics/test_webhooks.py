import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from backoffice.core.inbox import process_all
from backoffice.core.models import InboundMessage
from logistics.carriers.sandbox.webhook import SIGNATURE, TIMESTAMP, sign
from logistics.models import Parcel, Tracking, TrackingEvent

pytestmark = pytest.mark.usefixtures("proven")
URL = "/webhooks/carriers/sandbox/"


def push(client, number, code="DELIVERED", secret="whsec", stamp=None, body=None, url=URL):
    scan = {"time": "2026-03-12T10:00:00+00:00", "code": code, "description": code}
    data = {"parcels": [{"number": number, "found": True, "scans": [scan]}]}
    raw = json.dumps(data).encode()
    stamp = str(int(time.time())) if stamp is None else stamp
    headers = {SIGNATURE: sign(raw, stamp, secret), TIMESTAMP: stamp}
    return client.post(url, body or raw, content_type="application/json", headers=headers)


@pytest.fixture
def parcel(place, warehouse):
    return warehouse.send(place())[0]


def test_a_push_is_stored_and_then_applied(client, parcel):
    assert push(client, parcel.tracking_number).status_code == 200
    assert Parcel.objects.get().status == "IN_TRANSIT"
    assert process_all(now=timezone.now()) == 1
    parcel.refresh_from_db()
    assert parcel.status == "DELIVERED"
    assert parcel.delivered_at == datetime(2026, 3, 12, 10, tzinfo=UTC)
    row = Tracking.objects.get()
    assert (row.next_poll_at, row.last_polled_at) == (None, None)
    assert row.push_seen_at is not None


def test_the_same_push_again_changes_nothing(client, parcel):
    for stamp in (None, str(int(time.time()) - 100)):
        assert push(client, parcel.tracking_number, stamp=stamp).status_code == 200
    assert InboundMessage.objects.count() == 1
    process_all(now=timezone.now())
    assert TrackingEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"secret": "other"}, 401),
        ({"secret": ""}, 401),
        ({"stamp": str(int(time.time()) - 3600)}, 401),
        ({"stamp": "soon"}, 401),
        ({"stamp": ""}, 401),
        ({"body": b'{"parcels": []}'}, 401),
        ({"url": "/webhooks/carriers/nobody/"}, 404),
    ],
)
def test_what_is_not_signed_by_the_carrier_is_refused(client, parcel, changes, status):
    assert push(client, parcel.tracking_number, **changes).status_code == status
    assert not InboundMessage.objects.exists()


def test_without_a_secret_nothing_is_let_in(client, parcel, carrier_account):
    carrier_account.webhook_secret = ""
    carrier_account.save()
    assert push(client, parcel.tracking_number, secret="").status_code == 500
    assert not InboundMessage.objects.exists()


def test_a_get_changes_nothing(client, parcel):
    assert client.get(URL).status_code == 405


def test_a_push_that_cannot_be_read_stays_with_its_reason(client, parcel):
    raw = b'{"what": 1}'
    stamp = str(int(time.time()))
    headers = {SIGNATURE: sign(raw, stamp, "whsec"), TIMESTAMP: stamp}
    client.post(URL, raw, content_type="application/json", headers=headers)
    process_all(now=timezone.now())
    message = InboundMessage.objects.get()
    assert message.status == "REFUSED"
    assert "no tracking answer" in message.reason


def test_secrets_leave_no_history(carrier_account):
    names = {f.name for f in type(carrier_account).history.model._meta.get_fields()}
    assert not names & {"webhook_secret", "api_key"}
    assert "base_url" in names


def test_a_new_secret_overlaps_with_the_old_one_for_a_day(client, parcel, carrier_account):
    now = timezone.now()
    carrier_account.webhook_secret = "fresh"
    carrier_account.replace_webhook_secret("whsec", now=now - timedelta(hours=23))
    carrier_account.save()

    answers = [push(client, parcel.tracking_number, secret=s) for s in ("fresh", "whsec", "x")]
    assert [answer.status_code for answer in answers] == [200, 200, 401]

    carrier_account.replace_webhook_secret("whsec", now=now - timedelta(hours=25))
    carrier_account.save()
    assert push(client, parcel.tracking_number, secret="whsec").status_code == 401
    assert push(client, parcel.tracking_number, secret="fresh").status_code == 200
