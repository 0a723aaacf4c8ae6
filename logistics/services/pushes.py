"""What carriers push: verified and stored by the webhook, read from the inbox here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backoffice.core.actor import service
from logistics.carriers.base import TrackResult
from logistics.choices import ScanSource
from logistics.models import CarrierAccount, Parcel
from logistics.services.polling import record_polls
from logistics.services.scans import Scan, Scanned, apply_scans


@dataclass(frozen=True, slots=True)
class Push:
    """A push that was read: the account's code and what it says about parcels."""

    account: str
    results: Sequence[TrackResult]


@service
def apply_pushes(pushes: Sequence[Push], *, now: datetime, reason: str = "") -> Scanned:
    """Apply pushed scans, and look less often at what was heard of."""
    codes = {p.account for p in pushes}
    accounts = dict(CarrierAccount.objects.filter(code__in=codes).values_list("code", "pk"))
    scans = [
        Scan(
            accounts[push.account],
            result.number,
            scan.occurred_at,
            scan.status,
            scan.kind,
            scan.code,
            scan.description,
            scan.location,
            ScanSource.PUSH,
        )
        for push in pushes
        if push.account in accounts
        for result in push.results
        for scan in result.scans
    ]
    applied = apply_scans(scans, now=now)
    numbers = {s.number for s in scans}
    heard = Parcel.objects.filter(account_id__in=accounts.values(), tracking_number__in=numbers)
    record_polls([], heard=list(heard.values_list("pk", flat=True)), now=now)
    return applied
