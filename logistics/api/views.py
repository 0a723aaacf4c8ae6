"""The endpoints of logistics; each write is one service call."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.creation import Creation
from backoffice.core.api.references import ids_of
from backoffice.core.api.verbs import Verb
from backoffice.core.api.views import DocumentViewSet, ReadOnlyViewSet, SettingsViewSet
from backoffice.core.scope import for_actor, is_limited
from logistics import filters
from logistics.api import serializers
from logistics.api.creation import note_problems, pack
from logistics.choices import ScanSource
from logistics.models import (
    Carrier,
    CarrierAccount,
    DeliveryException,
    Parcel,
    PickList,
    Shipment,
    TrackingEvent,
)
from logistics.services.cancelling import cancel_shipments
from logistics.services.exceptions import acknowledge_exceptions, resolve_exceptions
from logistics.services.giving_up import refund_parcels, send_again
from logistics.services.handover import hand_over_parcels, hand_over_shipments
from logistics.services.numbers import enter_number
from logistics.services.packing import pack_whole
from logistics.services.picking import confirm_picks, create_pick_lists
from logistics.services.scans import Scan, apply_scans, deliver_by_hand


class ShipmentViewSet(DocumentViewSet):
    """Shipments: planned by the system when orders are released, worked on by verbs."""

    queryset = (
        Shipment.objects.select_related("warehouse", "seller")
        .annotate(order_number=F("order__order_number"))
        .prefetch_related("lines")
    )
    serializer_class = serializers.ShipmentSerializer
    filterset_class = filters.ShipmentFilter
    verbs = (
        Verb("pick", create_pick_lists, "logistics.pick_shipment"),
        Verb("pack", pack_whole, "logistics.pack_shipment"),
        Verb("ship", hand_over_shipments, "logistics.ship_shipment"),
        Verb("cancel", cancel_shipments, "logistics.cancel_shipment"),
    )


class PickListViewSet(DocumentViewSet):
    """Pick lists: made by the verb `pick` of shipments, confirmed with what was found."""

    queryset = PickList.objects.select_related("warehouse").prefetch_related(
        "lines__location", "lines__sku", "lines__lot"
    )
    serializer_class = serializers.PickListSerializer
    filterset_class = filters.PickListFilter
    verbs = (
        Verb("confirm", confirm_picks, "logistics.pick_shipment", serializers.PickedInput, False),
    )


class ParcelViewSet(DocumentViewSet):
    """Parcels: made by packing shipments, handed over by a verb, moved by scans."""

    queryset = (
        Parcel.objects.select_related("account", "shipment")
        .annotate(order_number=F("shipment__order__order_number"))
        .prefetch_related("lines")
    )
    serializer_class = serializers.ParcelSerializer
    detail_serializer_class = serializers.ParcelDetailSerializer
    detail_prefetch = ("scans",)
    filterset_class = filters.ParcelFilter
    creation = Creation(serializers.PackInput, pack, "logistics.pack_shipment", is_many=True)
    verbs = (
        Verb(
            "enter_number",
            enter_number,
            "logistics.pack_shipment",
            serializers.NumberInput,
            is_bulk=False,
        ),
        Verb("ship", hand_over_parcels, "logistics.ship_shipment"),
        Verb("deliver", deliver_by_hand, "logistics.ship_shipment"),
        Verb("send_again", send_again, "logistics.give_up_parcel"),
        Verb("refund", refund_parcels, "logistics.give_up_parcel"),
    )

    @extend_schema(request=serializers.ScansInput, responses=serializers.ScannedSerializer)
    @action(detail=False, methods=["post"], url_path="scans", filterset_class=None)
    def scan(self, request: Request) -> Response:
        """Take in scans of any carrier; the same scan again changes nothing."""
        body = serializers.ScansInput(data=request.data)
        body.is_valid(raise_exception=True)
        rows = body.validated_data["scans"]
        accounts = ids_of(CarrierAccount.objects.all(), "code", (row["account"] for row in rows))
        known = [n for n, row in enumerate(rows) if row["account"] in accounts]
        if is_limited():
            known = _visible(rows, known)
        done = apply_scans([_scan(rows[n], accounts) for n in known], now=timezone.now())
        unknown = _("There is no such parcel of this carrier account.")
        refused = {str(n): unknown for n in sorted(set(range(len(rows))) - set(known))}
        refused |= {str(known[n]): str(text) for n, text in done.refused.items()}
        moved = Parcel.objects.filter(pk__any=done.moved).order_by("pk")
        numbers = list(moved.values_list("number", flat=True))
        return Response({"new": sum(done.new.values()), "moved": numbers, "refused": refused})

    scan.permission = "logistics.ship_shipment"  # type: ignore[attr-defined]


def _visible(rows: Sequence[dict[str, Any]], positions: Sequence[int]) -> list[int]:
    """Return the positions of scans of parcels that the caller may see."""
    numbers = [rows[n]["tracking_number"] for n in positions]
    parcels = for_actor(Parcel.objects.filter(tracking_number__any=numbers))
    seen = set(parcels.values_list("account__code", "tracking_number"))
    return [n for n in positions if (rows[n]["account"], rows[n]["tracking_number"]) in seen]


def _scan(row: dict[str, Any], accounts: dict[str, int]) -> Scan:
    names = ("status", "kind", "code", "description", "location")
    return Scan(
        accounts[row["account"]],
        row["tracking_number"],
        row["occurred_at"],
        source=ScanSource.MANUAL,
        **{name: row[name] for name in names if name in row},
    )


class TrackingEventViewSet(ReadOnlyViewSet):
    """Scans as carriers told them: taken in by `parcels/scans/` and by carriers' pushes."""

    queryset = TrackingEvent.objects.select_related("parcel")
    serializer_class = serializers.TrackingEventSerializer
    filterset_class = filters.TrackingEventFilter


class DeliveryExceptionViewSet(DocumentViewSet):
    """What stands in parcels' way: opened by scans, by the clock and by people."""

    queryset = DeliveryException.objects.select_related("parcel").annotate(
        order_number=F("order__order_number")
    )
    serializer_class = serializers.DeliveryExceptionSerializer
    filterset_class = filters.DeliveryExceptionFilter
    creation = Creation(
        serializers.ExceptionInput, note_problems, "logistics.change_deliveryexception"
    )
    verbs = (
        Verb("acknowledge", acknowledge_exceptions, "logistics.change_deliveryexception"),
        Verb("resolve", resolve_exceptions, "logistics.change_deliveryexception"),
    )


class CarrierViewSet(SettingsViewSet):
    """Carriers."""

    queryset = Carrier.objects.all()
    serializer_class = serializers.CarrierSerializer


class CarrierAccountViewSet(SettingsViewSet):
    """Accounts with carriers; their secrets are written, never read."""

    queryset = CarrierAccount.objects.select_related("carrier")
    serializer_class = serializers.CarrierAccountSerializer
