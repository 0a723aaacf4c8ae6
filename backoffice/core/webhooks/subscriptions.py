"""Which events an endpoint wants: kinds, groups of kinds, and filters that higher floors add."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from backoffice.core.events import KINDS, patterns
from backoffice.core.extensions import Text


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A property of events: an SQL text expression over the event `e`, and its known values."""

    name: str
    label: Text
    sql: str
    values: Callable[[], Iterable[tuple[str, str]]]


FILTERS: dict[str, EventFilter] = {}


def event_filter(
    name: str, label: Text, sql: str, values: Callable[[], Iterable[tuple[str, str]]]
) -> None:
    """Let endpoints choose events by a property; an event without it does not pass."""
    FILTERS[name] = EventFilter(name, label, sql, values)


def selectable() -> list[str]:
    """Return what an endpoint may ask for: all, each group, each kind."""
    return sorted({pattern for kind in KINDS for pattern in patterns(kind)})


def check_filters(filters: Any) -> str:
    """Say what is wrong with filters; nothing where they are good."""
    if not isinstance(filters, dict):
        return _("Give an object: the filter's name with a list of values.")
    for name, chosen in filters.items():
        if name not in FILTERS:
            known = ", ".join(sorted(FILTERS))
            return _("There is no filter %(name)r; there are: %(known)s.") % {
                "name": name,
                "known": known,
            }
        if not isinstance(chosen, list) or not chosen:
            return _("Filter %(name)r needs a list of values.") % {"name": name}
        known_values = {value for value, _label in FILTERS[name].values()}
        if unknown := [str(value) for value in chosen if value not in known_values]:
            return _("Filter %(name)r does not know %(values)s.") % {
                "name": name,
                "values": ", ".join(unknown),
            }
    return ""


def matches() -> str:
    """Return the SQL condition under which endpoint `w` is told of event `e`."""
    wants = (
        "w.kinds && ARRAY[e.kind, split_part(e.kind, '.', 1) || '.*', '*']::varchar[]"
        " AND (e.origin <> 'DEMO' OR w.includes_demo)"
        " AND (e.subject_type <> 'core.webhookendpoint' OR e.subject_id = w.id)"
    )
    for name, item in FILTERS.items():
        wants += f" AND (NOT w.filters ? '{name}' OR w.filters -> '{name}' ? ({item.sql}))"
    return f"w.is_active AND {wants}"
