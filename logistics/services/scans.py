"""What carriers saw: one door for poller, push, import and hand, safe to knock at twice.

A parcel's status is a function of the set of its scans, whatever the order in which they come: a
delivery is final (the earliest counts), a return gives way to a delivery only, else the latest
scan that says anything decides.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.core.actor import current_unit, service
from backoffice.core.choices import Origin
from backoffice.core.locks import lock
from backoffice.core.sql import execute, insert_rows, per_row
from backoffice.core.states import Outcome, Text
from logistics.choices import NOT_LEFT, ExceptionKind, ParcelStatus, Remedy, ScanSource
from logistics.models import Parcel, Shipment, TrackingEvent
from logistics.services.exceptions import OpenException, open_exceptions, settle_by_scan
from logistics.services.handover import hand_over_parcels, lock_family
from logistics.states import BY_SCAN, PARCEL, SHIPMENT
from orders.models import Order
from orders.services.fulfilment import LineUnits, record_delivered

UNKNOWN = _("No parcel of this account has this number.")


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a parcel, named by its account and tracking number, or by its id.

    `status` is one of ours, or empty for news that moves nothing; `kind` is the problem behind it.
    """

    account_id: int
    number: str
    occurred_at: datetime
    status: str = ""
    kind: str = ""
    code: str = ""
    description: str = ""
    location: str = ""
    source: str = ScanSource.POLL
    parcel_id: int | None = None

    @property
    def name(self) -> tuple[int, str, int | None]:
        """Return by what its parcel is found."""
        return self.account_id, self.number, self.parcel_id

    def digest(self) -> bytes:
        """Return what makes a scan the same scan, whichever way it came."""
        parts = (
            str(self.account_id),
            self.occurred_at.astimezone(UTC).isoformat(),
            self.code,
            self.description,
            self.location,
        )
        return hashlib.sha256("|".join(parts).encode()).digest()


@dataclass(slots=True)
class Scanned:
    """What scans did: new ones by parcel, parcels that moved, scans that fit no parcel."""

    new: dict[int, int] = field(default_factory=dict)
    moved: list[int] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    refused: dict[int, Text] = field(default_factory=dict)


FIND = """
WITH name AS (
  SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS n(account, number, parcel)
), found AS (
  SELECT n.*, p.id, p.status, p.shipment_id FROM name n
  JOIN logistics_parcel p ON p.account_id = n.account AND p.tracking_number = n.number
    AND p.tracking_number <> '' WHERE n.parcel IS NULL
  UNION ALL
  SELECT n.*, p.id, p.status, p.shipment_id FROM name n JOIN logistics_parcel p ON p.id = n.parcel
)
SELECT f.account, f.number, f.parcel, f.id, f.status, f.shipment_id, s.order_id,
  f.status <> 'DELIVERED' AND EXISTS (SELECT FROM logistics_trackingevent e
    WHERE e.parcel_id = f.id AND e.status = 'DELIVERED') AS is_due
FROM found f JOIN logistics_shipment s ON s.id = f.shipment_id
"""
# DELIVERED beats RETURNED beats the latest; of deliveries the earliest counts.
RESULT = """
SELECT DISTINCT ON (e.parcel_id) e.parcel_id, p.status, e.status, e.kind, e.occurred_at,
  e.description
FROM logistics_trackingevent e JOIN logistics_parcel p ON p.id = e.parcel_id
WHERE e.parcel_id = ANY(%s) AND e.status <> ''
ORDER BY e.parcel_id, (e.status = 'DELIVERED') DESC, (e.status = 'RETURNED') DESC,
  CASE WHEN e.status = 'DELIVERED' THEN e.occurred_at END, e.occurred_at DESC,
  array_position(ARRAY['IN_TRANSIT', 'OUT_FOR_DELIVERY', 'EXCEPTION', 'RETURNING', 'LOST',
    'RETURNED', 'DELIVERED'], e.status::text) DESC NULLS LAST, e.digest
"""
FIRST = """
SELECT parcel_id, min(occurred_at) FROM logistics_trackingevent
WHERE parcel_id = ANY(%s) AND status <> '' GROUP BY parcel_id
"""
SEEN = """
UPDATE logistics_tracking t SET
  first_scan_at = least(t.first_scan_at, s.first), last_scan_at = greatest(t.last_scan_at, s.last),
  push_seen_at = CASE WHEN s.pushed THEN greatest(t.push_seen_at, %s) ELSE t.push_seen_at END
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::bool[])
  AS s(parcel, first, last, pushed)
WHERE t.parcel_id = s.parcel
"""


@service
def apply_scans(scans: Sequence[Scan], *, now: datetime, reason: str = "") -> Scanned:
    """Store scans once each and move their parcels to where all scans together say they are."""
    result = Scanned()
    names = sorted({s.name for s in scans}, key=str)
    rows = execute(FIND, [[name[n] for name in names] for n in range(3)])
    found = {(account, number, parcel): rest for account, number, parcel, *rest in rows}
    known: list[tuple[int, Scan]] = []
    for position, scan in enumerate(scans):
        row = found.get(scan.name)
        if row is None or row[1] == ParcelStatus.CANCELLED:
            result.refused[position] = UNKNOWN
        else:
            known.append((row[0], scan))
    if not known:
        return result
    parcels = sorted({pk for pk, _ in known})
    _lock(found.values(), known)
    lock(Parcel, parcels)
    result.new = _store(known, now)
    _hand_over_implied(parcels, now)
    _advance(parcels, result, now)
    return result


@service
def follow_scans(parcel_ids: Sequence[int], *, now: datetime, reason: str = "") -> Scanned:
    """Move parcels that were handed over after their scans came to where these say they are."""
    result = Scanned()
    seen = TrackingEvent.objects.filter(
        parcel_id__any=list(parcel_ids), parcel__status=ParcelStatus.IN_TRANSIT
    )
    ids = list(seen.exclude(status="").values_list("parcel_id", flat=True).distinct())
    if ids:
        lock_family(ids)
        _advance(ids, result, now)
    return result


def _lock(rows: object, known: Sequence[tuple[int, Scan]]) -> None:
    """Lock order and shipment of parcels that these scans may hand over or deliver."""
    by_parcel = {row[0]: row for row in rows}  # type: ignore[attr-defined]
    deep = [
        by_parcel[pk]
        for pk, scan in known
        if scan.status == ParcelStatus.DELIVERED or by_parcel[pk][1] in NOT_LEFT or by_parcel[pk][4]
    ]
    lock(Order, [row[3] for row in deep])
    lock(Shipment, [row[2] for row in deep])


def _store(known: Sequence[tuple[int, Scan]], now: datetime) -> dict[int, int]:
    once = {(pk, scan.digest()): scan for pk, scan in known}
    rows = insert_rows(
        TrackingEvent,
        {
            "parcel_id": [pk for pk, _ in once],
            "digest": [digest for _, digest in once],
            "status": [s.status for s in once.values()],
            "kind": [s.kind for s in once.values()],
            "code": [s.code[:60] for s in once.values()],
            "description": [s.description[:300] for s in once.values()],
            "location": [s.location[:200] for s in once.values()],
            "source": [s.source for s in once.values()],
            "occurred_at": [s.occurred_at for s in once.values()],
        },
        constants={"recorded_at": now},
        on_conflict="ON CONFLICT (parcel_id, digest) DO NOTHING",
        returning="parcel_id",
    )
    new: dict[int, int] = {}
    for (pk,) in rows:
        new[pk] = new.get(pk, 0) + 1
    _note(known)
    return new


def _note(known: Sequence[tuple[int, Scan]]) -> None:
    """Write when parcels were seen; news that moves nothing is no sight of a parcel."""
    first: dict[int, datetime] = {}
    last: dict[int, datetime] = {}
    pushed: dict[int, bool] = {}
    for pk, scan in known:
        pushed[pk] = pushed.get(pk, False) or scan.source == ScanSource.PUSH
        if scan.status:
            first[pk] = min(scan.occurred_at, first.get(pk, scan.occurred_at))
            last[pk] = max(scan.occurred_at, last.get(pk, scan.occurred_at))
    ids = sorted(pushed)
    execute(
        SEEN,
        [
            current_unit().now,
            ids,
            [first.get(i) for i in ids],
            [last.get(i) for i in ids],
            [pushed[i] for i in ids],
        ],
    )


def _hand_over_implied(parcels: Sequence[int], now: datetime) -> None:
    """Hand over labelled parcels that the carrier has scanned: they have left, whoever forgot."""
    still = Parcel.objects.filter(pk__any=list(parcels), status=ParcelStatus.LABELLED)
    ids = list(still.values_list("pk", flat=True))
    if ids:
        first = dict(execute(FIRST, [ids]))  # type: ignore[arg-type]
        hand_over_parcels(
            list(first), now=now, at=first, reason=gettext_noop("scanned by the carrier")
        )


def _advance(parcels: Sequence[int], result: Scanned, now: datetime) -> None:
    rows = execute(RESULT, [list(parcels)])
    targets: dict[str, dict[int, datetime]] = {}
    for pk, status, target, _kind, at, _text in rows:
        if target != status and status not in NOT_LEFT:
            targets.setdefault(target, {})[pk] = at
    for target, times in targets.items():
        _move(target, times, result, now)
    _tell_problems(rows, result, now)


def _move(target: str, times: dict[int, datetime], result: Scanned, now: datetime) -> None:
    name = BY_SCAN[ParcelStatus(target)]
    moved = PARCEL.check(times, name).moved
    at = {pk: times[pk] for pk in moved}
    if not moved:
        return
    values = {"delivered_at": per_row(Parcel, "delivered_at", at)} if name == "deliver" else {}
    data = {pk: {"status": target} for pk in moved}
    PARCEL.move(moved, name, data=data, values=values, times=at, versioned=False)
    result.moved += moved
    if name == "deliver":
        result.delivered += moved
        deliver_units(at, now=now)


UNITS = """
SELECT sl.order_line_id, pl.quantity, pl.parcel_id FROM logistics_parcelline pl
JOIN logistics_shipmentline sl ON sl.id = pl.shipment_line_id
JOIN logistics_parcel p ON p.id = pl.parcel_id AND p.given_up_at IS NULL
WHERE pl.parcel_id = ANY(%s) ORDER BY pl.id
"""
# Shipments that wait for no parcel any more, and when the last one arrived, if any did.
ENDED = """
SELECT s.id, max(p.delivered_at) FROM logistics_shipment s
LEFT JOIN logistics_parcel p ON p.shipment_id = s.id AND p.status <> 'CANCELLED'
  AND p.given_up_at IS NULL
WHERE s.id = ANY(SELECT shipment_id FROM logistics_parcel WHERE id = ANY(%s))
  AND s.status = 'SHIPPED'
GROUP BY s.id HAVING coalesce(bool_and(p.status = 'DELIVERED'), true)
"""


def deliver_units(at: dict[int, datetime], *, now: datetime) -> None:
    """Tell orders what arrived, and close shipments whose parcels all did; inside a service.

    What was given up is counted no more, whenever it arrives: somebody has to look at it.
    """
    ids = list(at)
    units = [LineUnits(line, n, at[pk]) for line, n, pk in execute(UNITS, [ids])]
    close_shipments(ids)
    if units:
        record_delivered(units, now=now)
    given_up = Parcel.objects.filter(pk__any=ids, given_up_at__isnull=False).order_by("pk")
    late = [
        OpenException(pk, ExceptionKind.ARRIVED_ANYWAY, str(Remedy(remedy).label))
        for pk, remedy in given_up.values_list("pk", "remedy")
    ]
    if late:
        open_exceptions(late, now=now)


def close_shipments(parcel_ids: Sequence[int]) -> None:
    """Close locked shipments whose parcels all arrived or were given up; inside a service."""
    ended = execute(ENDED, [list(parcel_ids)])
    times: dict[int, datetime] = {pk: at for pk, at in ended if at is not None}
    values = {"delivered_at": per_row(Shipment, "delivered_at", times)} if times else {}
    SHIPMENT.move(sorted(times), "deliver", values=values, times=times, versioned=False)
    SHIPMENT.move(sorted(pk for pk, at in ended if at is None), "give_up", versioned=False)


def _tell_problems(rows: Sequence[tuple], result: Scanned, now: datetime) -> None:
    """Open what the deciding scans complain of, and close what they have overcome."""
    if current_unit().actor.origin == Origin.IMPORT:
        return
    fresh = [row for row in rows if row[0] in result.new]
    settle_by_scan({pk: (target, kind) for pk, _, target, kind, _, _ in fresh}, now=now)
    given_up = Parcel.objects.filter(pk__any=list(result.new), given_up_at__isnull=False)
    over = set(given_up.values_list("pk", flat=True))
    commands = [
        OpenException(pk, kind, text[:300])
        for pk, _, _target, kind, _, text in fresh
        if kind and pk not in over
    ]
    if commands:
        open_exceptions(commands, now=now)


@service
def deliver_by_hand(parcel_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Note parcels as delivered now, for carriers that tell nobody."""
    lock_family(parcel_ids)
    outcome = PARCEL.check(parcel_ids, "deliver")
    accounts = Parcel.objects.filter(pk__any=outcome.moved).values_list("pk", "account_id")
    apply_scans(
        [
            Scan(
                account,
                "",
                now,
                ParcelStatus.DELIVERED,
                code="MANUAL",
                description=reason,
                source=ScanSource.MANUAL,
                parcel_id=pk,
            )
            for pk, account in accounts
        ],
        now=now,
    )
    return outcome
