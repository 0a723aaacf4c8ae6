from dataclasses import replace
from datetime import timedelta

import pytest

from backoffice.core.actor import acting_job, transaction
from backoffice.core.choices import Origin
from backoffice.core.models import Event, MessageTemplate, OutboundMessage
from backoffice.core.outbound import (
    KEPT,
    LEASE,
    WriteMessage,
    queue_messages,
    resend_messages,
    send_due,
)
from tests.fixtures.core import NOW, together

LETTER = WriteMessage("k1", "ada@example.com", subject="Hello", body="Dear Ada")
GREETING = WriteMessage("k1", "ada@example.com", template="hi", values={"name": "Ada"})


def queue(*commands, now=NOW):
    with transaction(now=now):
        return queue_messages(commands, now=now)


@pytest.fixture
def templates(db):
    for language, subject, body in (("en", "Hi $name", "Dear $name, $gone"), ("de", "Hallo", "…")):
        MessageTemplate.objects.create(key="hi", language=language, subject=subject, body=body)


def words():
    return [(m.subject, m.body) for m in OutboundMessage.objects.order_by("id")]


def test_a_message_is_queued_once_per_dedupe_key(actor, now):
    ids = queue(LETTER, replace(LETTER, dedupe_key="k2"))

    assert len(ids) == 2
    assert queue(replace(LETTER, body="Again")) == []
    assert words() == [("Hello", "Dear Ada")] * 2
    message = OutboundMessage.objects.get(pk=ids[0])
    assert (message.status, message.next_attempt_at, message.origin) == ("QUEUED", now, "LIVE")


def test_twice_in_one_call_is_queued_once(actor):
    assert len(queue(LETTER, LETTER)) == 1


def test_what_is_imported_is_recorded_as_suppressed_and_never_sent(db, now, mail_server):
    with acting_job("importer", origin=Origin.IMPORT):
        queue(LETTER)

    assert send_due(now=now) == 0
    message = OutboundMessage.objects.get()
    assert (message.status, message.origin) == ("SUPPRESSED", "IMPORT")
    assert mail_server.attempts == 0


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", ("Hallo", "…")),
        ("en", ("Hi Ada", "Dear Ada, $gone")),
        ("fr", ("Hi Ada", "Dear Ada, $gone")),
    ],
)
def test_a_template_gives_the_words_english_where_the_language_lacks(
    actor, templates, language, expected
):
    queue(replace(GREETING, language=language))

    assert words() == [expected]


def test_nothing_is_queued_without_words_or_recipient(actor, templates):
    MessageTemplate.objects.filter(language="en").update(is_active=False)

    assert queue(GREETING) == []
    assert queue(replace(GREETING, template="unknown")) == []
    assert queue(replace(LETTER, recipient="")) == []
    assert queue(replace(LETTER, body="")) == []


def test_a_value_cannot_add_a_header(actor, templates):
    queue(replace(GREETING, values={"name": "Ada\r\nBcc: all@example.com"}))

    assert OutboundMessage.objects.get().subject == "Hi Ada Bcc: all@example.com"


def test_what_is_due_is_sent_once(actor, now, mail_server):
    queue(LETTER, replace(LETTER, dedupe_key="k2", recipient="bob@example.com", body="Dear Bob"))

    assert send_due(now=now) == 2
    assert send_due(now=now + timedelta(days=1)) == 0

    first = mail_server.messages[0]
    assert [m["To"] for m in mail_server.messages] == ["ada@example.com", "bob@example.com"]
    assert (first["Subject"], first.get_content().strip()) == ("Hello", "Dear Ada")
    assert first["Auto-Submitted"] == "auto-generated"
    assert set(OutboundMessage.objects.values_list("status", flat=True)) == {"SENT"}


def test_a_failing_server_is_tried_again_ever_later_under_the_same_id(actor, now, mail_server):
    queue(LETTER)
    mail_server.refusal = "451 later"
    moment = now
    for attempt in range(1, 8):
        assert send_due(now=moment) == 0
        message = OutboundMessage.objects.get()
        pause = (message.next_attempt_at - moment).total_seconds()
        expected = min(6 * 3600, 30 * 2**attempt)
        assert 0.75 * expected <= pause <= 1.25 * expected
        assert (message.status, message.attempts) == ("QUEUED", attempt)
        assert message.error.startswith("SMTPSenderRefused")
        assert send_due(now=message.next_attempt_at - timedelta(seconds=1)) == 0
        moment = message.next_attempt_at
    assert mail_server.attempts == 7
    mail_server.refusal = ""

    assert send_due(now=moment) == 1

    message.refresh_from_db()
    assert (message.status, message.error) == ("SENT", "")
    sent = mail_server.messages[0]["Message-ID"]
    assert sent == f"<{message.pk}.{NOW:%Y%m%d%H%M%S}@backoffice>"


def test_after_eight_attempts_it_is_given_up(actor, now, mail_server):
    queue(LETTER)
    OutboundMessage.objects.update(attempts=7)
    mail_server.refusal = "550 never"

    send_due(now=now)

    assert OutboundMessage.objects.get().status == "FAILED"
    assert send_due(now=now + timedelta(days=9)) == 0


def test_a_message_whose_sender_crashed_is_due_again_with_its_id(actor, now, mail_server):
    queue(LETTER)
    # As a sender leaves it that died after sending, before it noted so.
    send_due(now=now)
    OutboundMessage.objects.update(status="QUEUED", next_attempt_at=now + LEASE)

    assert send_due(now=now + LEASE - timedelta(seconds=1)) == 0
    assert send_due(now=now + LEASE) == 1

    assert len({m["Message-ID"] for m in mail_server.messages}) == 1
    assert len(mail_server.messages) == 2


def test_two_senders_send_each_message_once(transactional_db, actor, mail_server):
    queue(*[replace(LETTER, dedupe_key=f"k{n}", body=str(n)) for n in range(40)])

    assert sum(together(*[lambda: send_due(now=NOW)] * 2)) == 40

    bodies = sorted(int(m.get_content()) for m in mail_server.messages)
    assert bodies == list(range(40))


def test_what_could_not_be_sent_is_sent_again_and_nothing_else(actor, now, mail_server):
    statuses = ["FAILED", "SENT", "QUEUED", "SUPPRESSED"]
    ids = queue(*[replace(LETTER, dedupe_key=status, order_id=7) for status in statuses])
    for pk, status in zip(ids, statuses, strict=True):
        OutboundMessage.objects.filter(pk=pk).update(
            status=status, attempts=8, next_attempt_at=now + timedelta(days=1)
        )

    outcome = resend_messages(ids, now=now, reason="the mailbox is back")

    assert outcome.moved == ids[:1]
    assert outcome.blocked == {
        pk: [KEPT[status]] for pk, status in zip(ids[1:], statuses[1:], strict=True)
    }
    event = Event.objects.get(kind="message.requeued")
    assert (event.subject_id, event.order_id, event.reason) == (ids[0], 7, "the mailbox is back")
    assert send_due(now=now) == 1
    assert OutboundMessage.objects.get(pk=ids[0]).status == "SENT"
