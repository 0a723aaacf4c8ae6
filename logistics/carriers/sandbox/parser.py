"""Reads the sandbox carrier's answers: pure."""

import json
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from logistics.carriers.base import Label, ParsedScan, TrackResult
from logistics.choices import ExceptionKind, ParcelStatus

# The carrier's codes in our words: the status a scan tells and the problem behind it.
CODES: dict[str, tuple[str, str]] = {
    "INFO": ("", ""),
    "ACCEPTED": (ParcelStatus.IN_TRANSIT, ""),
    "DEPARTED": (ParcelStatus.IN_TRANSIT, ""),
    "ARRIVED": (ParcelStatus.IN_TRANSIT, ""),
    "CUSTOMS_HELD": (ParcelStatus.EXCEPTION, ExceptionKind.CUSTOMS),
    "CUSTOMS_CLEARED": (ParcelStatus.IN_TRANSIT, ""),
    "OUT_FOR_DELIVERY": (ParcelStatus.OUT_FOR_DELIVERY, ""),
    "ATTEMPT_FAILED": (ParcelStatus.EXCEPTION, ExceptionKind.ATTEMPT_FAILED),
    "ADDRESS_UNKNOWN": (ParcelStatus.EXCEPTION, ExceptionKind.ADDRESS),
    "DAMAGED": (ParcelStatus.EXCEPTION, ExceptionKind.DAMAGED),
    "RETURNING": (ParcelStatus.RETURNING, ExceptionKind.RETURNING),
    "RETURNED": (ParcelStatus.RETURNED, ExceptionKind.RETURNING),
    "LOST": (ParcelStatus.LOST, ExceptionKind.LOST),
    "DELIVERED": (ParcelStatus.DELIVERED, ""),
}


def _text(value: Any) -> str:
    # The database takes no NUL.
    return value.replace("\x00", "") if isinstance(value, str) else ""


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("A scan's time has no zone.")
    return moment


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None


def _parse_scan(data: Any) -> ParsedScan:
    code = _text(data["code"]).upper()
    status, kind = CODES.get(code, ("", ""))
    return ParsedScan(
        occurred_at=_moment(data["time"]),
        status=status,
        kind=kind,
        code=code[:60],
        description=_text(data.get("description"))[:300],
        location=_text(data.get("location"))[:200],
    )


def _parse_parcel(data: Any) -> TrackResult:
    number = data["number"]
    if not isinstance(number, str) or not number:
        raise ValueError("A result has no number.")
    if data.get("error"):
        return TrackResult(number, error=str(data["error"])[:300])
    if not data.get("found", True):
        return TrackResult(number, is_known=False)
    try:
        scans = [_parse_scan(scan) for scan in data["scans"]]
        return TrackResult(number, scans, promised_on=_day(data.get("estimated_on")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # One number that cannot be read does not spoil the others.
        return TrackResult(number, error=f"unreadable scans: {error}"[:300])


def parse_tracking(body: bytes) -> list[TrackResult]:
    """Read an answer or a push; ValueError where it is not one at all."""
    try:
        return [_parse_parcel(item) for item in json.loads(body)["parcels"]]
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ValueError(f"This is no tracking answer: {error!r}") from error


def parse_label(body: bytes) -> Label:
    """Read a bought label; ValueError where it is none."""
    try:
        data = json.loads(body)
        number = data["tracking_number"]
        if not isinstance(number, str) or not 0 < len(number) <= 80:
            raise ValueError("The tracking number is missing.")
        return Label(
            tracking_number=number,
            url=_text(data.get("label_url"))[:500],
            cost=Decimal(data["cost"]),
            currency=_text(data["currency"])[:3],
            promised_on=_day(data.get("estimated_on")),
        )
    except (KeyError, TypeError, AttributeError, InvalidOperation, UnicodeDecodeError) as error:
        raise ValueError(f"This is no label: {error!r}") from error
