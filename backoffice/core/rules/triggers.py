"""When rules run: the events that concern a document, and the slots of the clock."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.apps import apps
from django.utils.translation import gettext as _

from backoffice.core.events import KINDS, Kind
from backoffice.core.models import Company, Event, Rule
from backoffice.core.models.rule import Trigger
from backoffice.core.states import Machine
from backoffice.core.tasks import slot_of

ORDER = "orders.order"
HOUR = timedelta(hours=1)


def order_path(document: str) -> str:
    """Return the lookup from a document to its order's id; "" where it has none."""
    machine = Machine.registry.get(document)
    if machine is not None:
        return machine.order_field
    fields = apps.get_model(document)._meta.get_fields()
    return "order_id" if any(f.name == "order" for f in fields) else ""


def kinds_of(document: str) -> list[Kind]:
    """Return the events that a rule on a document may listen to: its own and its order's.

    An order has those of everything that belongs to it.
    """
    own = [kind for kind in KINDS.values() if kind.subject == document]
    if document == ORDER:
        others = [k for k in KINDS.values() if k.subject != document and order_path(k.subject)]
    else:
        others = [k for k in KINDS.values() if k.subject == ORDER and order_path(document)]
    return own + others


def subjects_of(document: str, events: Sequence[Event]) -> dict[int, int]:
    """Return the documents that events concern, each with the event's id."""
    own = {e.subject_id: e.pk for e in events if e.subject_type == document}
    others = {e.order_id: e.pk for e in events if e.subject_type != document and e.order_id}
    if others and document != ORDER:
        path = order_path(document)
        rows = apps.get_model(document)._base_manager.filter(**{f"{path}__in": list(others)})
        others = {pk: others[order] for pk, order in rows.values_list("pk", path)}
    return others | own


def turns(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield events in turns, so that no document has two in one: they follow each other."""
    seen: dict[tuple[str, int], int] = defaultdict(int)
    found: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        # What belongs to one order may concern the same document.
        key = (ORDER, event.order_id) if event.order_id else (event.subject_type, event.subject_id)
        found[seen[key]].append(event)
        seen[key] += 1
    yield from found.values()


def hour_of(rule: Rule, now: datetime) -> datetime:
    """Return the slot of a rule on events: the hour, or what is left of it since its switch."""
    hour = slot_of(now, HOUR)
    return max(hour, rule.mode_at) if rule.mode_at else hour


def due_slot(rule: Rule, now: datetime) -> datetime | None:
    """Return the newest slot of a rule by the clock that began since it was switched on."""
    if rule.trigger == Trigger.EVERY:
        slot = slot_of(now, timedelta(minutes=rule.every_minutes or 1))
    elif rule.trigger == Trigger.DAILY:
        slot = _daily_slot(rule.at_hour or 0, now)
    else:
        return None
    return slot if rule.mode_at is not None and slot >= rule.mode_at else None


def _daily_slot(hour: int, now: datetime) -> datetime:
    zone = ZoneInfo(Company.objects.values_list("time_zone", flat=True)[0])
    day = now.astimezone(zone).date()
    slot = datetime.combine(day, time(hour), zone)
    if slot > now:
        slot = datetime.combine(day - timedelta(days=1), time(hour), zone)
    return slot.astimezone(now.tzinfo)


def trigger_words(rule: Rule) -> str:
    """Return when a rule runs, in words."""
    if rule.trigger == Trigger.EVERY:
        return _("every %(n)s minutes") % {"n": rule.every_minutes}
    if rule.trigger == Trigger.DAILY:
        return _("daily at %(hour)s:00") % {"hour": rule.at_hour}
    return _(KINDS[rule.event].help) if rule.event in KINDS else rule.event
