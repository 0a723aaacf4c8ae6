"""Labels: claimed, bought outside of any transaction, recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from backoffice.core.actor import service
from backoffice.core.locks import claim, lock
from backoffice.core.secrets import reveal
from backoffice.core.sql import execute, per_row
from logistics.carriers.base import Access, Label, LabelOrder
from logistics.models import LabelRequest, Parcel
from logistics.states import PARCEL

LEASE = timedelta(minutes=3)
ATTEMPTS = 12
DUE = """
SELECT parcel_id FROM logistics_labelrequest
WHERE refused_at IS NULL AND next_attempt_at <= %s ORDER BY next_attempt_at LIMIT %s
"""
WANTED = """
SELECT p.id, p.number, p.service, p.weight_grams, a.id, a.adapter, a.base_url, a.api_key,
  o.order_number,
  w.recipient, w.line1, w.city, w.postal_code, w.country,
  t.recipient, t.company, t.line1, t.line2, t.city, t.region, t.postal_code, t.country, t.phone
FROM logistics_parcel p
JOIN logistics_carrieraccount a ON a.id = p.account_id
JOIN logistics_shipment s ON s.id = p.shipment_id
JOIN orders_order o ON o.id = s.order_id
JOIN core_address t ON t.id = o.ship_to_id
LEFT JOIN inventory_warehouse h ON h.id = s.warehouse_id
LEFT JOIN core_address w ON w.id = h.address_id
WHERE p.id = ANY(%s) AND p.status = 'CREATED' ORDER BY p.id
"""
FROM_NAMES = ("name", "line1", "city", "postal_code", "country")
TO_NAMES = (
    "name",
    "company",
    "line1",
    "line2",
    "city",
    "region",
    "postal_code",
    "country",
    "phone",
)


@dataclass(frozen=True, slots=True)
class LabelJob:
    """A label to be bought, and where."""

    parcel_id: int
    adapter: str
    access: Access
    order: LabelOrder


@dataclass(frozen=True, slots=True)
class LabelAnswer:
    """What came of buying a label: the label, or why not and whether to try again."""

    parcel_id: int
    label: Label | None = None
    error: str = ""
    is_final: bool = False
    retry_after: float = 0


@service
def claim_labels(*, now: datetime, limit: int = 100) -> list[LabelJob]:
    """Claim labels to be bought; a crash makes them due again when the lease ends."""
    ids = claim(DUE, [now, limit])
    if not ids:
        return []
    LabelRequest.objects.filter(pk__any=ids).update(
        next_attempt_at=now + LEASE, attempts=F("attempts") + 1
    )
    jobs = []
    for row in execute(WANTED, [ids]):
        pk, number, service_, weight, account, adapter, url, key, order = row[:9]
        sender = {n: v or "" for n, v in zip(FROM_NAMES, row[9:14], strict=True)}
        recipient = dict(zip(TO_NAMES, row[14:], strict=True))
        # The parcel's own number is the key: after an unknown outcome the same label comes back.
        label = LabelOrder(number, service_, weight, order, sender, recipient)
        jobs.append(LabelJob(pk, adapter, Access(account, url, reveal(key)), label))
    return jobs


@service
def record_labels(answers: Sequence[LabelAnswer], *, now: datetime, reason: str = "") -> list[int]:
    """Record what the carriers answered; return the parcels that are labelled now.

    A parcel that was called off meanwhile keeps no label.
    """
    good = {a.parcel_id: a.label for a in answers if a.label is not None}
    moved = PARCEL.check(good, "label").moved
    labels = {pk: good[pk] for pk in moved}
    if moved:
        columns: dict[str, dict[int, Any]] = {
            "tracking_number": {pk: label.tracking_number for pk, label in labels.items()},
            "label_url": {pk: label.url for pk, label in labels.items()},
            "label_cost": {pk: label.cost for pk, label in labels.items()},
            "label_currency": {pk: label.currency for pk, label in labels.items()},
        }
        values = {name: per_row(Parcel, name, column) for name, column in columns.items()}
        data = {
            pk: {"cost": label.cost, "currency": label.currency} for pk, label in labels.items()
        }
        PARCEL.move(moved, "label", values=values, data=data, versioned=False)
    LabelRequest.objects.filter(pk__any=list(good)).delete()
    _record_failures([a for a in answers if a.label is None], now)
    return moved


FAILED = """
UPDATE logistics_labelrequest r SET error = f.error,
  refused_at = CASE WHEN f.is_final OR r.attempts >= %(attempts)s THEN %(now)s END,
  next_attempt_at = %(now)s + make_interval(secs => greatest(f.wait,
    least(3600, 15 * power(2, least(r.attempts, 10))) * (0.75 + random() / 2)))
FROM unnest(%(ids)s::bigint[], %(errors)s::text[], %(final)s::bool[], %(waits)s::float[])
  AS f(id, error, is_final, wait) WHERE r.parcel_id = f.id
"""


def _record_failures(answers: Sequence[LabelAnswer], now: datetime) -> None:
    if answers:
        execute(
            FAILED,
            {
                "attempts": ATTEMPTS,
                "now": now,
                "ids": [a.parcel_id for a in answers],
                "errors": [a.error[:300] for a in answers],
                "final": [a.is_final for a in answers],
                "waits": [a.retry_after for a in answers],
            },
        )


@service
def retry_labels(parcel_ids: Sequence[int], *, now: datetime, reason: str = "") -> int:
    """Try refused labels again, after somebody put right what was wrong."""
    ids = lock(LabelRequest, parcel_ids)
    return LabelRequest.objects.filter(pk__any=ids, refused_at__isnull=False).update(
        refused_at=None, next_attempt_at=now, attempts=0, error=""
    )
