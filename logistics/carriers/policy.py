"""When a parcel is looked at next: pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from logistics.choices import ON_THE_WAY, ParcelStatus

HOUR = timedelta(hours=1)
NIGHT_FROM, NIGHT_TO = time(22), time(6)
PUSH_TRUSTED = 36 * HOUR


@dataclass(frozen=True, slots=True)
class Watched:
    """What the time of the next look depends on."""

    status: str
    shipped_at: datetime
    promised_on: date | None
    first_scan_at: datetime | None
    push_seen_at: datetime | None
    push_enabled: bool
    zone: str
    pace: int = 1


def interval(watched: Watched, *, now: datetime) -> timedelta | None:
    """Return the time until the next look; None where no news is awaited."""
    if watched.status not in ON_THE_WAY:
        return None
    if (
        watched.push_enabled
        and watched.push_seen_at is not None
        and now - watched.push_seen_at < PUSH_TRUSTED
    ):
        return 24 * HOUR
    if watched.status == ParcelStatus.OUT_FOR_DELIVERY:
        return HOUR
    if watched.status == ParcelStatus.LOST:
        return 24 * HOUR
    age = now - watched.shipped_at
    if watched.first_scan_at is None:
        return 6 * HOUR if age < 48 * HOUR else 12 * HOUR
    if watched.promised_on is not None:
        zone = ZoneInfo(watched.zone)
        due = datetime.combine(watched.promised_on + timedelta(days=1), time(), zone)
        if timedelta(0) <= due - now < 36 * HOUR:
            return 4 * HOUR
        if now - due > 24 * HOUR:
            return 6 * HOUR if age < 30 * 24 * HOUR else 24 * HOUR
    if age > 30 * 24 * HOUR:
        return 24 * HOUR
    return 8 * HOUR if now - watched.first_scan_at < 24 * HOUR else 6 * HOUR


def next_poll(watched: Watched, *, now: datetime, jitter: float) -> datetime | None:
    """Return when to look next; `jitter` (0.9 to 1.1) scales the interval, nights are skipped."""
    wait = interval(watched, now=now)
    if wait is None:
        return None
    at = now + wait * jitter / watched.pace
    return at if watched.pace > 1 else after_night(at, watched.zone, jitter=jitter)


def after_night(at: datetime, zone: str, *, jitter: float) -> datetime:
    """Move an instant between 22:00 and 6:00 local time to the morning, spread over an hour."""
    local = at.astimezone(ZoneInfo(zone))
    if NIGHT_TO <= local.time() < NIGHT_FROM:
        return at
    day = local.date() + timedelta(days=1 if local.time() >= NIGHT_FROM else 0)
    morning = datetime.combine(day, NIGHT_TO, ZoneInfo(zone)).astimezone(at.tzinfo)
    return morning + timedelta(minutes=30) * (jitter - 0.9) * 10


def after_failure(failures: int, *, now: datetime, jitter: float) -> datetime:
    """Return when to look again after so many failures; `jitter` runs from 0.5 to 1.5."""
    wait = min(6 * HOUR, timedelta(minutes=15) * 2 ** min(failures, 6))
    return now + wait * jitter
