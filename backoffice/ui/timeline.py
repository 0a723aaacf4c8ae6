"""The timeline of a document: its events, newest first."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.core.events import KINDS
from backoffice.core.models import Event, User

LIMIT = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    event: Event
    title: str
    actor: str


def timeline(document: Any) -> list[Entry]:
    """Return the last events about a document; an order's include those of its children."""
    label = document._meta.label_lower
    about = Q(subject_type=label, subject_id=document.pk)
    if label == "orders.order":
        about |= Q(order_id=document.pk)
    events = list(Event.objects.filter(about).order_by("-id")[:LIMIT])
    actors = User.objects.in_bulk({e.actor_id for e in events})
    return [
        Entry(
            event,
            _(KINDS[event.kind].help) if event.kind in KINDS else event.kind,
            str(actors.get(event.actor_id, event.actor_id)),
        )
        for event in events
    ]
