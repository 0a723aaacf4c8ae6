"""Personal data: one door to erase them, through every floor, after a second person agreed."""

from collections.abc import Sequence
from datetime import datetime

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.core import extensions
from backoffice.core.actor import service
from backoffice.core.approvals import AskApproval, approval_kind, request_approvals
from backoffice.core.events import Fact, declare, emit, on
from backoffice.core.models import Approval, Event, PersonalValue
from backoffice.core.models.approval import ApprovalStatus
from backoffice.core.personal import Known, erase_rows, tell_rows
from backoffice.core.sql import execute
from backoffice.core.states import Outcome

ERASURE = "core.erasure"
VERB = "erase"

approval_kind(ERASURE, _("Erase personal data"), permission="core.decide_approval")
declare(
    "core", "core.approval", {"personal_data.erased": gettext_noop("Personal data were erased")}
)


@service
def request_erasures(
    subject_type: str, subject_ids: Sequence[int], *, now: datetime, reason: str
) -> Outcome:
    """Ask a second person to erase what is known about subjects."""
    outcome = _check(subject_type, subject_ids)
    request_approvals(
        [AskApproval(ERASURE, subject_type, i, note=reason) for i in outcome.moved], now=now
    )
    return outcome


def _check(subject_type: str, subject_ids: Sequence[int]) -> Outcome:
    outcome = Outcome(sorted(set(subject_ids)))
    for blocker in extensions.blockers(subject_type, VERB):
        for i, reasons in blocker(list(outcome.moved), VERB).items():
            for text in reasons:
                outcome.block([i], text)
    return outcome


@service
def carry_out_erasures(
    approval_ids: Sequence[int], *, now: datetime, reason: str = ""
) -> dict[int, dict[str, int]]:
    """Blank the personal columns of approved subjects; return the blanked rows by table.

    Their earlier values go with them. A subject that may not be erased any more is left alone.
    """
    approved = Approval.objects.filter(
        pk__any=approval_ids, kind=ERASURE, status=ApprovalStatus.APPROVED
    ).order_by("pk")
    done: dict[int, dict[str, int]] = {}
    for approval in approved:
        if _check(approval.subject_type, [approval.subject_id]).moved:
            done[approval.pk] = _erase(approval.subject_type, approval.subject_id)
    emit("personal_data.erased", [Fact(pk, data={"rows": rows}) for pk, rows in done.items()])
    return done


def disclose_subject(subject_type: str, subject_id: int) -> Known:
    """Return what all floors know about a subject, by table, earlier values included."""
    earlier = PersonalValue.objects.filter(subject_type=subject_type, subject_id=subject_id)
    values = list(earlier.order_by("pk").values("changed_at", "values"))
    return {**tell_rows(subject_type, subject_id), "core_personalvalue": values}


def _erase(subject_type: str, subject_id: int) -> dict[str, int]:
    # Documents lose words, not facts: their own events would say nothing that this one does not.
    [(written, _on)] = execute(
        "SELECT coalesce(current_setting('app.written', true), ''),"
        " set_config('app.erasing', 'on', true)"
    )
    rows = erase_rows(subject_type, subject_id)
    rows["django_admin_log"] = _erase_from_log(subject_type, subject_id)
    execute(
        "SELECT set_config('app.erasing', '', true), set_config('app.written', %s, true)",
        [written],
    )
    return dict(rows)


def _erase_from_log(subject_type: str, subject_id: int) -> int:
    """Blank the subject's name in the admin's own log, which keeps it as text."""
    model = apps.get_model(subject_type)
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model), object_id=str(subject_id)
    )
    return entries.exclude(object_repr="").update(object_repr="")


@on("approval.approved")
def erase_approved(events: Sequence[Event], *, now: datetime) -> None:
    """Erase what a second person agreed to."""
    ids = [e.subject_id for e in events if e.data.get("kind") == ERASURE]
    if ids:
        carry_out_erasures(ids, now=now)
