"""Staff work the queue: suggestions by number, reasons, undo; and from the page of one."""

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.core.models import User
from finance.models import Payment, ReconciliationException
from tests.fixtures.reconciliation import live_matches, stripe_file

QUEUE = "admin:finance_reconciliationexception_queue"


@pytest.fixture
def staff(db: None, client: Client) -> Client:
    client.force_login(User.objects.create(username="boss", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def differs(place, pay, reconcile) -> tuple[Payment, ReconciliationException]:
    """Bring a row that is a euro short of its payment."""
    payment = pay(place("1"), "ch_1", provider="stripe")
    reconcile(stripe_file([("charge", "ch_1", "", "22.80", "0")]))
    return payment, ReconciliationException.objects.get()


def act(client: Client, found: ReconciliationException, **sent: str) -> str:
    found.refresh_from_db()
    data = {"exception": found.pk, "version": found.version, **sent}
    return client.post(reverse(QUEUE), data, follow=True).content.decode()


def test_the_queue_offers_matches_and_undoes(staff, differs, sound):
    payment, found = differs
    page = staff.get(reverse(QUEUE)).content.decode()
    assert "The amount differs" in page
    assert f'value="finance.payment:{payment.pk}" data-match="1"' in page
    assert "differs by -1.00 EUR" in page
    # Without a policy even a euro needs somebody else.
    page = act(staff, found, match=f"finance.payment:{payment.pk}", reason="short")
    assert "a second person is asked" in page
    assert live_matches() == []


def test_reasons_are_asked_for_and_the_last_act_is_undone(staff, differs, sound):
    _payment, found = differs
    assert "Say why it is left out." in act(staff, found, act="ignore")
    page = act(staff, found, act="ignore", reason="another shop")
    assert "Nothing is open" in page
    assert f"Undo {found.number}" in page
    staff.post(reverse(QUEUE), {"exception": found.pk, "version": 0, "act": "undo"})
    found.refresh_from_db()
    assert found.status == "OPEN"
    stale = staff.post(
        reverse(QUEUE),
        {"exception": found.pk, "version": 0, "act": "ignore", "reason": "x"},
        follow=True,
    )
    assert "changed it meanwhile" in stale.content.decode()
    assert "Choose an exception" in staff.post(reverse(QUEUE), follow=True).content.decode()


def test_the_page_of_one_matches_books_waits_and_assigns(staff, differs, sound):
    payment, found = differs
    page = staff.get(
        reverse("admin:finance_reconciliationexception_change", args=[found.pk])
    ).content.decode()
    for words in ("ch_1", "differs by -1.00 EUR", "Match…", "Book to an account…", "Wait…"):
        assert words in page

    def do(name: str, **sent: object) -> str:
        found.refresh_from_db()
        url = reverse("admin:finance_reconciliationexception_dialog", args=[found.pk, name])
        data = {"version": found.version, "key": "k", "reason": "r", **sent}
        return staff.post(url, data, follow=True).content.decode()

    assert "There is no PY-9." in do("match", numbers="PY-9")
    assert "Choose what it belongs to." in do("match")
    assert "Waits for a second person" in do("match", numbers=payment.number)
    do("assign", user=str(User.objects.get(username="boss").pk))
    found.refresh_from_db()
    assert (found.assignee.username, found.status) == ("boss", "ASKED")


def test_who_may_not_clear_only_looks(db, client, differs):
    _payment, found = differs
    client.force_login(User.objects.create(username="clerk", is_staff=True))
    assert client.get(reverse(QUEUE)).status_code == 403
    data = {"exception": found.pk, "version": found.version, "act": "ignore", "reason": "x"}
    assert client.post(reverse(QUEUE), data).status_code == 403
