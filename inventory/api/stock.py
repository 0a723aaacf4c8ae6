"""The endpoints of stock: looked at, and changed through the ledger."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.references import ids_of
from backoffice.core.api.views import ReadOnlyViewSet
from backoffice.core.scope import for_actor
from backoffice.core.states import BlockedError
from inventory import filters
from inventory.api import serializers
from inventory.models import (
    Allocation,
    BinStock,
    Location,
    Lot,
    Reservation,
    Sku,
    StockLevel,
    StockMove,
    Warehouse,
)
from inventory.selectors.past import stock_as_of
from inventory.services.levels import InsufficientStockError
from inventory.services.moves import Move, Transfer, post_moves, transfer_stock


class StockLevelViewSet(ReadOnlyViewSet):
    """What is on hand, reserved and available by SKU and warehouse."""

    queryset = StockLevel.objects.select_related("sku", "warehouse")
    serializer_class = serializers.StockLevelSerializer
    filterset_class = filters.StockLevelFilter

    @extend_schema(
        parameters=[
            OpenApiParameter("at", OpenApiTypes.DATETIME, description="Now, where left out."),
            OpenApiParameter("sku", description="Code."),
            OpenApiParameter("warehouse", description="Code."),
        ],
        responses=serializers.StockAsOfSerializer(many=True),
    )
    @action(detail=False, url_path="as-of", filterset_class=None)
    def as_of(self, request: Request) -> Response:
        """Tell what was on hand at an instant: every level that is there today, page by page."""
        body = serializers.AsOfInput(data=request.query_params)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        names = [name for name in ("sku", "warehouse") if name in asked]
        levels = self.get_queryset().filter(**{f"{name}__code": asked[name] for name in names})
        page = self.paginate_queryset(levels)
        found = stock_as_of(
            asked.get("at") or timezone.now(), sku_ids=[level.sku_id for level in page]
        )
        rows = [
            {
                "sku": level.sku.code,
                "warehouse": level.warehouse.code,
                "on_hand": found.get((level.sku_id, level.warehouse_id), 0),
            }
            for level in page
        ]
        return self.get_paginated_response(serializers.StockAsOfSerializer(rows, many=True).data)


class BinStockViewSet(ReadOnlyViewSet):
    """What lies in which bin and lot."""

    queryset = BinStock.objects.select_related("sku", "location", "lot")
    serializer_class = serializers.BinStockSerializer
    filterset_class = filters.BinStockFilter


class LotViewSet(ReadOnlyViewSet):
    """Lots: made when their goods are received."""

    queryset = Lot.objects.select_related("sku")
    serializer_class = serializers.LotSerializer
    filterset_class = filters.LotFilter


class ReservationViewSet(ReadOnlyViewSet):
    """What is promised to whom: made when orders are confirmed."""

    queryset = Reservation.objects.select_related("sku", "warehouse")
    serializer_class = serializers.ReservationSerializer
    filterset_class = filters.ReservationFilter


class AllocationViewSet(ReadOnlyViewSet):
    """What is set aside for which pick: made with pick lists."""

    queryset = Allocation.objects.select_related("sku", "location")
    serializer_class = serializers.AllocationSerializer


class StockMoveViewSet(ReadOnlyViewSet):
    """The stock ledger: read, and extended by adjustments and transfers."""

    queryset = StockMove.objects.select_related("sku", "warehouse")
    serializer_class = serializers.StockMoveSerializer
    filterset_class = filters.StockMoveFilter

    @extend_schema(request=serializers.AdjustInput, responses={201: serializers.PostedSerializer})
    def create(self, request: Request) -> Response:
        """Post opening stock, adjustments and write-offs, all or none."""
        body = serializers.AdjustInput(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        skus = _named(Sku, data["moves"], "sku")
        houses = _named(Warehouse, data["moves"], "warehouse")
        names = ("kind", "quantity", "location_id", "lot_id", "unit_cost")
        moves = [
            Move(
                sku_id=skus[move["sku"]],
                warehouse_id=houses[move["warehouse"]],
                **{name: move[name] for name in names if name in move},
            )
            for move in data["moves"]
        ]
        bins = _warehouses(m.location_id for m in moves)
        if any(m.location_id and bins.get(m.location_id) != m.warehouse_id for m in moves):
            raise ValidationError(_("The bin does not belong to the warehouse."))
        _refuse_strange_lots(moves)
        return _posted(post_moves, moves, data["reason"])

    @extend_schema(
        request=serializers.TransfersInput, responses={201: serializers.PostedSerializer}
    )
    @action(detail=False, methods=["post"], filterset_class=None)
    def transfers(self, request: Request) -> Response:
        """Move units from bin to bin, all or none."""
        body = serializers.TransfersInput(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        skus = _named(Sku, data["transfers"], "sku")
        transfers = [
            Transfer(
                skus[row["sku"]],
                row["quantity"],
                row["from_location_id"],
                row["to_location_id"],
                row.get("lot_id"),
            )
            for row in data["transfers"]
        ]
        ends = {i for t in transfers for i in (t.from_location_id, t.to_location_id)}
        if ends - set(_warehouses(ends)):
            raise ValidationError(_("There is no such bin."))
        _refuse_strange_lots(transfers)
        return _posted(transfer_stock, transfers, data["reason"])

    transfers.permission = "inventory.add_stockmove"  # type: ignore[attr-defined]


def _posted(service: Any, commands: Sequence[Any], reason: str) -> Response:
    try:
        posted = service(commands, now=timezone.now(), reason=reason)
    except InsufficientStockError as error:
        raise BlockedError([str(error)]) from error
    return Response({"entries": posted.entries}, status=201)


def _named(model: Any, rows: Sequence[dict[str, Any]], name: str) -> dict[str, int]:
    """Return the ids of the codes that rows name, or refuse what is not there."""
    ids = ids_of(model.objects.all(), "code", (row[name] for row in rows))
    for row in rows:
        if row[name] not in ids:
            text = _("%(code)s does not exist.") % {"code": row[name]}
            raise ValidationError({name: [text]})
    return ids


def _warehouses(location_ids: Any) -> dict[int, int]:
    bins = for_actor(Location.objects.filter(pk__any=[i for i in location_ids if i]))
    return dict(bins.values_list("pk", "warehouse_id"))


def _refuse_strange_lots(commands: Sequence[Move] | Sequence[Transfer]) -> None:
    lots = Lot.objects.filter(pk__any=[c.lot_id for c in commands if c.lot_id])
    skus = dict(lots.values_list("pk", "sku_id"))
    if any(c.lot_id and skus.get(c.lot_id) != c.sku_id for c in commands):
        raise ValidationError(_("The lot does not belong to the SKU."))
