"""Reads the sandbox carrier's answers: pure."""

from decimal import Decimal
from typing import Any

from backoffice.core.reading import UNFIT, load, moment, text
from logistics.carriers.base import Label, TrackResult
from logistics.carriers.reading import day, results, scan
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


def parse_tracking(body: bytes) -> list[TrackResult]:
    """Read an answer or a push; ValueError where it is not one at all."""
    return results(body, lambda data: data["parcels"], lambda p: p["number"], _parse_parcel)


def _parse_parcel(data: Any) -> TrackResult:
    number = data["number"]
    if data.get("error"):
        return TrackResult(number, error=text(str(data["error"]), 300))
    if not data.get("found", True):
        return TrackResult(number, is_known=False)
    scans = [
        scan(
            moment(item["time"]),
            item["code"],
            CODES,
            description=item.get("description"),
            location=item.get("location"),
        )
        for item in data["scans"]
    ]
    return TrackResult(number, scans, promised_on=day(data.get("estimated_on")))


def parse_label(body: bytes) -> Label:
    """Read a bought label; ValueError where it is none."""
    data = load(body)
    try:
        number = data["tracking_number"]
        if not isinstance(number, str) or not 0 < len(number) <= 80:
            raise ValueError("The tracking number is missing.")
        return Label(
            tracking_number=number,
            url=text(data.get("label_url"), 500),
            cost=Decimal(data["cost"]),
            currency=text(data["currency"], 3),
            promised_on=day(data.get("estimated_on")),
        )
    except UNFIT as error:
        raise ValueError(f"This is no label: {error!r}") from error
