"""What a webhook says: kind, ids, numbers and amounts; never words about people."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from django.apps import apps

from backoffice.core.models import Event

ORDER = "orders.order"
NUMBER_FIELDS = ("number", "order_number")
# An amount, an id, a code or a choice: one word without spaces.
CODE = re.compile(r"[A-Za-z0-9_.:+-]{1,40}")


def message_bodies(event_ids: Iterable[int]) -> dict[int, str]:
    """Return the JSON text of each event's message, the same whenever it is asked for."""
    events = list(Event.objects.filter(pk__any=sorted(set(event_ids))))
    orders = numbers(ORDER, [e.order_id for e in events if e.order_id is not None])
    subjects: dict[str, list[int]] = {}
    for event in events:
        subjects.setdefault(event.subject_type, []).append(event.subject_id)
    named = {label: numbers(label, ids) for label, ids in subjects.items()}
    return {
        event.pk: json.dumps(
            {
                "type": event.kind,
                "timestamp": event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "data": {
                    "id": event.subject_id,
                    "subject_type": event.subject_type,
                    "number": named[event.subject_type].get(event.subject_id),
                    "order_id": event.order_id,
                    "order_number": orders.get(event.order_id) if event.order_id else None,
                    "origin": event.origin,
                    "details": thin(event.data),
                },
            }
        )
        for event in events
    }


def numbers(label: str, ids: Sequence[int]) -> dict[int, str]:
    """Return the numbers of documents; none where such rows have no number."""
    model = apps.get_model(label)
    names = {field.name for field in model._meta.concrete_fields}
    name = next((name for name in NUMBER_FIELDS if name in names), "")
    if not name or not ids:
        return {}
    return dict(model._base_manager.filter(pk__in=set(ids)).values_list("pk", name))


def thin(data: Mapping[str, Any]) -> dict[str, Any]:
    """Keep numbers, amounts and codes of an event's data."""
    return {
        name: value
        for name, value in data.items()
        if value is None
        or isinstance(value, (bool, int, float))
        or (isinstance(value, str) and CODE.fullmatch(value))
    }
