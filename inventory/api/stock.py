"""The endpoints of stock: looked at, and adjusted through the ledger."""

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.views import ReadOnlyViewSet
from backoffice.core.states import BlockedError
from inventory.api import serializers
from inventory.filters import (
    BinStockFilter,
    ReservationFilter,
    StockLevelFilter,
    StockMoveFilter,
)
from inventory.models import Allocation, BinStock, Location, Lot, Reservation, StockLevel, StockMove
from inventory.services.levels import InsufficientStockError
from inventory.services.moves import Move, post_moves


class StockLevelViewSet(ReadOnlyViewSet):
    """What is on hand, reserved and available by SKU and warehouse."""

    queryset = StockLevel.objects.select_related("sku", "warehouse")
    serializer_class = serializers.StockLevelSerializer
    filterset_class = StockLevelFilter


class BinStockViewSet(ReadOnlyViewSet):
    """What lies in which bin and lot."""

    queryset = BinStock.objects.select_related("sku", "location", "lot")
    serializer_class = serializers.BinStockSerializer
    filterset_class = BinStockFilter


class ReservationViewSet(ReadOnlyViewSet):
    """What is promised to whom."""

    queryset = Reservation.objects.select_related("sku", "warehouse")
    serializer_class = serializers.ReservationSerializer
    filterset_class = ReservationFilter


class AllocationViewSet(ReadOnlyViewSet):
    """What is set aside for which pick."""

    queryset = Allocation.objects.select_related("sku", "location")
    serializer_class = serializers.AllocationSerializer


class StockMoveViewSet(ReadOnlyViewSet):
    """The stock ledger: read, and extended by adjustments."""

    queryset = StockMove.objects.select_related("sku", "warehouse")
    serializer_class = serializers.StockMoveSerializer
    filterset_class = StockMoveFilter

    @extend_schema(request=serializers.AdjustInput, responses={201: serializers.PostedSerializer})
    def create(self, request: Request) -> Response:
        """Post opening stock, adjustments and write-offs, all or none."""
        body = serializers.AdjustInput(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        moves = [
            Move(
                kind=move["kind"],
                sku_id=move["sku"].pk,
                warehouse_id=move["warehouse"].pk,
                quantity=move["quantity"],
                location_id=move.get("location_id"),
                lot_id=move.get("lot_id"),
                unit_cost=move.get("unit_cost"),
            )
            for move in data["moves"]
        ]
        _refuse_strange(moves)
        try:
            posted = post_moves(moves, now=timezone.now(), reason=data["reason"])
        except InsufficientStockError as error:
            raise BlockedError([str(error)]) from error
        return Response({"entries": posted.entries}, status=201)


def _refuse_strange(moves: list[Move]) -> None:
    """Refuse bins of other warehouses and lots of other SKUs."""
    bins = Location.objects.filter(pk__any={m.location_id for m in moves if m.location_id})
    lots = Lot.objects.filter(pk__any={m.lot_id for m in moves if m.lot_id})
    houses = dict(bins.values_list("pk", "warehouse_id"))
    skus = dict(lots.values_list("pk", "sku_id"))
    for move in moves:
        if move.location_id and houses.get(move.location_id) != move.warehouse_id:
            raise ValidationError(_("The bin does not belong to the warehouse."))
        if move.lot_id and skus.get(move.lot_id) != move.sku_id:
            raise ValidationError(_("The lot does not belong to the SKU."))
