import pytest
from django.test import Client

from backoffice.core import approvals
from backoffice.core.actor import acting
from backoffice.core.approvals import AskApproval, approval_kind, request_approvals
from backoffice.core.models import Approval, User


@pytest.fixture
def people(db):
    return [User.objects.create(username=n, is_staff=True, is_superuser=True) for n in "ab"]


@pytest.fixture
def asked(people, channel, now, monkeypatch):
    monkeypatch.setattr(approvals, "KINDS", {})
    approval_kind("test.act", "An act", permission="core.decide_approval")
    with acting(people[0].pk):
        request_approvals(
            [AskApproval("test.act", "orders.saleschannel", channel.pk, note="please")], now=now
        )
    return Approval.objects.get()


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def decide(client, approval, verb):
    url = f"/admin/core/approval/{approval.pk}/verb/{verb}/"
    approval.refresh_from_db()
    answer = client.post(url, {"version": approval.version, "reason": "ok"}, follow=True)
    approval.refresh_from_db()
    return answer.content.decode()


def test_who_asked_sees_why_they_cannot_decide(people, asked):
    page = browser(people[0]).get(f"/admin/core/approval/{asked.pk}/change/").content.decode()

    assert "Somebody else has to decide what you asked for." in page
    assert f'href="/admin/core/approval/{asked.pk}/verb/withdraw/"' in page
    assert f"/admin/core/approval/{asked.pk}/verb/approve/" not in page


def test_who_asked_is_refused_even_by_hand(people, asked):
    page = decide(browser(people[0]), asked, "approve")

    assert "Somebody else has to decide what you asked for." in page
    assert (asked.status, asked.decided_by, asked.version) == ("REQUESTED", None, 0)


@pytest.mark.parametrize(("verb", "status"), [("approve", "APPROVED"), ("reject", "REJECTED")])
def test_a_second_person_decides(people, asked, verb, status):
    decide(browser(people[1]), asked, verb)

    assert (asked.status, asked.decided_by) == (status, people[1])


def test_the_page_links_to_what_it_is_about(people, asked, channel):
    client = browser(people[1])
    link = (
        f'<a href="/admin/orders/saleschannel/{channel.pk}/change/">Sales channel {channel.pk}</a>'
    )

    assert link in client.get(f"/admin/core/approval/{asked.pk}/change/").content.decode()
    assert link in client.get("/admin/core/approval/").content.decode()


def test_opening_a_dialog_changes_nothing(people, asked):
    page = browser(people[1]).get(f"/admin/core/approval/{asked.pk}/verb/approve/")

    asked.refresh_from_db()
    assert (page.status_code, asked.status, asked.history.count()) == (200, "REQUESTED", 1)
