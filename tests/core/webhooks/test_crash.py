"""A sender that dies in the middle of a call."""

import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.core.models import WebhookDelivery
from backoffice.core.webhooks.sending import LEASE, send_due
from tests.fixtures.webhooks import Reply
from tests.support_db import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
SEND = """
import django
django.setup()
from django.utils import timezone
from backoffice.core.webhooks.sending import send_due
send_due(now=timezone.now())
"""


def test_what_a_killed_sender_was_sending_is_sent_again_under_its_id(
    actor, endpoint, place, drain, receiver
):
    place()
    drain()
    begun = timezone.now()
    WebhookDelivery.objects.update(queued_at=begun, next_attempt_at=begun)
    receiver.replies = [Reply(delay=9), Reply()]
    sender = subprocess.Popen([sys.executable, "-c", SEND], cwd=ROOT)
    ends = time.monotonic() + 120
    while not receiver.calls and sender.poll() is None and time.monotonic() < ends:
        time.sleep(0.02)
    sender.kill()
    sender.wait()

    now = timezone.now()
    assert len(receiver.calls) == 1
    assert WebhookDelivery.objects.values_list("status", "attempts").get() == ("QUEUED", 1)
    assert send_due(now=begun + LEASE - timedelta(seconds=1)) == 0
    assert send_due(now=now + LEASE) == 1

    assert WebhookDelivery.objects.values_list("status", "attempts").get() == ("DELIVERED", 2)
    first, second = receiver.calls
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[1] == second[1]
