"""Delivery exceptions: opened by scans and by the clock, resolved by scans and by people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute, insert_rows
from backoffice.core.states import Outcome
from logistics.choices import ExceptionKind, ParcelStatus
from logistics.models import DeliveryException
from logistics.states import EXCEPTION


@dataclass(frozen=True, slots=True)
class OpenException:
    """A problem of one parcel."""

    parcel_id: int
    kind: str
    detail: str = ""


@service
def open_exceptions(
    commands: Sequence[OpenException], *, now: datetime, reason: str = ""
) -> list[int]:
    """Open exceptions; of one that is open already nothing is said. Return the new ones."""
    once = {(c.parcel_id, c.kind): c for c in commands}
    parcels = sorted({c.parcel_id for c in once.values()})
    rows = execute(
        "SELECT p.id, s.order_id FROM logistics_parcel p"
        " JOIN logistics_shipment s ON s.id = p.shipment_id WHERE p.id = ANY(%s)",
        [parcels],
    )
    orders: dict[int, int] = dict(rows)  # type: ignore[arg-type]
    wanted = [c for c in once.values() if c.parcel_id in orders]
    if not wanted:
        return []
    inserted = insert_rows(
        DeliveryException,
        {
            "parcel_id": [c.parcel_id for c in wanted],
            "order_id": [orders[c.parcel_id] for c in wanted],
            "kind": [c.kind for c in wanted],
            "detail": [c.detail[:300] for c in wanted],
        },
        constants={"opened_at": now},
        on_conflict="ON CONFLICT (parcel_id, kind) WHERE NOT (status = 'RESOLVED') DO NOTHING",
        returning="id, order_id, parcel_id, kind",
    )
    emit(
        "delivery_exception.opened",
        [
            Fact(pk, order_id, {"parcel_id": parcel_id, "kind": kind})
            for pk, order_id, parcel_id, kind in inserted
        ],
    )
    return [row[0] for row in inserted]


@service
def report_parcels(
    parcel_ids: Sequence[int], *, kind: str, now: datetime, detail: str = "", reason: str = ""
) -> Outcome:
    """Open an exception of one kind for each of many parcels."""
    told = detail or reason
    opened = open_exceptions([OpenException(pk, kind, told) for pk in parcel_ids], now=now)
    found = DeliveryException.objects.filter(pk__any=opened).values_list("parcel_id", flat=True)
    outcome = Outcome(sorted(parcel_ids))
    outcome.block(set(parcel_ids) - set(found), _("It has an open exception of this kind."))
    return outcome


@service
def acknowledge_exceptions(
    exception_ids: Sequence[int], *, now: datetime, reason: str = ""
) -> Outcome:
    """Say that somebody takes care."""
    return EXCEPTION.apply(exception_ids, "acknowledge")


@service
def resolve_exceptions(
    exception_ids: Sequence[int], *, now: datetime, reason: str = "", by_scan: bool = False
) -> Outcome:
    """Resolve exceptions; the reason is the resolution."""
    values = {"resolution": reason[:300], "is_resolved_by_scan": by_scan}
    outcome = EXCEPTION.check(exception_ids, "resolve")
    kinds = DeliveryException.objects.filter(pk__any=outcome.moved)
    data = {
        pk: {"kind": kind, "parcel_id": parcel, "by_scan": by_scan}
        for pk, kind, parcel in kinds.values_list("pk", "kind", "parcel_id")
    }
    EXCEPTION.move(outcome.moved, "resolve", values=values, data=data)
    return outcome


# What the clock finds, and any sign of life ends.
SILENCE = {ExceptionKind.NO_FIRST_SCAN, ExceptionKind.STUCK, ExceptionKind.LOST}
# What even an arrival leaves to a person.
STAYING = {ExceptionKind.DAMAGED, ExceptionKind.ARRIVED_ANYWAY}
# What is over once the parcel moves on; the rest needs a person.
PASSING = {
    ExceptionKind.ATTEMPT_FAILED,
    ExceptionKind.ADDRESS,
    ExceptionKind.CUSTOMS,
}


def _is_over(kind: str, status: str, current: str) -> bool:
    if status == ParcelStatus.DELIVERED:
        return kind not in STAYING
    if kind == current:
        return False
    if status == ParcelStatus.RETURNED:
        return kind not in STAYING
    moving = status in (ParcelStatus.IN_TRANSIT, ParcelStatus.OUT_FOR_DELIVERY)
    return kind in SILENCE or (kind in PASSING and moving)


def settle_by_scan(news: Mapping[int, tuple[str, str]], *, now: datetime) -> list[int]:
    """Resolve what new scans overcame: parcel → its status and the problem that it has now."""
    open_ = DeliveryException.objects.filter(parcel_id__any=list(news)).exclude(status="RESOLVED")
    over = [
        pk
        for pk, parcel_id, kind in open_.values_list("pk", "parcel_id", "kind")
        if _is_over(kind, *news[parcel_id])
    ]
    if over:
        resolve_exceptions(
            over, now=now, by_scan=True, reason=gettext_noop("a scan showed that it is over")
        )
    return over
