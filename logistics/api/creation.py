"""Parcels to be packed and problems to be noted; each is one service call for all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.core.api.creation import Made
from backoffice.core.api.references import ids_of
from backoffice.core.states import GONE, Text
from logistics.models import CarrierAccount, DeliveryException, Parcel, Shipment
from logistics.services.exceptions import OpenException, open_exceptions
from logistics.services.packing import NewParcel, PackShipment, pack_shipments

TWICE = _("The shipment is named twice.")


def pack(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Pack shipments into parcels; every unit goes into exactly one."""
    shipments = ids_of(Shipment.objects.all(), "number", (item["shipment"] for item in items))
    codes = (p["account"] for item in items for p in item["parcels"] if "account" in p)
    accounts = ids_of(CarrierAccount.objects.all(), "code", codes)
    commands: dict[int, tuple[int, PackShipment]] = {}
    refused: dict[int, Sequence[Text]] = {}
    for n, item in enumerate(items):
        pk = shipments.get(item["shipment"])
        if pk is None or pk in commands:
            refused[n] = [GONE if pk is None else TWICE]
        else:
            parcels = [_parcel(dict(parcel), accounts) for parcel in item["parcels"]]
            commands[pk] = (n, PackShipment(pk, parcels))
    packed = pack_shipments([command for _n, command in commands.values()], now=now)
    refused |= {commands[pk][0]: why for pk, why in packed.blocked.items()}
    return Made({commands[pk][0]: ids for pk, ids in packed.parcel_ids.items()}, {}, refused)


def _parcel(values: dict[str, Any], accounts: dict[str, int]) -> NewParcel:
    account = values.pop("account", None)
    return NewParcel(account_id=account and accounts.get(account, 0), **values)


def note_problems(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Open delivery exceptions; one that is open already is answered with."""
    parcels = ids_of(Parcel.objects.all(), "number", (item["parcel"] for item in items))
    named = {n: item for n, item in enumerate(items) if item["parcel"] in parcels}
    keys = {n: (parcels[item["parcel"]], item["kind"]) for n, item in named.items()}
    new = open_exceptions(
        [OpenException(*keys[n], item.get("detail", "")) for n, item in named.items()], now=now
    )
    open_ = DeliveryException.objects.filter(parcel_id__any=list(parcels.values()))
    rows = open_.exclude(status="RESOLVED").values_list("parcel_id", "kind", "pk")
    found = {(parcel, kind): pk for parcel, kind, pk in rows}
    made = {n: [found[key]] for n, key in keys.items()}
    return Made(
        {n: ids for n, ids in made.items() if ids[0] in new},
        {n: ids for n, ids in made.items() if ids[0] not in new},
        {n: [GONE] for n in range(len(items)) if n not in named},
    )
