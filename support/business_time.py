"""Business time: instants and minutes within working hours, exact over clock changes.

An instant is business time where its wall-clock time in the zone lies in one of the day's
intervals and the day is no holiday. Durations are elapsed time: a shift over the night on which
clocks go back is an hour longer, one over the spring night an hour shorter.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HORIZON_DAYS = 400
Interval = tuple[datetime, datetime]
# Minutes after midnight; 1440 is the end of the day.
Span = tuple[int, int]


class NoBusinessTimeError(ValueError):
    """The calendar has no working hours within more than a year."""


@dataclass(frozen=True)
class BusinessHours:
    """A week of working hours in one zone, less its holidays."""

    zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()

    def is_open(self, at: datetime) -> bool:
        """Say whether an instant lies in working hours."""
        day = at.astimezone(ZoneInfo(self.zone)).date()
        return any(start <= at < end for start, end in self.intervals(day))

    def intervals(self, day: date) -> list[Interval]:
        """Return a local day's working intervals as UTC instants, ascending and disjoint."""
        if day in self.holidays:
            return []
        return day_intervals(self.zone, day, self.week[day.weekday()])

    def add(self, start: datetime, minutes: int) -> datetime:
        """Return the instant when so many business minutes have passed since `start`.

        With zero minutes, `start` itself or the next opening. NoBusinessTimeError where the
        calendar never opens.
        """
        left = timedelta(minutes=minutes)
        for begin, end in self._from(start):
            begin = max(begin, start)
            if end - begin > left or (end - begin == left and left):
                return begin + left
            left -= end - begin
        raise NoBusinessTimeError("These working hours never open.")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the business time from `start` to `end`; zero where it is not later."""
        total = timedelta()
        if end <= start:
            return total
        for begin, stop in self._until(start, end):
            total += max(timedelta(), min(stop, end) - max(begin, start))
        return total

    def _from(self, start: datetime) -> Iterator[Interval]:
        first = start.astimezone(ZoneInfo(self.zone)).date()
        for n in range(HORIZON_DAYS):
            for begin, end in self.intervals(first + timedelta(days=n)):
                if end > start:
                    yield begin, end

    def _until(self, start: datetime, end: datetime) -> Iterator[Interval]:
        zone = ZoneInfo(self.zone)
        day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
        while day <= last:
            yield from self.intervals(day)
            day += timedelta(days=1)


def parse_week(week: Mapping[str, Sequence[Sequence[str]]]) -> tuple[tuple[Span, ...], ...]:
    """Read `{"mon": [["09:00", "12:00"], …]}`; ValueError where it is no week of intervals."""
    unknown = set(week) - set(DAYS)
    if unknown:
        raise ValueError(f"Unknown day {sorted(unknown)[0]!r}; use {', '.join(DAYS)}.")
    parsed = []
    for day in DAYS:
        spans = [(_minutes(start), _minutes(end)) for start, end in week.get(day, [])]
        if any(start >= end for start, end in spans):
            raise ValueError(f"An interval of {day} ends before it starts.")
        if any(a[1] > b[0] for a, b in zip(spans, spans[1:], strict=False)):
            raise ValueError(f"The intervals of {day} overlap or are not in order.")
        parsed.append(tuple(spans))
    return tuple(parsed)


def _minutes(text: str) -> int:
    if text == "24:00":
        return 1440
    parsed = time.fromisoformat(text)
    return parsed.hour * 60 + parsed.minute


@lru_cache(maxsize=4096)
def _pieces(zone_name: str, day: date) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """Return the spans of constant UTC offset that a local day consists of."""
    zone = ZoneInfo(zone_name)
    midnight, following = datetime.combine(day, time()), datetime.combine(day, time())
    following += timedelta(days=1)
    before = midnight.replace(tzinfo=zone, fold=0).utcoffset() or timedelta()
    after = following.replace(tzinfo=zone, fold=1).utcoffset() or timedelta()
    start, end = (midnight - before).replace(tzinfo=UTC), (following - after).replace(tzinfo=UTC)
    if before == after:
        return ((start, end, before),)
    low, high = start - timedelta(hours=3), end + timedelta(hours=3)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return ((start, high, before), (high, end, after))


def _offset(zone: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def day_intervals(zone: str, day: date, spans: Sequence[Span]) -> list[Interval]:
    """Return wall-clock spans of one local day as UTC instants, ascending and merged."""
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    found: list[Interval] = []
    for piece_start, piece_end, offset in _pieces(zone, day):
        for opens, closes in spans:
            begin = max(midnight + timedelta(minutes=opens) - offset, piece_start)
            end = min(midnight + timedelta(minutes=closes) - offset, piece_end)
            if begin < end:
                found.append((begin, end))
    merged: list[Interval] = []
    for begin, end in sorted(found):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
