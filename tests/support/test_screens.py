"""Tickets for staff, for programs, and the page for customers."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from backoffice.core.inbox import process_all
from backoffice.core.models import OutboundMessage, User
from backoffice.core.tokens import create_token
from support.models import Macro, Message, Survey, Ticket
from support.services.lifecycle import solve_tickets
from support.services.surveys import send_surveys
from support.tokens import token_of
from tests.fixtures.support import OPENED

pytestmark = pytest.mark.usefixtures("actor")


@pytest.fixture
def staff(db) -> Client:
    user = User.objects.create_user("clerk", is_staff=True)
    names = ["view_ticket", "reply_ticket", "solve_ticket", "assign_ticket", "view_survey"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def gateway(db) -> Client:
    _token, secret = create_token("shop", ["support:read", "support:write"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


def verb(ticket: Ticket, name: str) -> str:
    return reverse("admin:support_ticket_verb", args=[ticket.pk, name])


def test_an_agent_answers_with_a_macro_and_solves(staff, ticket):
    one = ticket(body="Where <b>is</b> it?", direction="IN")
    Macro.objects.create(code="sorry", title="Sorry", body="Sorry about $number.", solves=True)
    page = staff.get(reverse("admin:support_ticket_change", args=[one.pk])).content.decode()
    assert "Where &lt;b&gt;is&lt;/b&gt; it?" in page
    form = staff.get(verb(one, "reply") + "?macro=sorry").content.decode()
    assert f"Sorry about {one.number}." in form
    seen = re.search(r'name="seen" value="(\d+)"', form)[1]
    assert Message.objects.count() == 1
    body = {"body": "Here it is.", "seen": seen, "solve": "1"}
    assert staff.post(verb(one, "reply"), body).status_code == 302
    one.refresh_from_db()
    assert one.status == "SOLVED"
    message = Message.objects.get(direction="OUT")
    assert (message.body, message.author.username) == ("Here it is.", "clerk")
    assert OutboundMessage.objects.count() == 1


def test_what_was_not_read_is_shown_first(staff, ticket):
    one = ticket(body="First", direction="IN")
    answer = staff.post(verb(one, "reply"), {"body": "My answer", "seen": "0"})
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "meanwhile" in html
    assert "My answer" in html
    assert Message.objects.filter(direction="OUT").count() == 0


def test_without_permission_nothing_is_written(staff, ticket):
    user = User.objects.get(username="clerk")
    user.user_permissions.remove(Permission.objects.get(codename="reply_ticket"))
    one = ticket()
    assert staff.get(verb(one, "reply")).status_code == 403
    assert staff.post(verb(one, "note"), {"body": "x"}).status_code == 403
    assert Message.objects.count() == 0


def test_the_list_is_bounded(staff, ticket, django_assert_max_num_queries):
    for _ in range(30):
        ticket()
    with django_assert_max_num_queries(12):
        assert staff.get(reverse("admin:support_ticket_changelist")).status_code == 200
    for waiting in ("is_mine", "is_unassigned", "is_overdue"):
        page = staff.get(f"{reverse('admin:support_ticket_changelist')}?{waiting}=true")
        assert (page.status_code, page.context["bo_list"].errors) == (200, {})


def test_a_program_opens_answers_and_solves(program, place):
    call, order = program(["support:read", "support:write"]), place()
    opened = call(
        "tickets_create", {"subject": "Late", "order": order.order_number, "priority": "HIGH"}
    )
    assert opened.status_code == 201
    number = opened.parsed.number
    assert (opened.parsed.customer_id, opened.parsed.order) == (
        order.customer_id,
        order.order_number,
    )
    replied = call("tickets_reply_create", {"body": "Soon."}, number=number)
    assert replied.json() == {"moved": [number], "blocked": {}}
    assert call("tickets_note_create", {"body": "hm"}, number=number).status_code == 200
    detail = call("tickets_retrieve", number=number).parsed
    assert [m.direction for m in detail.messages] == ["OUT", "INTERNAL"]
    assert call("tickets_solve_create", number=number).status_code == 200
    assert call("tickets_solve_create", number=number).status_code == 409
    listed = call("tickets_list", status=["SOLVED"], priority=["HIGH"]).parsed.results
    assert [t.number for t in listed] == [number]


def test_a_message_in_is_taken_once(gateway):
    body = {"source": "form", "external_id": "f1", "sender": "ada@example.com", "text": "Help"}
    for _ in range(2):
        answer = gateway.post("/api/v1/support-messages/", body, content_type="application/json")
        assert answer.status_code == 202
    process_all(now=OPENED)
    assert Ticket.objects.get().messages.get().body == "Help"
    bad = gateway.post("/api/v1/support-messages/", {}, content_type="application/json")
    assert bad.status_code == 400


@pytest.fixture
def survey(ticket) -> Survey:
    one = ticket()
    solve_tickets([one.pk], now=OPENED)
    [pk] = send_surveys([one.pk], now=OPENED)
    return Survey.objects.get(pk=pk)


def test_a_customer_answers_on_a_page(survey):
    client = Client()
    url = f"/survey/{token_of(survey.number)}/"
    assert "How satisfied" in client.get(url).content.decode()
    survey.refresh_from_db()
    assert survey.status == "SENT"
    assert "choose a number" in client.post(url, {"score": "9"}).content.decode()
    assert "Thank you" in client.post(url, {"score": "5", "comment": "Fine"}).content.decode()
    client.post(url, {"score": "1"})
    survey.refresh_from_db()
    assert (survey.score, survey.comment) == (5, "Fine")
    assert client.get("/survey/SV-00000001.000000000000/").status_code == 404


def test_a_customer_answers_over_the_api(survey):
    client = Client()
    body = {"token": token_of(survey.number), "score": 4}
    url = "/api/v1/survey-answers/"
    assert client.post(url, body, content_type="application/json").status_code == 204
    assert client.post(url, body, content_type="application/json").status_code == 409
    forged = body | {"token": f"{survey.number}.000000000000"}
    assert client.post(url, forged, content_type="application/json").status_code == 404
    survey.refresh_from_db()
    assert survey.score == 4
