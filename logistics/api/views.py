"""The endpoints of logistics; each write is one service call."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.views import (
    DocumentViewSet,
    OutcomeSerializer,
    SettingsViewSet,
    Verb,
    outcome_body,
)
from backoffice.core.states import BlockedError
from logistics.api import serializers
from logistics.choices import ScanSource
from logistics.filters import (
    DeliveryExceptionFilter,
    ParcelFilter,
    PickListFilter,
    ShipmentFilter,
)
from logistics.models import (
    Carrier,
    CarrierAccount,
    DeliveryException,
    Parcel,
    PickList,
    Shipment,
)
from logistics.services.cancelling import cancel_shipments
from logistics.services.exceptions import acknowledge_exceptions, resolve_exceptions
from logistics.services.handover import hand_over_parcels, hand_over_shipments
from logistics.services.packing import NewParcel, PackShipment, pack_shipments, pack_whole
from logistics.services.picking import confirm_picks, create_pick_lists
from logistics.services.scans import Scan, apply_scans, deliver_by_hand


class ShipmentViewSet(DocumentViewSet):
    """Shipments: planned by themselves, picked, packed and handed over by verbs."""

    queryset = Shipment.objects.select_related("warehouse", "seller").prefetch_related("lines")
    serializer_class = serializers.ShipmentSerializer
    filterset_class = ShipmentFilter
    verbs = (
        Verb("pick", create_pick_lists, "logistics.pick_shipment"),
        Verb("pack", pack_whole, "logistics.pack_shipment"),
        Verb("ship", hand_over_shipments, "logistics.ship_shipment"),
        Verb("cancel", cancel_shipments, "logistics.cancel_shipment"),
    )

    @extend_schema(
        request=serializers.PackInput, responses={201: serializers.ParcelSerializer(many=True)}
    )
    @action(detail=True, methods=["post"])
    def parcels(self, request: Request, **kwargs: Any) -> Response:
        """Pack a shipment into several parcels, or with a tracking number of the seller's."""
        body = serializers.PackInput(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        pk = self.get_object().pk
        command = PackShipment(pk, [NewParcel(**parcel) for parcel in data["parcels"]])
        packed = pack_shipments([command], now=timezone.now(), reason=data.get("reason", ""))
        if packed.blocked:
            raise BlockedError(packed.blocked[pk])
        made = ParcelViewSet.queryset.filter(pk__in=packed.parcel_ids[pk]).order_by("pk")
        return Response(serializers.ParcelSerializer(made, many=True).data, status=201)

    parcels.permission = "logistics.pack_shipment"  # type: ignore[attr-defined]


class PickListViewSet(DocumentViewSet):
    """Pick lists: read, and confirmed with what was found."""

    queryset = PickList.objects.select_related("warehouse").prefetch_related(
        "lines__location", "lines__sku", "lines__lot"
    )
    serializer_class = serializers.PickListSerializer
    filterset_class = PickListFilter

    @extend_schema(request=serializers.PickedInput, responses=OutcomeSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, **kwargs: Any) -> Response:
        """Confirm what was picked."""
        body = serializers.PickedInput(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        pk = self.get_object().pk
        outcome = confirm_picks(
            [pk],
            now=timezone.now(),
            picked=data.get("picked"),
            reason=data.get("reason", ""),
        )
        if outcome.blocked:
            raise BlockedError(outcome.blocked[pk])
        return Response(outcome_body(outcome))

    confirm.permission = "logistics.pick_shipment"  # type: ignore[attr-defined]


class ParcelViewSet(DocumentViewSet):
    """Parcels: handed over by a verb, moved by scans."""

    queryset = Parcel.objects.select_related("account", "shipment").prefetch_related("lines")
    serializer_class = serializers.ParcelSerializer
    filterset_class = ParcelFilter
    verbs = (
        Verb("ship", hand_over_parcels, "logistics.ship_shipment"),
        Verb("deliver", deliver_by_hand, "logistics.ship_shipment"),
    )

    def get_serializer_class(self) -> Any:
        if self.action == "retrieve":
            return serializers.ParcelDetailSerializer
        return super().get_serializer_class()

    def get_queryset(self) -> Any:
        parcels = super().get_queryset()
        return parcels.prefetch_related("scans") if self.action == "retrieve" else parcels

    @extend_schema(request=serializers.ScansInput, responses=serializers.ScannedSerializer)
    @action(detail=False, methods=["post"], url_path="scans")
    def scan(self, request: Request) -> Response:
        """Take in scans of any carrier; the same scan again changes nothing."""
        body = serializers.ScansInput(data=request.data)
        body.is_valid(raise_exception=True)
        rows = body.validated_data["scans"]
        accounts = dict(
            CarrierAccount.objects.filter(code__in={row["account"] for row in rows}).values_list(
                "code", "pk"
            )
        )
        known = [n for n, row in enumerate(rows) if row["account"] in accounts]
        scans = [_scan(rows[n], accounts) for n in known]
        done = apply_scans(scans, now=timezone.now())
        unknown = _("There is no such carrier account.")
        refused: dict[int, Any] = {n: unknown for n in range(len(rows)) if n not in set(known)}
        refused |= {known[n]: text for n, text in done.refused.items()}
        return Response(serializers.scanned_body(sum(done.new.values()), done.moved, refused))

    scan.permission = "logistics.ship_shipment"  # type: ignore[attr-defined]


def _scan(row: dict[str, Any], accounts: dict[str, int]) -> Scan:
    names = ("status", "kind", "code", "description", "location")
    return Scan(
        accounts[row["account"]],
        row["tracking_number"],
        row["occurred_at"],
        source=ScanSource.MANUAL,
        **{name: row[name] for name in names if name in row},
    )


class DeliveryExceptionViewSet(DocumentViewSet):
    """What stands in parcels' way."""

    queryset = DeliveryException.objects.all()
    serializer_class = serializers.DeliveryExceptionSerializer
    filterset_class = DeliveryExceptionFilter
    verbs = (
        Verb("acknowledge", acknowledge_exceptions, "logistics.change_deliveryexception"),
        Verb("resolve", resolve_exceptions, "logistics.change_deliveryexception"),
    )


class CarrierViewSet(SettingsViewSet):
    """Carriers."""

    queryset = Carrier.objects.all()
    serializer_class = serializers.CarrierSerializer


class CarrierAccountViewSet(SettingsViewSet):
    """Accounts with carriers."""

    queryset = CarrierAccount.objects.all()
    serializer_class = serializers.CarrierAccountSerializer
