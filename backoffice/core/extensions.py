"""What a higher app adds to a lower document: the lower app iterates and names nobody."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Panel:
    """A tab on a document's page: `render(document, request)` returns safe HTML."""

    title: Text
    render: Callable[[Any, Any], str]


@dataclass(frozen=True, slots=True)
class Dialog:
    """A verb that asks for more than a reason: a button on a document's page and its form.

    `form(document, data)` is a Django form. `act(document, values, *, now, key)` makes one service
    call, raises BlockedError where it is refused, and returns where to go, or "" for back; `key`
    is the same when the form is sent twice. `reasons(document)` says why it is not possible now.
    """

    name: str
    label: Text
    permission: str
    form: Callable[..., Any]
    act: Callable[..., str]
    reasons: Callable[[Any], list[Text]]


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is missing, in words, and the page where whoever has the permission mends it."""

    text: Text
    label: Text
    url: str
    permission: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Where an obstacle is put right: a document, one of its verbs or dialogs, or a list."""

    label: Text
    document: str
    pk: int = 0
    verb: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a document where it is: `kind` for programs, `text` for people."""

    kind: str
    text: Text
    fixes: tuple[Fix, ...] = ()
    since: datetime | None = None


Obstacles = Callable[[list[int], datetime], Mapping[int, list[Obstacle]]]
Blocker = Callable[[list[int], str], dict[int, list[Text]]]
Effect = Callable[[list[int], str, datetime], list[Text]]
Finder = Callable[[str], Any]

_panels: dict[str, list[Panel]] = defaultdict(list)
_dialogs: dict[str, dict[str, Dialog]] = defaultdict(dict)
_obstacles: dict[str, list[Obstacles]] = defaultdict(list)
_blockers: dict[tuple[str, str], list[Blocker]] = defaultdict(list)
_effects: dict[tuple[str, str], list[Effect]] = defaultdict(list)
_finders: dict[str, list[Finder]] = defaultdict(list)
_remedies: dict[str, list[Callable[[Any], list[Remedy]]]] = defaultdict(list)
_merges: dict[str, list[Callable[[int, int], None]]] = defaultdict(list)


def panel(document: str, title: Text) -> Callable[[Callable[[Any, Any], str]], Any]:
    """Add a tab to a document's page."""

    def register(render: Callable[[Any, Any], str]) -> Any:
        _panels[document].append(Panel(title, render))
        return render

    return register


def dialog(document: str, item: Dialog) -> None:
    """Add a verb with a form to a document's page."""
    _dialogs[document][item.name] = item


def blocker(document: str, transition: str) -> Callable[[Blocker], Blocker]:
    """Add reasons why documents may not move: `(ids, transition) -> {id: [reason]}`, locked."""

    def register(function: Blocker) -> Blocker:
        _blockers[document, transition].append(function)
        return function

    return register


def obstacle(document: str) -> Callable[[Obstacles], Obstacles]:
    """Add what keeps documents from going on: `(ids, now) -> {id: [Obstacle]}`."""

    def register(function: Obstacles) -> Obstacles:
        _obstacles[document].append(function)
        return function

    return register


def effect(document: str, transition: str) -> Callable[[Effect], Effect]:
    """Add preview lines to a verb: `(ids, transition, now) -> [line]`."""

    def register(function: Effect) -> Effect:
        _effects[document, transition].append(function)
        return function

    return register


def finder(document: str) -> Callable[[Finder], Finder]:
    """Add what else finds a document in its list: `(term) -> queryset of its keys`, by an index."""

    def register(function: Finder) -> Finder:
        _finders[document].append(function)
        return function

    return register


def remedy(document: str) -> Callable[[Callable[[Any], list[Remedy]]], Any]:
    """Add what helps a row that is stuck: `(row) -> [Remedy]`."""

    def register(function: Callable[[Any], list[Remedy]]) -> Any:
        _remedies[document].append(function)
        return function

    return register


def merge(document: str) -> Callable[[Callable[[int, int], None]], Any]:
    """Add what merging two documents moves on this floor: `(from_id, to_id)`."""

    def register(function: Callable[[int, int], None]) -> Any:
        _merges[document].append(function)
        return function

    return register


def panels(document: str) -> list[Panel]:
    return _panels[document]


def dialogs(document: str) -> Mapping[str, Dialog]:
    return _dialogs[document]


def blockers(document: str, transition: str) -> list[Blocker]:
    return _blockers[document, transition]


def obstacles(document: str, ids: list[int], now: datetime) -> dict[int, list[Obstacle]]:
    """Return what keeps documents where they are, from the lowest floor up."""
    found: dict[int, list[Obstacle]] = {pk: [] for pk in ids}
    for function in _obstacles[document]:
        for pk, items in function(ids, now).items():
            found[pk] += items
    return found


def effects(document: str, transition: str, ids: list[int], now: datetime) -> list[Text]:
    """Return the preview lines that all floors add to a verb."""
    return [
        line
        for function in _effects[document, transition]
        for line in function(ids, transition, now)
    ]


def finders(document: str) -> list[Finder]:
    return _finders[document]


def remedies(document: str, row: Any) -> list[Remedy]:
    """Return what all floors know to help one row."""
    return [item for function in _remedies[document] for item in function(row)]


def merges(document: str) -> list[Callable[[int, int], None]]:
    return _merges[document]
