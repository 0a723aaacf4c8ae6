"""The endpoints of purchasing and replenishment; each write is one service call."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.views import DocumentViewSet, Verb
from backoffice.core.states import BlockedError
from inventory.api import serializers
from inventory.filters import PurchaseOrderFilter, ReceiptFilter, ReplenishmentProposalFilter
from inventory.models import PurchaseOrder, Receipt, ReplenishmentProposal
from inventory.services.purchasing import (
    CreatePurchaseOrder,
    PurchaseLine,
    approve_purchase_orders,
    cancel_purchase_orders,
    close_purchase_orders,
    create_purchase_orders,
    send_purchase_orders,
)
from inventory.services.receiving import ReceivedGoods, ReceiveGoods, receive_goods
from inventory.services.replenishment import (
    approve_proposals,
    order_proposals,
    reject_proposals,
)


class PurchaseOrderViewSet(DocumentViewSet):
    """Purchase orders: drawn up, moved by verbs, received in parts."""

    queryset = PurchaseOrder.objects.select_related("supplier", "warehouse").prefetch_related(
        "lines__sku"
    )
    serializer_class = serializers.PurchaseOrderSerializer
    filterset_class = PurchaseOrderFilter
    verbs = (
        Verb("approve", approve_purchase_orders, "inventory.approve_purchaseorder"),
        Verb("send", send_purchase_orders, "inventory.send_purchaseorder"),
        Verb("close", close_purchase_orders, "inventory.cancel_purchaseorder"),
        Verb("cancel", cancel_purchase_orders, "inventory.cancel_purchaseorder"),
    )

    @extend_schema(
        request=serializers.PurchaseOrderInput,
        responses={201: serializers.PurchaseOrderSerializer},
    )
    def create(self, request: Request) -> Response:
        """Draw up one purchase order."""
        body = serializers.PurchaseOrderInput(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        command = CreatePurchaseOrder(
            supplier_id=data["supplier"].pk,
            warehouse_id=data["warehouse"].pk,
            lines=[
                PurchaseLine(line["sku"].pk, line["quantity"], line.get("unit_price"))
                for line in data["lines"]
            ],
            currency=data["currency"],
            expected_on=data.get("expected_on"),
        )
        created = create_purchase_orders([command], now=timezone.now())
        if created.refused:
            raise ValidationError([str(r) for r in created.refused[0]])
        order = self.get_queryset().get(pk=created.ids[0])
        return Response(self.get_serializer(order).data, status=201)

    @extend_schema(request=serializers.ReceiveInput, responses={201: serializers.ReceiptSerializer})
    @action(detail=True, methods=["post"])
    def receive(self, request: Request, **kwargs: Any) -> Response:
        """Take one delivery in; the same delivery note again answers with the first receipt."""
        body = serializers.ReceiveInput(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        lines = [ReceivedGoods(**line) for line in data.pop("lines")]
        command = ReceiveGoods(self.get_object().pk, lines, **data)
        result = receive_goods([command], now=timezone.now())
        if result.refused:
            raise BlockedError(result.refused[0])
        pk = result.created.get(0) or result.existing[0]
        receipt = Receipt.objects.prefetch_related("lines").get(pk=pk)
        answer = serializers.ReceiptSerializer(receipt).data
        return Response(answer, status=201 if result.created else 200)

    receive.permission = "inventory.receive_purchaseorder"  # type: ignore[attr-defined]


class ReceiptViewSet(DocumentViewSet):
    """Receipts, as counted at the door."""

    queryset = Receipt.objects.prefetch_related("lines")
    serializer_class = serializers.ReceiptSerializer
    filterset_class = ReceiptFilter


class ReplenishmentProposalViewSet(DocumentViewSet):
    """What the planning proposes to buy, with every number that led there."""

    queryset = ReplenishmentProposal.objects.select_related(
        "sku", "warehouse", "supplier_item__supplier"
    )
    serializer_class = serializers.ReplenishmentProposalSerializer
    filterset_class = ReplenishmentProposalFilter
    verbs = (
        Verb("approve", approve_proposals, "inventory.approve_replenishmentproposal"),
        Verb("reject", reject_proposals, "inventory.approve_replenishmentproposal"),
        Verb("order", order_proposals, "inventory.order_replenishmentproposal"),
    )
