import pytest
from django.utils import timezone

from backoffice.core import events
from backoffice.core.actor import current_actor, transaction
from backoffice.core.events import Fact, deliver, emit, on
from backoffice.core.models import Event, EventDelivery, Rule, User, WebhookEndpoint
from tests.fixtures.core import happen


@pytest.fixture
def heard(own_events):
    """Two handlers, and what batches each has got."""
    batches = {"first": [], "second": []}

    @on("thing.happened", "thing.other")
    def first(events, *, now):
        batches["first"].append([e.subject_id for e in events])

    @on("thing.happened")
    def second(events, *, now):
        batches["second"].append([e.subject_id for e in events])

    return batches


def waiting():
    rows = EventDelivery.objects.order_by("event_id", "handler")
    return [(d.handler.split(".")[-1], d.event.subject_id) for d in rows.select_related("event")]


def test_an_event_says_what_who_when_and_why(own_events, actor, now):
    happen([7], now=now, reason="asked for")

    event = Event.objects.get()
    assert (event.kind, event.subject_type, event.subject_id) == ("thing.happened", "core.job", 7)
    assert (event.order_id, event.data, event.schema_version) == (70, {"n": 7}, 1)
    assert (event.actor_id, event.request_id) == (actor.user_id, actor.request_id)
    assert (event.reason, event.origin, event.occurred_at) == ("asked for", "LIVE", now)


def test_there_is_one_delivery_per_handler_and_event(heard, actor, now):
    happen([1, 2], now=now)
    happen([3], now=now, kind="thing.other")

    assert waiting() == [("first", 1), ("second", 1), ("first", 2), ("second", 2), ("first", 3)]


def test_handlers_get_their_events_once_and_as_a_batch(heard, actor, now, drain):
    happen([2, 1], now=now)
    happen([3], now=now, kind="thing.other")

    assert drain() == 5
    assert heard == {"first": [[2, 1, 3]], "second": [[2, 1]]}
    assert (waiting(), drain()) == ([], 0)
    assert heard == {"first": [[2, 1, 3]], "second": [[2, 1]]}


def test_a_batch_has_at_most_its_ceiling(heard, actor, now, drain, monkeypatch):
    monkeypatch.setattr(events, "BATCH", 2)
    happen([1, 2, 3], now=now, kind="thing.other")

    assert drain() == 3
    assert heard["first"] == [[1, 2], [3]]


def test_handlers_act_as_the_job_of_events(own_events, actor, now, drain):
    actors = []

    @on("thing.happened")
    def ask(events, *, now):
        actors.append(current_actor().user_id)

    happen([1], now=now)
    drain()

    assert actors == [User.objects.get(username="job:events").pk]


def test_what_a_handler_emits_is_delivered_as_well(own_events, actor, now, drain):
    got = []

    @on("thing.happened")
    def pass_on(events, *, now):
        happen([e.subject_id + 1 for e in events], now=now, kind="thing.other")

    @on("thing.other")
    def listen(events, *, now):
        got.extend(e.subject_id for e in events)

    happen([1], now=now)
    drain()

    assert got == [2]


def test_emitting_takes_one_statement_whatever_the_number(
    heard, actor, now, django_assert_num_queries
):
    with transaction(now=now), django_assert_num_queries(1):
        emit("thing.happened", [Fact(i) for i in range(50)])

    assert EventDelivery.objects.count() == 100


@pytest.mark.parametrize(
    "listener",
    [
        None,
        lambda owner: WebhookEndpoint.objects.create(
            description="Ours", url="https://example.com/", kinds=["thing.*"]
        ),
        lambda owner: Rule.objects.create(
            name="r", trigger="EVENT", event="thing.happened", filter="x", owner=owner, mode="ON",
            mode_at=timezone.now(),
        ),
    ],
    ids=["nobody", "webhook", "rule"],
)  # fmt: skip
def test_a_statement_that_emits_wakes_a_worker_where_anybody_listens(
    own_events, actor, now, monkeypatch, django_capture_on_commit_callbacks, listener
):
    woken = []
    monkeypatch.setattr(events, "wake", lambda: woken.append(True))
    if listener is not None:
        listener(User.objects.get(pk=actor.user_id))

    with django_capture_on_commit_callbacks(execute=True), transaction(now=now):
        events.emit_selected("thing.happened", "SELECT 1")

    assert woken == ([True] if listener else [])


def test_nothing_is_written_for_no_facts_and_outside_of_a_block(heard, actor, now):
    happen([], now=now)
    with pytest.raises(RuntimeError, match="No service block is open"):
        emit("thing.happened", [Fact(1)])
    with pytest.raises(KeyError):
        happen([1], now=now, kind="thing.unheard_of")

    assert Event.objects.count() == 0


def test_delivering_inside_of_a_block_is_refused(own_events, actor, now):
    with transaction(now=now), pytest.raises(RuntimeError, match="outside of service blocks"):
        deliver(now=now)
