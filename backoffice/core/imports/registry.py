"""The kinds of file that are read: their columns, and who tries and loads their rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backoffice.core.extensions import Text


@dataclass(frozen=True, slots=True)
class Column:
    """A column that an importer reads; `parse` raises ValueError with what is wrong.

    `hint` says what may stand in it; `is_for_new` marks what only new rows need.
    """

    name: str
    label: Text
    parse: Callable[[str], Any] = str
    is_required: bool = True
    is_for_new: bool = False
    hint: Text = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One parsed line; a column that the file does not give is not among its values."""

    id: int
    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row does, or the reason why it is refused; details by column."""

    effect: str = ""
    details: Sequence[tuple[str, str]] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Importer:
    """A kind of file: its columns, who may bring it, and `load(rows, *, now, reason)`.

    `check(rows)` returns verdicts like `load` and leaves no trace; a row without a verdict is
    new. Lines with the same value in the column `group` are carried out together or not at all.
    No two lines may have the same values in the columns of `key`.
    """

    name: str
    label: Text
    columns: Sequence[Column]
    permission: str
    load: Callable[..., Mapping[int, Verdict]]
    check: Callable[[Sequence[Row]], Mapping[int, Verdict]] | None = None
    group: str = ""
    key: Sequence[str] = ()


IMPORTERS: dict[str, Importer] = {}


def importer(item: Importer) -> None:
    """Register a kind of file."""
    IMPORTERS[item.name] = item


def refused(ids: Sequence[int], reason: str) -> dict[int, Verdict]:
    """Return verdicts that refuse rows for one reason."""
    return dict.fromkeys(ids, Verdict(reason=reason))
