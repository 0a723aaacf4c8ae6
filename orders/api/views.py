"""The order endpoints; each write is one service call."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.views import (
    DocumentViewSet,
    OutcomeSerializer,
    ReadOnlyViewSet,
    SettingsViewSet,
    Verb,
    outcome_body,
)
from backoffice.core.states import BlockedError
from orders.api import serializers
from orders.filters import CustomerFilter, OrderFilter, ReturnFilter
from orders.models import Customer, Order, Return, SalesChannel
from orders.services.holds import place_holds, release_holds
from orders.services.intake import place_orders
from orders.services.lifecycle import (
    cancel_orders,
    complete_orders,
    confirm_orders,
    release_orders,
)
from orders.services.returns import (
    ReceivedLine,
    RequestedLine,
    RequestReturn,
    cancel_returns,
    close_returns,
    receive_returns,
    request_returns,
)


class OrderViewSet(DocumentViewSet):
    """Orders: placed singly or in bulk, then moved by verbs."""

    queryset = Order.objects.select_related("channel")
    serializer_class = serializers.OrderSerializer
    filterset_class = OrderFilter
    verbs = (
        Verb("confirm", confirm_orders, "orders.confirm_order"),
        Verb("release", release_orders, "orders.release_order"),
        Verb("complete", complete_orders, "orders.release_order"),
        Verb("cancel", cancel_orders, "orders.cancel_order"),
        Verb("hold", place_holds, "orders.hold_order"),
        Verb("release_hold", release_holds, "orders.hold_order"),
    )

    def get_serializer_class(self) -> Any:
        if self.action == "retrieve":
            return serializers.OrderDetailSerializer
        return super().get_serializer_class()

    def get_queryset(self) -> Any:
        orders = super().get_queryset()
        return orders.prefetch_related("lines__sku") if self.action == "retrieve" else orders

    @extend_schema(request=serializers.OrderInput, responses={201: serializers.OrderSerializer})
    def create(self, request: Request) -> Response:
        """Place one order; the same channel and external id again answers with the first."""
        body = serializers.OrderInput(data=request.data)
        body.is_valid(raise_exception=True)
        command = serializers.to_command(body.validated_data)
        placed = place_orders([command], now=timezone.now())
        if placed.refused:
            raise ValidationError(placed.refused[0])
        pk = placed.created.get(0) or placed.existing[0]
        order = self.get_queryset().get(pk=pk)
        data = serializers.OrderSerializer(order).data
        return Response(data, status=201 if placed.created else 200)

    @extend_schema(request=serializers.BulkOrderInput, responses=serializers.PlacedSerializer)
    @action(detail=False, methods=["post"], url_path="bulk")
    def bulk(self, request: Request) -> Response:
        """Place many orders in one transaction; bad ones are refused one by one."""
        body = serializers.BulkOrderInput(data=request.data)
        body.is_valid(raise_exception=True)
        commands = [serializers.to_command(o) for o in body.validated_data["orders"]]
        placed = place_orders(commands, now=timezone.now())
        return Response(
            {
                "created": placed.created,
                "existing": placed.existing,
                "refused": placed.refused,
            }
        )


class ReturnViewSet(DocumentViewSet):
    """Returns: requested, received by condition, closed."""

    queryset = Return.objects.prefetch_related("lines")
    serializer_class = serializers.ReturnSerializer
    filterset_class = ReturnFilter
    verbs = (
        Verb("close", close_returns, "orders.change_return"),
        Verb("cancel", cancel_returns, "orders.change_return"),
    )

    @extend_schema(request=serializers.ReturnInput, responses={201: serializers.ReturnSerializer})
    def create(self, request: Request) -> Response:
        """Open a return for delivered units."""
        body = serializers.ReturnInput(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        lines = [RequestedLine(**line) for line in data["lines"]]
        command = RequestReturn(data["order_id"], lines, data.get("external_id", ""))
        result = request_returns([command], now=timezone.now())
        if result.refused:
            raise ValidationError(result.refused[0])
        pk = result.created.get(0) or result.existing[0]
        answer = serializers.ReturnSerializer(self.get_queryset().get(pk=pk)).data
        return Response(answer, status=201 if result.created else 200)

    @extend_schema(request=serializers.ReceiveReturnInput, responses=OutcomeSerializer)
    @action(detail=True, methods=["post"])
    def receive(self, request: Request, **kwargs: Any) -> Response:
        """Take the goods in by condition."""
        body = serializers.ReceiveReturnInput(data=request.data)
        body.is_valid(raise_exception=True)
        lines = body.validated_data.get("lines")
        received = [ReceivedLine(**line) for line in lines] if lines is not None else None
        pk = self.get_object().pk
        try:
            outcome = receive_returns([pk], now=timezone.now(), received=received)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if outcome.blocked:
            raise BlockedError(outcome.blocked[pk])
        return Response(outcome_body(outcome))


class CustomerViewSet(ReadOnlyViewSet):
    """Customers, as their channels named them."""

    queryset = Customer.objects.all()
    serializer_class = serializers.CustomerSerializer
    filterset_class = CustomerFilter


class SalesChannelViewSet(SettingsViewSet):
    """Sales channels."""

    queryset = SalesChannel.objects.all()
    serializer_class = serializers.SalesChannelSerializer
