from datetime import timedelta

import pytest

from backoffice.core import inbox
from backoffice.core.actor import acting
from backoffice.core.inbox import (
    Inbound,
    dismiss,
    process,
    process_all,
    processor,
    receive,
    receive_many,
    reopen,
)
from backoffice.core.inbox import replay as replay_messages
from backoffice.core.models import Company, InboundMessage, InboxStep
from backoffice.core.states import GONE
from tests.fixtures.core import NOW, together


@pytest.fixture
def source(monkeypatch):
    """A source whose processor takes numbers, refuses odd ones and chokes on 13."""
    monkeypatch.setattr(inbox, "PROCESSORS", {})
    monkeypatch.setattr(inbox, "SOURCES", {})
    batches = []

    @processor("numbers")
    def handle(messages, now):
        Company.objects.update(name=messages[0].body)
        if any(m.body == "13" for m in messages):
            raise ValueError("unlucky")
        batches.append([m.body for m in messages])
        return {m.pk: f"{m.body} is odd" for m in messages if int(m.body) % 2}

    return batches


def states():
    rows = InboundMessage.objects.order_by("id")
    return [(m.body, m.status, m.reason, m.attempts) for m in rows]


def test_a_message_is_stored_as_it_came_and_once(db, source):
    first = receive("numbers", "a", "2", {"X-Shop": "1"})
    again = receive("numbers", "a", "4")

    message = InboundMessage.objects.get()
    assert (message.pk, again) == (first, None)
    assert (message.body, message.headers, message.status) == ("2", {"X-Shop": "1"}, "NEW")


def test_the_same_id_of_another_source_is_another_message(db, source):
    receive("numbers", "a", "2")
    receive("letters", "a", "b")

    assert InboundMessage.objects.count() == 2


def test_many_are_stored_in_one_statement_and_the_new_ones_named(
    db, source, django_assert_num_queries
):
    receive("numbers", "2", "2")

    with django_assert_num_queries(1):
        ids = receive_many("numbers", [Inbound(str(n), str(n)) for n in range(5)])

    assert len(ids) == 4
    assert InboundMessage.objects.count() == 5


def test_what_is_refused_at_the_door_is_kept_with_its_reason(db, source, now):
    receive_many("numbers", [Inbound("a", "2", refusal="The signature is wrong.")])

    assert states() == [("2", "REFUSED", "The signature is wrong.", 0)]
    assert process("numbers", now=now) == 0


def test_nul_bytes_do_not_stop_storing(db, source):
    receive("numbers", "a", "1\x002")

    assert InboundMessage.objects.get().body == "1�2"


def test_messages_are_done_or_refused_with_their_reason(db, source, now):
    receive_many("numbers", [Inbound(str(n), str(n)) for n in (2, 3, 4)])

    assert process("numbers", now=now) == 3

    assert states() == [
        ("2", "DONE", "", 0),
        ("3", "REFUSED", "3 is odd", 0),
        ("4", "DONE", "", 0),
    ]
    assert set(InboundMessage.objects.values_list("processed_at", flat=True)) == {now}
    assert source == [["2", "3", "4"]]
    assert process("numbers", now=now) == 0


def test_what_happened_first_is_processed_first(db, source, now):
    receive_many(
        "numbers",
        [
            Inbound("late", "2", happened_at=now + timedelta(hours=1)),
            Inbound("unknown", "4"),
            Inbound("early", "6", happened_at=now),
        ],
    )

    process("numbers", now=now)

    assert source == [["6", "2", "4"]]


def test_a_bad_message_is_isolated_and_refused_after_five_attempts(db, source, now):
    receive_many("numbers", [Inbound(str(n), str(n)) for n in range(10, 20)])

    assert process("numbers", now=now) == 9

    left = InboundMessage.objects.get(status="NEW")
    assert (left.body, left.attempts, left.reason) == ("13", 1, "ValueError: unlucky")
    assert sorted(sum(source, [])) == [str(n) for n in range(10, 20) if n != 13]
    assert Company.objects.get().name != "13"
    assert [process("numbers", now=now) for _ in range(4)] == [0, 0, 0, 1]
    left.refresh_from_db()
    assert (left.status, left.attempts, left.processed_at) == ("REFUSED", 5, now)


def steps():
    rows = InboxStep.objects.order_by("id")
    return [(s.message.body, s.kind, s.reason, s.at, s.actor_id) for s in rows]


def test_each_try_that_failed_is_kept_with_its_time(db, source, now):
    receive_many("numbers", [Inbound("a", "13"), Inbound("b", "3")])
    later = now + timedelta(minutes=1)

    process("numbers", now=now)
    process("numbers", now=later)

    unlucky = "ValueError: unlucky"
    assert steps() == [
        ("13", "FAILED", unlucky, now, None),
        ("3", "REFUSED", "3 is odd", now, None),
        ("13", "FAILED", unlucky, later, None),
    ]


def test_the_refused_are_replayed_after_a_fix(actor, source, now):
    receive_many("numbers", [Inbound("a", "3"), Inbound("b", "4")])
    process("numbers", now=now)
    InboundMessage.objects.filter(external_id="a").update(body="8", attempts=5)
    ids = list(InboundMessage.objects.order_by("pk").values_list("pk", flat=True))

    outcome = replay_messages([*ids, 0], now=now, reason="the map is mended")

    assert outcome.moved == ids[:1]
    assert outcome.blocked == {ids[1]: [inbox.NOT_REFUSED], 0: [GONE]}
    assert process("numbers", now=now) == 1
    assert steps()[1:] == [("8", "RETRIED", "the map is mended", now, actor.user_id)]

    assert states() == [("8", "DONE", "", 0), ("4", "DONE", "", 0)]


def test_a_dismissed_message_stays_away_until_that_is_taken_back(actor, source, now):
    [pk] = receive_many("numbers", [Inbound("a", "3")])
    process("numbers", now=now)

    assert reopen([pk], now=now).blocked == {pk: [inbox.NOT_DISMISSED]}
    assert dismiss([pk], now=now, reason="a test of the shop").moved == [pk]
    assert states() == [("3", "DISMISSED", "3 is odd", 0)]
    assert dismiss([pk], now=now, reason="again").blocked == {pk: [inbox.NOT_REFUSED]}
    assert replay_messages([pk], now=now).blocked == {pk: [inbox.NOT_REFUSED]}
    assert process("numbers", now=now) == 0
    assert reopen([pk], now=now).moved == [pk]

    assert states() == [("3", "REFUSED", "3 is odd", 0)]
    assert steps()[1:] == [
        ("3", "DISMISSED", "a test of the shop", now, actor.user_id),
        ("3", "REOPENED", "", now, actor.user_id),
    ]


def test_two_people_replay_a_message_once(actor, transactional_db, source):
    [pk] = receive_many("numbers", [Inbound("a", "3", refusal="odd")])

    def again():
        with acting(actor.user_id):
            return replay_messages([pk], now=NOW).moved

    assert sorted(together(again, again)) == [[], [pk]]
    assert [step[1] for step in steps()] == ["RETRIED"]


def test_all_sources_are_drained_in_batches(db, source, now, monkeypatch):
    monkeypatch.setattr(inbox, "BATCH", 2)
    receive_many("numbers", [Inbound(str(n), str(n * 2)) for n in range(5)])
    receive("nobody", "a", "2")

    assert process_all(now=now) == 5

    assert [len(b) for b in source] == [2, 2, 1]
    assert InboundMessage.objects.get(source="nobody").status == "NEW"


def test_two_workers_share_the_work(transactional_db, source, monkeypatch):
    monkeypatch.setattr(inbox, "BATCH", 5)
    receive_many("numbers", [Inbound(str(n), str(n * 2)) for n in range(100)])

    assert sum(together(*[lambda: process_all(now=NOW)] * 2)) == 100

    assert sorted(int(b) for b in sum(source, [])) == [n * 2 for n in range(100)]
