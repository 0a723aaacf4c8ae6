from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from backoffice.core import approvals
from backoffice.core.actor import acting
from backoffice.core.approvals import (
    NO_RIGHT,
    NOT_THEIRS,
    SAME_PERSON,
    UNKNOWN_KIND,
    AskApproval,
    approval_kind,
    approve_approvals,
    need_approval,
    reject_approvals,
    request_approvals,
    withdraw_approvals,
)
from backoffice.core.models import Approval, ApprovalPolicy, Event, User


@pytest.fixture(autouse=True)
def _kind(monkeypatch):
    monkeypatch.setattr(approvals, "KINDS", dict(approvals.KINDS))
    approval_kind("test.act", "An act", permission="core.decide_approval")


@pytest.fixture
def people(db):
    """Return who asks, who may decide and who may not."""
    asker = User.objects.create(username="asker", is_superuser=True)
    checker = User.objects.create(username="checker", is_superuser=True)
    clerk = User.objects.create(username="clerk")
    return asker, checker, clerk


@pytest.fixture
def asked(people, now):
    """Return an act that waits for a second person."""
    with acting(people[0].pk):
        (pk,) = request_approvals([act()], now=now, reason="please")
    return Approval.objects.get(pk=pk)


def act(**changes):
    return AskApproval(
        **{"kind": "test.act", "subject_type": "core.user", "subject_id": 7} | changes
    )


def state(approval):
    approval.refresh_from_db()
    return approval.status, approval.decided_by_id, approval.decided_at, approval.version


def kinds(approval):
    about = Event.objects.filter(subject_type="core.approval", subject_id=approval.pk)
    return list(about.order_by("pk").values_list("kind", "actor_id"))


def test_a_second_person_agrees(people, asked, now):
    asker, checker, _ = people

    with acting(checker.pk):
        outcome = approve_approvals([asked.pk], now=now)

    assert (outcome.moved, outcome.blocked) == ([asked.pk], {})
    assert state(asked) == ("APPROVED", checker.pk, now, 1)
    assert kinds(asked) == [("approval.requested", asker.pk), ("approval.approved", checker.pk)]
    event = Event.objects.get(kind="approval.approved")
    assert event.data == {"kind": "test.act", "subject_type": "core.user", "subject_id": 7}


def test_a_second_person_refuses(people, asked, now):
    with acting(people[1].pk):
        reject_approvals([asked.pk], now=now)

    assert state(asked) == ("REJECTED", people[1].pk, now, 1)


@pytest.mark.parametrize("decide", [approve_approvals, reject_approvals])
@pytest.mark.parametrize(("who", "reason"), [(0, SAME_PERSON), (2, NO_RIGHT)])
def test_nobody_decides_alone_or_without_the_right(people, asked, now, decide, who, reason):
    with acting(people[who].pk):
        outcome = decide([asked.pk], now=now)

    assert (outcome.moved, outcome.blocked) == ([], {asked.pk: [reason]})
    assert state(asked) == ("REQUESTED", None, None, 0)


def test_an_act_that_no_installed_part_knows_is_not_decided(people, asked, now):
    del approvals.KINDS["test.act"]

    with acting(people[1].pk):
        outcome = approve_approvals([asked.pk], now=now)

    assert outcome.blocked == {asked.pk: [UNKNOWN_KIND]}
    with acting(people[0].pk), pytest.raises(KeyError):
        request_approvals([act(subject_id=8)], now=now)


def test_only_who_asked_takes_it_back(people, asked, now):
    with acting(people[1].pk):
        refused = withdraw_approvals([asked.pk], now=now)
    with acting(people[0].pk):
        done = withdraw_approvals([asked.pk], now=now)

    assert refused.blocked == {asked.pk: [NOT_THEIRS]}
    assert done.moved == [asked.pk]
    assert state(asked)[0] == "WITHDRAWN"


def test_an_act_waits_once_and_can_be_asked_again_after_a_refusal(people, asked, now):
    with acting(people[0].pk):
        assert request_approvals([act()], now=now) == []
    with acting(people[1].pk):
        reject_approvals([asked.pk], now=now)
    with acting(people[0].pk):
        assert len(request_approvals([act()], now=now)) == 1


def test_the_database_itself_wants_two_persons(people, asked):
    with pytest.raises(IntegrityError, match="approval_second_person"), transaction.atomic():
        Approval.objects.filter(pk=asked.pk).update(
            status="APPROVED", decided_by=asked.created_by_id
        )
    with pytest.raises(IntegrityError, match="approval_second_person"), transaction.atomic():
        Approval.objects.filter(pk=asked.pk).update(status="APPROVED")


def test_a_policy_lets_small_amounts_pass_in_its_currency(db):
    ApprovalPolicy.objects.create(kind="test.act", currency="EUR", above=100)
    amounts = [("100", "EUR"), ("100.01", "EUR"), ("1", "USD"), (None, "")]
    asks = [act(amount=a and Decimal(a), currency=c) for a, c in amounts]

    assert need_approval(asks) == [False, True, True, True]

    ApprovalPolicy.objects.update(is_active=False)
    assert need_approval(asks[:1]) == [True]
