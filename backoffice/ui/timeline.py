"""The timeline of a document: its events and what changed with them, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.core.events import KINDS
from backoffice.core.models import Event, User

LIMIT = 200
# What every write touches says nothing.
BOOKKEEPING = {"id", "created_at", "created_by", "updated_at", "modified_by", "version"}


@dataclass(slots=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    title: str
    actor_id: int | None
    reason: str
    details: list[str] = field(default_factory=list)
    actor: str = ""


def timeline(document: models.Model) -> list[Entry]:
    """Return what lately happened to a document; an order's includes its children's events."""
    events = _events(document)
    entries = {event.pk: _told(event) for event in events}
    loose = []
    # What changed is shown with the event that told it: same request, same instant.
    tellers = {(e.request_id, e.occurred_at): e.pk for e in reversed(events)}
    for row, changes in _changes(document):
        teller = tellers.get((row.request_id, row.history_date))
        if teller is not None:
            entries[teller].details += changes
        elif changes:
            reason = row.history_change_reason or ""
            loose.append(
                Entry(row.history_date, _("Changed"), row.history_user_id, reason, changes)
            )
    found = sorted([*entries.values(), *loose], key=lambda e: e.at, reverse=True)[:LIMIT]
    actors = User.objects.in_bulk({e.actor_id for e in found if e.actor_id})
    for entry in found:
        entry.actor = str(actors.get(entry.actor_id, "")) if entry.actor_id else ""
    return found


def _events(document: models.Model) -> list[Event]:
    label = document._meta.label_lower
    about = Q(subject_type=label, subject_id=document.pk)
    if label == "orders.order":
        about |= Q(order_id=document.pk)
    return list(Event.objects.filter(about).order_by("-id")[:LIMIT])


def _told(event: Event) -> Entry:
    title = _(KINDS[event.kind].help) if event.kind in KINDS else event.kind
    details = [f"{key}: {value}" for key, value in event.data.items()]
    return Entry(event.occurred_at, title, event.actor_id, event.reason, details)


def _changes(document: models.Model) -> list[tuple[Any, list[str]]]:
    history = getattr(document, "history", None)
    if history is None:
        return []
    rows = list(history.all().order_by("-history_id")[: LIMIT + 1])
    pairs = zip(rows, rows[1:], strict=False)
    return [(new, differences(new, old)) for new, old in pairs]


def differences(new: Any, old: Any, only: Sequence[str] | None = None) -> list[str]:
    """Return what differs between two history rows, in words."""
    lines = []
    for column in new.tracked_fields:
        if column.name in BOOKKEEPING or (only is not None and column.name not in only):
            continue
        before, after = getattr(old, column.attname), getattr(new, column.attname)
        if before != after:
            label = getattr(column, "verbose_name", column.name)
            lines.append(f"{label}: {_shown(column, before)} → {_shown(column, after)}")
    return lines


def _shown(column: Any, value: Any) -> str:
    output = getattr(column, "output_field", column)
    choices = dict(getattr(output, "flatchoices", ()) or ())
    if value is None or value == "":
        return "–"
    return str(choices.get(value, value))[:80]
