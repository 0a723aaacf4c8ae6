from datetime import UTC, datetime, timedelta

import pytest

from backoffice.core import wakeup
from backoffice.core.actor import acting_job, transaction
from backoffice.core.choices import Origin
from backoffice.core.events import deliver, historic_times
from backoffice.core.models import Event, OutboundMessage
from backoffice.core.outbound import WriteMessage, queue_messages
from backoffice.core.past import moment_played, playing
from tests.fixtures.core import NOW

PAST = NOW - timedelta(days=30)


def test_a_moment_is_played_inside_the_block_only():
    with playing(PAST):
        assert moment_played() == PAST
    assert moment_played() is None


@pytest.mark.django_db
def test_what_follows_by_itself_happens_when_its_cause_did(place, channel):
    type(channel).objects.update(confirms_by_itself=True, releases_by_itself=True)
    placed_at = PAST - timedelta(hours=5)

    with acting_job("demo", origin=Origin.DEMO), playing(PAST):
        order = place(placed_at=placed_at)
        deliver(now=datetime(2100, 1, 1, tzinfo=UTC))

    order.refresh_from_db()
    assert (order.status, order.origin) == ("RELEASED", "DEMO")
    assert order.confirmed_at == order.released_at == placed_at
    assert order.updated_at == PAST


@pytest.mark.django_db
def test_a_live_event_of_the_demo_is_handled_in_the_present(place):
    with acting_job("demo", origin=Origin.DEMO):
        order = place(placed_at=PAST)

    assert historic_times(Event.objects.filter(order_id=order.pk)) == {}


@pytest.mark.django_db
def test_messages_of_the_past_count_as_sent():
    letter = WriteMessage("k1", "ada@example.com", subject="Hello", body="Dear Ada")

    with acting_job("demo", origin=Origin.DEMO), playing(PAST), transaction(now=PAST):
        queue_messages([letter], now=PAST)

    message = OutboundMessage.objects.get()
    assert (message.status, message.sent_at, message.origin) == ("SENT", PAST, "DEMO")


def test_nobody_is_woken_for_the_past():
    class Task:
        def apply_async(self, *args, **options):
            raise AssertionError("woken")

    with playing(PAST):
        wakeup.wake(Task())
