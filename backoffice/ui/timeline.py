"""The timeline of a document: events, what changed with them, messages; newest first."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.core.choices import UserKind
from backoffice.core.events import KINDS
from backoffice.core.models import Event, OutboundMessage, Rule, RuleAct, User
from backoffice.core.models.rule import RuleResult
from backoffice.core.rules.registry import ACTIONS
from backoffice.core.wording import told
from backoffice.ui.changes import differences
from backoffice.ui.document import is_share, percent, plain

LIMIT = 200
AMOUNT = re.compile(r"-?\d+\.\d+")


@dataclass(slots=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    title: str
    actor_id: int | None
    reason: str
    details: list[str] = field(default_factory=list)
    actor: str = ""
    kind: str = "event"
    request: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What lately happened to a document, and the changes alone."""

    entries: list[Entry]
    changes: list[Entry]


def story(document: models.Model) -> Story:
    """Return what lately happened to a document; an order's includes its children's events."""
    events = _events(document)
    currency = getattr(document, "currency", "")
    entries = {event.pk: _told(event, currency) for event in events}
    changes = [
        Entry(
            row.history_date,
            _("Changed"),
            row.history_user_id,
            told(row.history_change_reason),
            lines,
            kind="change",
            request=row.request_id,
        )
        for row, lines in _changes(document)
        if lines
    ]
    loose = []
    # What changed is shown with the event that told it: same request, same instant.
    tellers = {(e.request_id, e.occurred_at): e.pk for e in reversed(events)}
    for change in changes:
        teller = tellers.get((change.request, change.at))
        if teller is not None:
            entries[teller].details += change.details
        else:
            loose.append(change)
    acts = _acts_of_rules(document, {event.request_id for event in events})
    every = [*entries.values(), *loose, *_messages(document), *acts]
    found = sorted(every, key=lambda e: e.at, reverse=True)[:LIMIT]
    name_actors([*found, *changes])
    return Story(found, changes)


def name_actors(entries: Sequence[Entry]) -> None:
    """Say of each entry who it was."""
    names = names_of({entry.actor_id for entry in entries})
    for entry in entries:
        entry.actor = names.get(entry.actor_id, "")


def names_of(keys: Collection[int | None]) -> dict[int | None, str]:
    """Return what users are called; a program is told apart from a person."""
    users = User.objects.in_bulk({key for key in keys if key})
    return {
        key: _("%(name)s (API)") % {"name": user}
        if user.kind == UserKind.INTEGRATION
        else str(user)
        for key, user in users.items()
    }


def _acts_of_rules(document: models.Model, requests: Collection[str]) -> list[Entry]:
    """Return what rules did about a document beyond what its events tell, and what they did not."""
    acts = RuleAct.objects.filter(subject_type=document._meta.label_lower, subject_id=document.pk)
    # What a rule does is a request of its own, named after it.
    known = {request.split("-")[1] for request in requests if request.startswith("rule-")}
    acts = acts.exclude(result=RuleResult.ACTED, rule_id__in=known)
    return [
        Entry(
            act.acted_at,
            _("Rule “%(rule)s”: %(result)s")
            % {"rule": act.rule.name, "result": act.get_result_display()},
            None,
            told(act.reasons) or _action(act.rule),
            kind="rule",
        )
        for act in acts.select_related("rule").order_by("-id")[:LIMIT]
    ]


def _action(rule: Rule) -> str:
    action = ACTIONS.get(rule.action)
    return str(action.label) if action else ""


def _messages(document: models.Model) -> list[Entry]:
    label = document._meta.label_lower
    about = Q(for_type=label, for_id=document.pk)
    if label == "orders.order":
        about |= Q(order_id=document.pk)
    return [
        Entry(
            message.sent_at or message.created_at,
            message.subject,
            None,
            "",
            [message.get_status_display()],
            kind="message",
        )
        for message in OutboundMessage.objects.filter(about).order_by("-id")[:LIMIT]
    ]


def _events(document: models.Model) -> list[Event]:
    label = document._meta.label_lower
    about = Q(subject_type=label, subject_id=document.pk)
    if label == "orders.order":
        about |= Q(order_id=document.pk)
    return list(Event.objects.filter(about).order_by("-id")[:LIMIT])


def _told(event: Event, usual: str) -> Entry:
    title = _(KINDS[event.kind].help) if event.kind in KINDS else event.kind
    currency = event.data.get("currency", usual)
    details = [
        f"{_(key.replace('_', ' '))}: {_told_value(event, key, value, currency)}"
        for key, value in event.data.items()
        # Keys are for programs, and the currency stands beside its amounts.
        if not key.endswith(("_id", "_ids", "_type"))
        and key != "currency"
        and value not in (None, "", [], {})
    ]
    request = event.request_id
    return Entry(
        event.occurred_at, title, event.actor_id, told(event.reason), details, request=request
    )


def _told_value(event: Event, key: str, value: Any, currency: str) -> str:
    """Return a value of an event for people: amounts are told as texts, states by their keys."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return ", ".join(_told_value(event, key, item, currency) for item in value)
    if isinstance(value, str) and AMOUNT.fullmatch(value):
        if is_share(key):
            return percent(Decimal(value))
        return f"{plain(Decimal(value), currency)} {currency}".rstrip()
    try:
        model = apps.get_model(event.subject_type)
    except LookupError:
        return str(value)
    if not isinstance(value, str):
        target = next((f.related_model for f in model._meta.concrete_fields if f.name == key), None)
        named = target._base_manager.filter(pk=value).first() if target else None
        return str(named or value)
    return str(_choices(model, key).get(value) or _code(model, value))


@cache
def _choices(model: type[models.Model], *names: str) -> dict[Any, Any]:
    """Return the labels of the choices of some fields, else of all."""
    found: dict[Any, Any] = {}
    for column in model._meta.concrete_fields:
        if not names or column.name in names:
            kind = getattr(column, "output_field", column)
            found |= dict(getattr(kind, "flatchoices", ()) or ())
    return found


def _code(model: type[models.Model], value: str) -> str:
    """Return a code by its label among the choices of its model, or of its app where it has one."""
    if not value.isupper():
        return value
    if label := _choices(model).get(value):
        return str(label)
    labels = _labels(model._meta.app_label).get(value, ())
    return str(labels[0]) if len(set(map(str, labels))) == 1 else value


@cache
def _labels(app: str) -> dict[str, list[Any]]:
    """Return the labels of all codes that an app's choices and those of all apps know."""
    found: dict[str, list[Any]] = defaultdict(list)
    for name in (f"{apps.get_app_config(app).name}.choices", "backoffice.core.choices"):
        if find_spec(name) is None:
            continue
        for kind in vars(import_module(name)).values():
            if isinstance(kind, type) and issubclass(kind, models.TextChoices):
                for member in kind:
                    found[str(member.value)].append(member.label)
    return found


def _changes(document: models.Model) -> list[tuple[Any, list[str]]]:
    history = getattr(document, "history", None)
    if history is None:
        return []
    rows = list(history.all().order_by("-history_id")[: LIMIT + 1])
    pairs = list(pairwise(rows))
    return [(new, lines) for (new, _old), lines in zip(pairs, differences(pairs), strict=True)]
