"""When a warehouse's night has come: pure reckoning with its time zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NIGHT = time(2)


def night_of(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the latest instant, at or before `now`, at which a night's planning was due there.

    Where clocks skip that hour it is due an hour later on the wall, where they repeat it, once,
    at the first.
    """
    day = now.astimezone(zone).date()
    due = _due(day, zone, now)
    if due > now:
        due = _due(day - timedelta(days=1), zone, now)
    return due


def _due(day: date, zone: ZoneInfo, now: datetime) -> datetime:
    # Compared as instants in the zone of `now`, never as wall clocks of the same zone.
    return datetime.combine(day, NIGHT, tzinfo=zone).astimezone(now.tzinfo)


def is_due(zone: ZoneInfo, *, since: datetime, until: datetime) -> bool:
    """Say whether a night's planning falls due after `since` and not after `until`."""
    return night_of(until, zone) > since
