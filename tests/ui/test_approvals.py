"""The page of all that waits for a second person."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.core.actor import acting
from backoffice.core.models import StaffRole, User
from finance.models import Refund, RefundPolicy
from finance.services.commands import OpenRefund
from finance.services.refunds import open_refunds

URL = reverse("admin:approvals")


def colleague(name, role=None):
    user = User.objects.create(username=name, is_staff=True)
    if role:
        user.groups.add(StaffRole.objects.get(role=role).group)
    client = Client()
    client.force_login(user)
    return user, client


@pytest.fixture
def asked(sold, now):
    """Two refunds above the limit, asked for by an agent of the service."""
    RefundPolicy.objects.filter(currency="EUR").update(approval_above=Decimal(1))
    agent, client = colleague("ann", "SERVICE")
    order = sold()
    with acting(agent.pk):
        commands = [OpenRefund(order.pk, "GOODWILL", Decimal(n), f"late {n}") for n in (5, 7)]
        open_refunds(commands, now=now)
    return client, list(Refund.objects.order_by("pk"))


def decide(client, refunds, decision, reason="", query=""):
    chosen = [f"finance.refund:{refund.pk}" for refund in refunds]
    answer = client.post(
        URL + query, {"chosen": chosen, "decision": decision, "reason": reason}, follow=True
    )
    assert answer.redirect_chain == [(URL + query, 302)]
    return [str(m) for m in answer.context["messages"]]


def statuses():
    return list(Refund.objects.order_by("pk").values_list("status", flat=True))


def test_who_decides_sees_who_asked_how_much_and_why(asked):
    _user, client = colleague("finn", "FINANCE")

    page = client.get(URL)

    [group] = page.context["groups"]
    assert [(r.asked_by.username, r.reasons) for r in group.requests] == [("ann", [])] * 2
    text = page.content.decode()
    assert "5.00 EUR" in text
    assert "late 7" in text
    assert f'value="finance.refund:{asked[1][0].pk}"' in text


def test_many_are_approved_at_once(asked):
    user, client = colleague("finn", "FINANCE")

    assert decide(client, asked[1], "approve") == ["Approved: 2."]

    assert statuses() == ["APPROVED", "APPROVED"]
    assert set(Refund.objects.values_list("approved_by", flat=True)) == {user.pk}
    assert decide(client, asked[1][:1], "approve") == [
        f"{asked[1][0]}: Only possible in state Requested."
    ]
    assert "Nothing waits for you." in client.get(URL).content.decode()


def test_a_rejection_needs_its_reason(asked):
    _user, client = colleague("finn", "FINANCE")

    assert decide(client, asked[1][:1], "reject") == [
        "Say why it is rejected: who asked will read it."
    ]
    assert decide(client, [], "approve") == ["Choose what is to be decided first."]
    assert statuses() == ["REQUESTED", "REQUESTED"]
    assert decide(client, asked[1][:1], "reject", "too much") == ["Rejected: 1."]
    assert statuses() == ["CANCELLED", "REQUESTED"]


def test_who_asked_sees_that_it_waits_and_cannot_decide(asked):
    client, refunds = asked

    page = client.get(URL)

    [group] = page.context["groups"]
    assert [[str(reason) for reason in r.reasons] for r in group.requests] == [
        ["Somebody else has to approve what you asked for."]
    ] * 2
    assert 'name="decision"' not in page.content.decode()
    assert decide(client, refunds, "approve") == ["You lack the permission for this."]
    assert statuses() == ["REQUESTED", "REQUESTED"]


def test_the_first_page_leads_who_decides_to_the_approvals_of_its_kind(asked):
    _user, finance = colleague("finn", "FINANCE")
    refunds = f"{URL}?kind=finance.refund"

    def boxes(client):
        desks = client.get(reverse("admin:index")).context["bo_desks"]
        return {str(r.box.label): r.url for desk in desks for r in desk.readings}

    assert boxes(finance)["Refunds to be approved"] == refunds
    assert boxes(finance)["Payouts to be approved"] == f"{URL}?kind=finance.payout"
    assert boxes(finance)["Approvals"] == f"{URL}?kind=core.approval"
    # Who asks and does not decide is led to the list.
    assert boxes(asked[0])["Refunds to be approved"].endswith("/refund/?status=REQUESTED")
    [group] = finance.get(refunds).context["groups"]
    assert (group.label, len(group.requests)) == ("Refunds", 2)
    assert finance.get(f"{URL}?kind=finance.payout").context["groups"] == []
    assert finance.get(f"{URL}?kind=core.user").status_code == 404
    assert decide(finance, asked[1], "approve", query="?kind=finance.refund") == ["Approved: 2."]


def test_others_see_nothing_of_it(asked):
    _user, client = colleague("olga", "ORDER_DESK")

    assert client.get(URL).context["groups"] == []


def test_what_is_no_document_of_the_page_is_left_alone(asked):
    _user, client = colleague("finn", "FINANCE")

    client.post(URL, {"chosen": ["core.user:1", "finance.refund:x", ""], "decision": "approve"})

    assert statuses() == ["REQUESTED", "REQUESTED"]
