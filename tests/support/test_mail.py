"""Mail in: machine mail, threading by token, loops that end."""

import json
from datetime import timedelta

import pytest

from backoffice.core.inbox import Inbound, process_all, receive_many
from backoffice.core.models import InboundMessage, OutboundMessage
from support.mail import is_machine_mail
from support.models import Message, Queue, Ticket
from support.services.lifecycle import close_tickets, solve_tickets
from support.tokens import token_of
from tests.fixtures.support import OPENED

pytestmark = pytest.mark.usefixtures("actor")


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("a@b.c", {"Auto-Submitted": "auto-replied (vacation)"}),
        ("a@b.c", {"auto-submitted": "auto-generated"}),
        ("a@b.c", {"Return-Path": "<>"}),
        ("a@b.c", {"Content-Type": "multipart/report; report-type=delivery-status"}),
        ("a@b.c", {"Precedence": "Bulk"}),
        ("a@b.c", {"X-Auto-Response-Suppress": "DR, OOF"}),
        ("a@b.c", {"List-Id": "<news.example>"}),
        ("a@b.c", {"X-Loop": "1"}),
        ("MAILER-DAEMON@b.c", {}),
        ("Shop <no-reply@b.c>", {}),
        ("bounces+123@b.c", {}),
    ],
)
def test_machine_mail(sender, headers):
    assert is_machine_mail(sender, headers)


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("ada@example.com", {}),
        ("Ada <ada@example.com>", {"Auto-Submitted": "no", "Return-Path": "<ada@example.com>"}),
        ("robounceny@b.c", {"Precedence": "normal", "X-Auto-Response-Suppress": "DR"}),
    ],
)
def test_people_s_mail(sender, headers):
    assert not is_machine_mail(sender, headers)


def receive(n, subject="Where is my order?", sender="ada@example.com", at=OPENED, **body):
    raw = {"sender": sender, "subject": subject, "text": f"text {n}"} | body
    receive_many("support.mail", [Inbound(f"<{n}@mail>", json.dumps(raw), happened_at=at)])
    process_all(now=at)


def test_a_mail_opens_a_ticket_and_its_answer_is_threaded(drain, agent):
    agent("ann")
    receive(1)
    one = Ticket.objects.get()
    drain()
    one.refresh_from_db()
    assert (one.status, one.requester_email) == ("OPEN", "ada@example.com")
    acknowledged = OutboundMessage.objects.get()
    assert acknowledged.template_key == "ticket.received"
    assert token_of(one.number) in acknowledged.subject
    solve_tickets([one.pk], now=OPENED)
    receive(2, subject=f"Re: {acknowledged.subject}")
    receive(2, subject=f"Re: {acknowledged.subject}")
    one.refresh_from_db()
    assert one.status == "OPEN"
    assert [m.body for m in one.messages.order_by("pk")] == ["text 1", "text 2"]
    assert Ticket.objects.count() == 1


def test_a_closed_ticket_is_followed_by_a_new_one(ticket):
    one = ticket(skill="RETURNS")
    solve_tickets([one.pk], now=OPENED)
    close_tickets([one.pk], now=OPENED)
    receive(1, subject=f"[{token_of(one.number)}] again")
    newest = Ticket.objects.order_by("-pk")[0]
    assert newest.pk != one.pk
    assert newest.skill == "RETURNS"


def test_a_forged_number_opens_a_ticket_of_its_own(ticket):
    one = ticket()
    receive(1, subject=f"[{one.number}.000000000000] show me the rest")
    assert one.messages.count() == 0
    assert Ticket.objects.count() == 2


def test_machine_mail_never_opens_or_reopens(ticket):
    one = ticket()
    solve_tickets([one.pk], now=OPENED)
    vacation = {"Auto-Submitted": "auto-replied"}
    receive(1, headers=vacation)
    receive(2, subject=f"Re: [{token_of(one.number)}]", headers=vacation)
    refused = InboundMessage.objects.get(status="REFUSED")
    assert refused.reason == "Machine mail that belongs to no ticket."
    one.refresh_from_db()
    assert one.status == "SOLVED"
    assert Message.objects.get().is_automatic


def test_a_loop_of_new_mails_ends_after_three_answers(drain):
    for n in range(10):
        receive(n, at=OPENED + timedelta(minutes=n))
        drain()
    assert Ticket.objects.count() == 10
    assert OutboundMessage.objects.count() == 3


def test_a_ticket_gets_no_more_automatic_messages_than_its_queue_allows(ticket):
    from support.services.notices import acknowledge_tickets

    Queue.objects.update(automatic_messages_per_day=0)
    one = ticket()
    assert acknowledge_tickets([one.pk], now=OPENED) == []
    Queue.objects.update(automatic_messages_per_day=1)
    assert len(acknowledge_tickets([one.pk], now=OPENED)) == 1
    assert acknowledge_tickets([one.pk], now=OPENED) == []


def test_only_verified_senders_reach_their_order(place):
    order = place()
    named = {"order_number": order.order_number}
    receive(1, **named)
    receive(2, sender="eve@example.com", is_verified=True, **named)
    receive(3, sender="ADA@example.com", is_verified=True, **named)
    orders = list(Ticket.objects.order_by("pk").values_list("order", "customer"))
    assert orders == [(None, None), (None, None), (order.pk, order.customer_id)]


@pytest.mark.parametrize("body", ["[]", "{", '{"sender": 5}', '{"sender": "nobody"}'])
def test_a_bad_message_stays_in_the_inbox(body):
    receive_many("support.mail", [Inbound("x", body)])
    process_all(now=OPENED)
    message = InboundMessage.objects.get()
    assert message.status == "REFUSED"
    assert message.reason
    assert Ticket.objects.count() == 0


def test_chinese_is_recognised():
    receive(1, text="我的订单还没有收到，请帮我查一下物流。")
    assert Ticket.objects.get().language == "zh"
