"""Maker and checker: a second person decides what a threshold names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.core.actor import current_actor, service
from backoffice.core.events import Fact, declare, emit
from backoffice.core.extensions import Text, blocker
from backoffice.core.models import Approval, ApprovalPolicy, User
from backoffice.core.models.approval import ApprovalStatus
from backoffice.core.origins import inherited
from backoffice.core.scope import owned
from backoffice.core.sql import insert_rows
from backoffice.core.states import Machine, Outcome, Transition

SAME_PERSON = _("Somebody else has to decide what you asked for.")
NOT_THEIRS = _("Only who asked for it can withdraw it.")
NO_RIGHT = _("You lack the permission to decide this kind of act.")
UNKNOWN_KIND = _("No installed part of the system carries out this kind of act.")


@dataclass(frozen=True, slots=True)
class ApprovalKind:
    """A kind of act that can wait for a second person, who needs `permission` to decide it."""

    name: str
    label: Text
    permission: str


@dataclass(frozen=True, slots=True)
class AskApproval:
    """An act that somebody wants to be decided."""

    kind: str
    subject_type: str
    subject_id: int
    amount: Decimal | None = None
    currency: str = ""
    note: str = ""


KINDS: dict[str, ApprovalKind] = {}
# What somebody asked for is theirs, whatever they are limited to.
owned(Approval)

declare(
    "core",
    "core.approval",
    {
        "approval.requested": gettext_noop("A second person is asked"),
        "approval.approved": gettext_noop("A second person agreed"),
        "approval.rejected": gettext_noop("A second person refused"),
        "approval.withdrawn": gettext_noop("Who asked took it back"),
    },
)

APPROVAL = Machine(
    Approval,
    [
        Transition(
            "approve",
            _("Approve"),
            [ApprovalStatus.REQUESTED],
            ApprovalStatus.APPROVED,
            "approval.approved",
            permission="core.decide_approval",
            stamp="decided_at",
        ),
        Transition(
            "reject",
            _("Reject"),
            [ApprovalStatus.REQUESTED],
            ApprovalStatus.REJECTED,
            "approval.rejected",
            permission="core.decide_approval",
            stamp="decided_at",
        ),
        Transition(
            "withdraw",
            _("Withdraw"),
            [ApprovalStatus.REQUESTED],
            ApprovalStatus.WITHDRAWN,
            "approval.withdrawn",
            permission="core.withdraw_approval",
            stamp="decided_at",
        ),
    ],
)


def approval_kind(name: str, label: Text, *, permission: str) -> None:
    """Register a kind of act; its app handles `approval.approved` events that carry the kind."""
    KINDS[name] = ApprovalKind(name, label, permission)


def need_approval(asked: Sequence[AskApproval]) -> list[bool]:
    """Say of each act whether it needs a second person: every one that no policy lets pass."""
    policies = {
        (p.kind, p.currency): p.above
        for p in ApprovalPolicy.objects.filter(kind__in={a.kind for a in asked}, is_active=True)
    }
    needed = []
    for act in asked:
        above = policies.get((act.kind, act.currency))
        needed.append(above is None or act.amount is None or act.amount > above)
    return needed


@service
def request_approvals(
    asked: Sequence[AskApproval], *, now: datetime, reason: str = ""
) -> list[int]:
    """Ask for second persons; an act that already waits for one is not asked again."""
    unknown = {a.kind for a in asked} - set(KINDS)
    if unknown:
        raise KeyError(f"Nobody registered the approval kind {', '.join(sorted(unknown))}.")
    rows = insert_rows(
        Approval,
        {
            "kind": [a.kind for a in asked],
            "subject_type": [a.subject_type for a in asked],
            "subject_id": [a.subject_id for a in asked],
            "amount": [a.amount for a in asked],
            "currency": [a.currency for a in asked],
            "note": [(a.note or reason)[:300] for a in asked],
            "origin": inherited([(a.subject_type, a.subject_id) for a in asked]),
        },
        constants={"status": ApprovalStatus.REQUESTED},
        on_conflict="ON CONFLICT DO NOTHING",
        returning="id, kind, subject_type, subject_id",
    )
    emit("approval.requested", [Fact(row[0], data=_data(*row[1:])) for row in rows])
    return [row[0] for row in rows]


@service
def approve_approvals(approval_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Agree to acts that somebody else asked for."""
    return _decide(approval_ids, "approve")


@service
def reject_approvals(approval_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Refuse acts that somebody else asked for."""
    return _decide(approval_ids, "reject")


@service
def withdraw_approvals(approval_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Take back acts that one asked for oneself."""
    return _decide(approval_ids, "withdraw")


def _decide(approval_ids: Sequence[int], verb: str) -> Outcome:
    outcome = APPROVAL.check(approval_ids, verb)
    rows = Approval.objects.filter(pk__any=outcome.moved)
    data = {a.pk: _data(a.kind, a.subject_type, a.subject_id) for a in rows}
    values = {"decided_by_id": current_actor().user_id}
    APPROVAL.move(outcome.moved, verb, data=data, values=values)
    return outcome


def _data(kind: str, subject_type: str, subject_id: int) -> dict[str, Any]:
    return {"kind": kind, "subject_type": subject_type, "subject_id": subject_id}


@blocker("core.approval", "approve")
@blocker("core.approval", "reject")
def refuse_the_same_person(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Say which acts this person may not decide."""
    me = current_actor().user_id
    user = User.objects.get(pk=me)
    refused: dict[int, list[Text]] = {}
    for pk, kind, asker in _askers(ids):
        registered = KINDS.get(kind)
        if registered is None:
            refused[pk] = [UNKNOWN_KIND]
        elif asker == me:
            refused[pk] = [SAME_PERSON]
        elif not user.has_perm(registered.permission):
            refused[pk] = [NO_RIGHT]
    return refused


@blocker("core.approval", "withdraw")
def refuse_another_person(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Say which acts somebody else asked for."""
    me = current_actor().user_id
    return {pk: [NOT_THEIRS] for pk, _kind, asker in _askers(ids) if asker != me}


def _askers(ids: list[int]) -> Iterable[tuple[int, str, int]]:
    return Approval.objects.filter(pk__any=ids).values_list("pk", "kind", "created_by_id")
