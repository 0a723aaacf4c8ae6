"""The order endpoints; each write is one service call."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Prefetch
from rest_framework.exceptions import ValidationError

from backoffice.core.api.creation import Creation
from backoffice.core.api.verbs import Verb
from backoffice.core.api.views import DocumentViewSet, ReadOnlyViewSet, SettingsViewSet
from backoffice.core.scope import for_actor, is_limited
from backoffice.core.sql import load
from backoffice.core.states import Outcome
from orders import filters
from orders.api import serializers
from orders.api.creation import draft, place, request
from orders.models import (
    Customer,
    Lane,
    Order,
    OrderEdit,
    OrderLine,
    Price,
    Return,
    SalesChannel,
    TaxRate,
)
from orders.services.edits import cancel_edits, commit_edits, propose_edits
from orders.services.holds import accept_addresses, place_holds, release_holds, write_notes
from orders.services.lifecycle import (
    cancel_orders,
    complete_orders,
    confirm_orders,
    release_orders,
)
from orders.services.marking import prioritise_orders, tag_orders, untag_orders
from orders.services.rerouting import reroute_orders
from orders.services.returns import ReceivedLine, cancel_returns, close_returns, receive_returns


def note_orders(order_ids: Sequence[int], *, now: datetime, text: str, reason: str = "") -> Outcome:
    """Write a note on orders that their customers never see."""
    return Outcome(write_notes(order_ids, now=now, text=text))


def take_back(
    return_ids: Sequence[int],
    *,
    now: datetime,
    lines: Sequence[dict[str, int]] | None = None,
    reason: str = "",
) -> Outcome:
    """Take returned goods in by condition; nothing named means all of it, sellable."""
    received = None if lines is None else [ReceivedLine(**line) for line in lines]
    try:
        return receive_returns(return_ids, now=now, received=received, reason=reason)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class OrderViewSet(DocumentViewSet):
    """Orders: placed, then moved by verbs."""

    queryset = Order.objects.select_related("channel")
    serializer_class = serializers.OrderSerializer
    detail_serializer_class = serializers.OrderDetailSerializer
    filterset_class = filters.OrderFilter
    lookup_field = "order_number"
    shows_parts = True
    creation = Creation(serializers.OrderInput, place)
    verbs = (
        Verb("confirm", confirm_orders, "orders.confirm_order"),
        Verb("release", release_orders, "orders.release_order"),
        Verb("complete", complete_orders, "orders.release_order"),
        Verb("cancel", cancel_orders, "orders.cancel_order"),
        Verb("reroute", reroute_orders, "orders.route_order"),
        Verb("hold", place_holds, "orders.hold_order", serializers.HoldInput),
        Verb("release_hold", release_holds, "orders.hold_order"),
        Verb(
            "accept_address", accept_addresses, "orders.edit_order", serializers.AcceptAddressInput
        ),
        Verb("prioritise", prioritise_orders, "orders.change_order", serializers.PriorityInput),
        Verb("tag", tag_orders, "orders.change_order", serializers.TagInput),
        Verb("untag", untag_orders, "orders.change_order", serializers.TagInput),
        Verb("note", note_orders, "orders.add_note", serializers.NoteInput),
    )

    def get_queryset(self) -> Any:
        orders = super().get_queryset()
        if not self.is_detailed:
            return orders
        lines = for_actor(OrderLine.objects.select_related("sku"))
        return orders.prefetch_related(Prefetch("lines", lines), "holds")

    def just_made(self, pk: int) -> Any:
        if is_limited():
            return super().just_made(pk)
        [order] = load(Order, "t.id = %(id)s", {"id": pk}, "channel")
        lines = load(OrderLine, "t.order_id = %(id)s ORDER BY t.id", {"id": pk}, "sku")
        order._prefetched_objects_cache = {"lines": lines, "holds": []}
        order.is_just_made = True
        return order


class OrderLineViewSet(ReadOnlyViewSet):
    """Order lines by themselves, with what became of them."""

    queryset = OrderLine.objects.select_related("sku", "seller", "warehouse").annotate(
        order_number=F("order__order_number")
    )
    serializer_class = serializers.SoldLineSerializer
    filterset_class = filters.OrderLineFilter


class OrderEditViewSet(DocumentViewSet):
    """Edits of orders: drafted with what they would cost, then committed or proposed."""

    queryset = OrderEdit.objects.annotate(order_number=F("order__order_number")).select_related(
        "created_by", "modified_by"
    )
    serializer_class = serializers.OrderEditSerializer
    detail_serializer_class = serializers.OrderEditDetailSerializer
    detail_prefetch = ("lines__sku",)
    filterset_class = filters.OrderEditFilter
    creation = Creation(serializers.OrderEditInput, draft, "orders.edit_order")
    verbs = (
        Verb("commit", commit_edits, "orders.edit_order"),
        Verb("propose", propose_edits, "orders.edit_order"),
        Verb("cancel", cancel_edits, "orders.edit_order"),
    )


class ReturnViewSet(DocumentViewSet):
    """Returns: requested, received by condition, closed."""

    queryset = Return.objects.annotate(order_number=F("order__order_number")).prefetch_related(
        "lines"
    )
    serializer_class = serializers.ReturnSerializer
    filterset_class = filters.ReturnFilter
    creation = Creation(serializers.ReturnInput, request)
    verbs = (
        Verb(
            "receive",
            take_back,
            "orders.change_return",
            serializers.ReceiveReturnInput,
            is_bulk=False,
        ),
        Verb("close", close_returns, "orders.change_return"),
        Verb("cancel", cancel_returns, "orders.change_return"),
    )


class CustomerViewSet(ReadOnlyViewSet):
    """Customers, as their channels named them: made with their first order."""

    queryset = Customer.objects.all()
    serializer_class = serializers.CustomerSerializer
    filterset_class = filters.CustomerFilter


class SalesChannelViewSet(SettingsViewSet):
    """Sales channels."""

    queryset = SalesChannel.objects.select_related("warehouse")
    serializer_class = serializers.SalesChannelSerializer


class PriceViewSet(SettingsViewSet):
    """What SKUs cost, from a day on."""

    queryset = Price.objects.select_related("sku", "channel")
    serializer_class = serializers.PriceSerializer
    filterset_class = filters.PriceFilter


class TaxRateViewSet(SettingsViewSet):
    """The tax of a category in a place, from a day on."""

    queryset = TaxRate.objects.all()
    serializer_class = serializers.TaxRateSerializer
    filterset_class = filters.TaxRateFilter


class LaneViewSet(ReadOnlyViewSet):
    """What a way to a region costs and takes: measured nightly."""

    queryset = Lane.objects.select_related("warehouse")
    serializer_class = serializers.LaneSerializer
    filterset_class = filters.LaneFilter
