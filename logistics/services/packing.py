"""Packing: shipments become parcels, with what is in each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import service
from backoffice.core.choices import Origin
from backoffice.core.locks import lock
from backoffice.core.origins import inherited
from backoffice.core.sql import execute, insert_rows, next_ids
from backoffice.core.states import Outcome
from logistics.carriers.registry import ADAPTERS
from logistics.choices import ParcelStatus
from logistics.models import (
    CarrierAccount,
    LabelRequest,
    Parcel,
    ParcelLine,
    Tracking,
)
from logistics.services.numbers import TAKEN, taken_numbers
from logistics.services.picking import orders_of
from logistics.states import PARCEL, SHIPMENT
from orders.models import Order
from orders.services.fulfilment import start_picking

UNKNOWN_ACCOUNT = gettext_lazy("There is no such carrier account in use.")
NO_ACCOUNT = gettext_lazy(
    "No carrier account in use is the usual one: tick “used where nothing else is said” in one."
)


@dataclass(frozen=True, slots=True)
class NewParcel:
    """A parcel: by default all units, the usual carrier account and its usual service.

    `lines` maps shipment lines to units. A tracking number that is known already (the seller's,
    an imported one) makes the parcel labelled; otherwise its label is bought, or the parcel waits
    for its number where the carrier tracks and sells no labels.
    """

    lines: Mapping[int, int] | None = None
    account_id: int | None = None
    service: str = ""
    tracking_number: str = ""
    weight_grams: int | None = None


@dataclass(frozen=True, slots=True)
class PackShipment:
    """A shipment and the parcels that it goes into."""

    shipment_id: int
    parcels: Sequence[NewParcel] = (NewParcel(),)


@dataclass(slots=True)
class Packed(Outcome):
    """The shipments that are packed, and their parcels by shipment."""

    parcel_ids: dict[int, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Draft:
    shipment_id: int
    account: CarrierAccount
    service: str
    number: str
    weight: int
    lines: Mapping[int, int]
    # No number is known yet, and the carrier knows parcels by theirs.
    is_nameless: bool

    @property
    def status(self) -> str:
        return ParcelStatus.CREATED if self.is_nameless else ParcelStatus.LABELLED

    @property
    def buys_label(self) -> bool:
        return self.is_nameless and ADAPTERS[self.account.adapter].buys_labels


LINES = """
SELECT sl.shipment_id, sl.id, sl.quantity, k.weight_grams FROM logistics_shipmentline sl
JOIN orders_orderline l ON l.id = sl.order_line_id LEFT JOIN inventory_sku k ON k.id = l.sku_id
WHERE sl.shipment_id = ANY(%s) AND sl.quantity > 0 ORDER BY sl.id
"""
PROMISES = """
SELECT s.id, o.promised_on FROM logistics_shipment s JOIN orders_order o ON o.id = s.order_id
WHERE s.id = ANY(%s)
"""


@service
def pack_shipments(commands: Sequence[PackShipment], *, now: datetime, reason: str = "") -> Packed:
    """Pack shipments into parcels; every unit goes into exactly one."""
    by_shipment = {c.shipment_id: c for c in commands}
    orders = orders_of(list(by_shipment))
    lock(Order, orders.values())
    checked = SHIPMENT.check(by_shipment, "pack")
    outcome = Packed(checked.moved, checked.blocked, {})
    drafts = _draft(outcome, by_shipment)
    _block_taken(outcome, drafts)
    going = set(outcome.moved)
    drafts = [d for d in drafts if d.shipment_id in going]
    if not drafts:
        return outcome
    SHIPMENT.move(
        outcome.moved,
        "pack",
        data={i: {"parcels": len(by_shipment[i].parcels)} for i in outcome.moved},
    )
    outcome.parcel_ids = _insert(drafts, now)
    # What the seller packs was never picked; from here on it cannot be cancelled by a click.
    start_picking([orders[i] for i in outcome.moved], now=now)
    return outcome


def _draft(outcome: Packed, commands: Mapping[int, PackShipment]) -> list[_Draft]:
    units: dict[int, dict[int, int]] = {}
    weights: dict[int, int] = {}
    for shipment, line, quantity, weight in execute(LINES, [outcome.moved]):
        units.setdefault(shipment, {})[line] = quantity
        weights[line] = weight or 0
    accounts = CarrierAccount.objects.filter(is_active=True).in_bulk()
    usual = next((a for a in accounts.values() if a.is_default), None)
    origins = inherited([("logistics.shipment", i) for i in outcome.moved])
    drafts = []
    for shipment, origin in zip(list(outcome.moved), origins, strict=True):
        parcels = commands[shipment].parcels
        have = units.get(shipment, {})
        mine = []
        for parcel in parcels:
            account = usual if parcel.account_id is None else accounts.get(parcel.account_id)
            lines = have if parcel.lines is None else parcel.lines
            if account is None or account.adapter not in ADAPTERS:
                outcome.block(
                    [shipment], NO_ACCOUNT if parcel.account_id is None else UNKNOWN_ACCOUNT
                )
                break
            service = parcel.service or (account.services or [""])[0]
            weight = parcel.weight_grams
            if weight is None:
                weight = sum(weights.get(line, 0) * n for line, n in lines.items())
            number = parcel.tracking_number.strip()[:80]
            # For what is imported nobody is called.
            adapter = ADAPTERS[account.adapter]
            is_known = adapter.buys_labels or adapter.tracks
            is_nameless = is_known and not number and origin != Origin.IMPORT
            draft = _Draft(shipment, account, service[:40], number, weight, lines, is_nameless)
            mine.append(draft)
        else:
            packed: dict[int, int] = {}
            for draft in mine:
                for line, n in draft.lines.items():
                    packed[line] = packed.get(line, 0) + (n if n > 0 else -1_000_000)
            if not have or packed != have or not all(d.lines for d in mine):
                text = _("The parcels do not hold each unit of the shipment exactly once.")
                outcome.block([shipment], text)
            else:
                drafts += mine
    return drafts


def _block_taken(outcome: Packed, drafts: Sequence[_Draft]) -> None:
    numbered = [d for d in drafts if d.number]
    keys = [(d.account.pk, d.number) for d in numbered]
    seen = {(account, number) for account, number, _pk in taken_numbers(keys)}
    for draft in numbered:
        key = (draft.account.pk, draft.number)
        if key in seen:
            outcome.block([draft.shipment_id], TAKEN)
        seen.add(key)


def _insert(drafts: Sequence[_Draft], now: datetime) -> dict[int, list[int]]:
    ids = next_ids(Parcel, len(drafts))
    promises: dict[int, Any] = dict(
        execute(PROMISES, [[d.shipment_id for d in drafts]])  # type: ignore[arg-type]
    )
    labelled = [d.status == ParcelStatus.LABELLED for d in drafts]
    insert_rows(
        Parcel,
        {
            "id": ids,
            "shipment_id": [d.shipment_id for d in drafts],
            "account_id": [d.account.pk for d in drafts],
            "service": [d.service for d in drafts],
            "tracking_number": [d.number for d in drafts],
            "status": [d.status for d in drafts],
            "weight_grams": [d.weight for d in drafts],
            "promised_on": [promises[d.shipment_id] for d in drafts],
            "labelled_at": [now if done else None for done in labelled],
        },
    )
    content = [
        (pk, line, n) for pk, d in zip(ids, drafts, strict=True) for line, n in d.lines.items()
    ]
    insert_rows(
        ParcelLine,
        {
            "parcel_id": [pk for pk, _, _ in content],
            "shipment_line_id": [line for _, line, _ in content],
            "quantity": [n for _, _, n in content],
        },
    )
    insert_rows(
        Tracking,
        {"parcel_id": ids, "account_id": [d.account.pk for d in drafts]},
        returning="parcel_id",
    )
    PARCEL.tell([pk for pk, done in zip(ids, labelled, strict=True) if done], "label")
    _request_labels([(pk, d) for pk, d in zip(ids, drafts, strict=True)], now)
    by_shipment: dict[int, list[int]] = {}
    for pk, draft in zip(ids, drafts, strict=True):
        by_shipment.setdefault(draft.shipment_id, []).append(pk)
    return by_shipment


def _request_labels(parcels: Sequence[tuple[int, _Draft]], now: datetime) -> None:
    """Queue the buying of labels."""
    wanted = [(pk, d) for pk, d in parcels if d.buys_label]
    if wanted:
        insert_rows(
            LabelRequest,
            {
                "parcel_id": [pk for pk, _ in wanted],
                "account_id": [d.account.pk for _, d in wanted],
            },
            constants={"next_attempt_at": now},
            returning="parcel_id",
        )


@service
def pack_whole(shipment_ids: Sequence[int], *, now: datetime, reason: str = "") -> Packed:
    """Pack each shipment into one parcel of the usual carrier."""
    return pack_shipments([PackShipment(i) for i in shipment_ids], now=now, reason=reason)
