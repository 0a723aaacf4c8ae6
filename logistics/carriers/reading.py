"""What every carrier's parser needs: values made fit for the database, results read one by one."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from backoffice.core.reading import UNFIT, load, text
from logistics.carriers.base import ParsedScan, TrackResult


def day(value: Any) -> date | None:
    """Read an ISO 8601 day; None where there is none."""
    return date.fromisoformat(value) if value else None


def scan(
    at: datetime,
    code: Any,
    codes: dict[str, tuple[str, str]],
    *,
    description: Any = "",
    location: Any = "",
) -> ParsedScan:
    """Return a scan in our words: `codes` maps the carrier's to a ParcelStatus and ExceptionKind.

    A code that is not in it has no status: it is kept and moves nothing.
    """
    name = text(code, 60).upper()
    status, kind = codes.get(name, ("", ""))
    return ParsedScan(at, status, kind, name, text(description, 300), text(location, 200))


def results(
    body: bytes,
    items_of: Callable[[Any], Iterable[Any]],
    number_of: Callable[[Any], Any],
    read: Callable[[Any], TrackResult],
) -> list[TrackResult]:
    """Read what a carrier's JSON says about each number; an unfit one does not spoil the others.

    ValueError where the whole is no tracking answer at all.
    """
    read_ones = []
    data = load(body)
    try:
        for item in items_of(data):
            number = number_of(item)
            if not isinstance(number, str) or not number:
                raise ValueError("A result has no number.")
            try:
                read_ones.append(read(item))
            except UNFIT as error:
                read_ones.append(TrackResult(number, error=f"unreadable scans: {error}"[:300]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"This is no tracking answer: {error!r}") from error
    return read_ones
