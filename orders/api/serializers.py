"""Orders as JSON; nothing here queries beyond what the view has fetched."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backoffice.core import extensions
from backoffice.core.api.verbs import VerbSerializer
from backoffice.core.tags import TAG
from inventory.api.fields import CodeField
from inventory.models import Sku, Warehouse
from orders.choices import EditKind, HoldReason, LineKind, ReturnReason
from orders.models import (
    Customer,
    Hold,
    Lane,
    Order,
    OrderEdit,
    OrderEditLine,
    OrderLine,
    Price,
    Return,
    ReturnLine,
    SalesChannel,
    TaxRate,
)
from orders.services.edits import above_threshold
from orders.services.given import OPTIONAL


class OrderLineSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code", default=None, allow_null=True)

    class Meta:
        model = OrderLine
        fields = [
            *("id", "position", "kind", "sku", "description", "quantity", "unit_price", "tax_rate"),
            *("net_amount", "tax_amount", "gross_amount", "reserved", "shipped", "delivered"),
            *("cancelled", "returned", "external_id"),
        ]


# What tells of others' lines: null to those who see only a part of an order.
OF_THE_WHOLE = [
    *("net_amount", "tax_amount", "total_amount", "captured_amount", "refunded_amount"),
    *("ordered_quantity", "short_quantity", "reserved_quantity", "shipped_quantity"),
    *("delivered_quantity", "cancelled_quantity", "returned_quantity"),
]


class OrderSerializer(serializers.ModelSerializer):
    """An order; its amounts and quantities are null to callers who see only some of its lines."""

    channel = serializers.CharField(source="channel.code")

    class Meta:
        model = Order
        fields = [
            *("id", "order_number", "channel", "external_id", "customer_id", "order_date"),
            *("placed_at", "status", "payment_status", "fulfilment_status", "currency"),
            *("net_amount", "tax_amount", "total_amount", "captured_amount", "refunded_amount"),
            *("ordered_quantity", "short_quantity", "reserved_quantity", "shipped_quantity"),
            *("delivered_quantity", "cancelled_quantity", "returned_quantity", "open_holds"),
            *("tags", "confirmed_at", "released_at", "shipped_at", "delivered_at", "completed_at"),
            *("cancelled_at", "version", "updated_at", *OPTIONAL),
        ]
        extra_kwargs = {name: {"allow_null": True} for name in OF_THE_WHOLE}

    def to_representation(self, instance: Order) -> dict[str, Any]:
        data = super().to_representation(instance)
        if not getattr(instance, "is_whole", True):
            data |= dict.fromkeys(OF_THE_WHOLE)
        return data


class HoldSerializer(serializers.ModelSerializer):
    class Meta:
        model = Hold
        fields = ["id", "reason", "note", "placed_at", "until", "released_at"]


class BlockerSerializer(serializers.Serializer):
    """What keeps an order where it is; `kind` is stable, the text is for people."""

    kind = serializers.CharField()
    text = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)


class OrderDetailSerializer(OrderSerializer):
    """An order with its lines and holds, and why it is not moving.

    That is null where parts are hidden and in the answer that placed it: nothing has moved yet.
    """

    lines = OrderLineSerializer(many=True)
    holds = HoldSerializer(many=True)
    blockers = serializers.SerializerMethodField(allow_null=True)

    class Meta(OrderSerializer.Meta):
        fields = [*OrderSerializer.Meta.fields, "lines", "holds", "blockers"]

    @extend_schema_field(BlockerSerializer(many=True, allow_null=True))
    def get_blockers(self, order: Order) -> list[dict[str, Any]] | None:
        """Say what keeps it where it is; nothing, where it moves."""
        if not getattr(order, "is_whole", True) or getattr(order, "is_just_made", False):
            return None
        found = extensions.obstacles("orders.order", [order.pk], timezone.now())[order.pk]
        return BlockerSerializer(found, many=True).data  # type: ignore[return-value]


class SoldLineSerializer(OrderLineSerializer):
    """A line by itself, with the order that it belongs to."""

    order = serializers.CharField(source="order_number")
    seller = serializers.CharField(source="seller.code", default=None, allow_null=True)
    warehouse = serializers.CharField(source="warehouse.code", default=None, allow_null=True)

    class Meta(OrderLineSerializer.Meta):
        fields = ["order", "seller", "warehouse", *OrderLineSerializer.Meta.fields]


class CustomerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ["id", "source", "external_id", "name", "email", "phone", "language", "country"]


class SalesChannelSerializer(serializers.ModelSerializer):
    warehouse = CodeField(Warehouse, required=False, allow_null=True)

    class Meta:
        model = SalesChannel
        exclude = ["created_at"]


class PriceSerializer(serializers.ModelSerializer):
    sku = CodeField(Sku)
    # A default, since what makes a price unique may not be left out.
    channel = CodeField(SalesChannel, default=None, allow_null=True)

    class Meta:
        model = Price
        exclude = ["created_at"]


class TaxRateSerializer(serializers.ModelSerializer):
    class Meta:
        model = TaxRate
        exclude = ["created_at"]


class LaneSerializer(serializers.ModelSerializer):
    warehouse = serializers.CharField(source="warehouse.code")

    class Meta:
        model = Lane
        exclude = ["created_at"]


class ReturnLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = ReturnLine
        fields = ["id", "order_line_id", "reason", "quantity", "sellable", "damaged"]


class ReturnSerializer(serializers.ModelSerializer):
    order = serializers.CharField(source="order_number")
    lines = ReturnLineSerializer(many=True)

    class Meta:
        model = Return
        fields = [
            *("id", "number", "order", "order_id", "external_id", "status", "requested_at"),
            *("received_at", "closed_at", "is_undelivered", "version", "lines"),
        ]


class AddressInput(serializers.Serializer):
    country = serializers.RegexField(r"^[A-Z]{2}$")
    recipient = serializers.CharField(max_length=200, required=False, allow_blank=True)
    company = serializers.CharField(max_length=200, required=False, allow_blank=True)
    line1 = serializers.CharField(max_length=300, required=False, allow_blank=True)
    line2 = serializers.CharField(max_length=300, required=False, allow_blank=True)
    district = serializers.CharField(max_length=120, required=False, allow_blank=True)
    city = serializers.CharField(max_length=120, required=False, allow_blank=True)
    region = serializers.CharField(max_length=120, required=False, allow_blank=True)
    postal_code = serializers.CharField(max_length=20, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)


class CustomerInput(serializers.Serializer):
    external_id = serializers.CharField(max_length=120)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    language = serializers.CharField(max_length=10, required=False)


class LineInput(serializers.Serializer):
    sku = serializers.CharField(max_length=80, required=False, allow_blank=True)
    kind = serializers.ChoiceField(LineKind.choices, required=False)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)
    unit_price = serializers.DecimalField(20, 4, required=False)
    tax_rate = serializers.DecimalField(7, 5, min_value=0, max_value=1, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    external_id = serializers.CharField(max_length=120, required=False, allow_blank=True)
    warehouse = serializers.CharField(max_length=40, required=False, allow_blank=True)
    seller = serializers.CharField(max_length=40, required=False, allow_blank=True)


class OrderInput(serializers.ModelSerializer):
    """An order to be placed."""

    channel = serializers.CharField(max_length=40)
    currency = serializers.CharField(max_length=3, required=False)
    customer = CustomerInput()
    ship_to = AddressInput()
    bill_to = AddressInput(required=False)
    lines = LineInput(many=True, allow_empty=False)
    total = serializers.DecimalField(20, 4, required=False)

    class Meta:
        model = Order
        fields = [
            *("channel", "external_id", "placed_at", "currency", "customer", "ship_to", "bill_to"),
            *("lines", "total", *OPTIONAL),
        ]
        # One that is there already is answered, not refused.
        validators: list[Any] = []


class OrderEditLineSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code", default=None, allow_null=True)

    class Meta:
        model = OrderEditLine
        fields = [
            *("position", "kind", "line_id", "sku", "quantity", "unit_price", "tax_rate"),
            *("amount", "address_id"),
        ]


class OrderEditSerializer(serializers.ModelSerializer):
    order = serializers.CharField(source="order_number")
    created_by = serializers.CharField(source="created_by.username")
    modified_by = serializers.CharField(source="modified_by.username")

    class Meta:
        model = OrderEdit
        fields = [
            *("id", "number", "order", "order_id", "order_version", "status", "note", "currency"),
            *("total_before", "total_after", "tax_before", "tax_after", "created_by"),
            *("created_at", "modified_by", "committed_at", "version"),
        ]


class OrderEditDetailSerializer(OrderEditSerializer):
    """An edit with its changes and what committing it would do."""

    lines = OrderEditLineSerializer(many=True)
    needs_approval = serializers.SerializerMethodField()
    effects = serializers.SerializerMethodField()

    class Meta(OrderEditSerializer.Meta):
        fields = [*OrderEditSerializer.Meta.fields, "needs_approval", "effects", "lines"]

    def get_needs_approval(self, edit: OrderEdit) -> bool:
        """Say whether a second person has to agree."""
        return edit.pk in above_threshold([edit.pk])

    def get_effects(self, edit: OrderEdit) -> list[str]:
        """Say what follows from committing it."""
        lines = extensions.effects("orders.orderedit", "commit", [edit.pk], timezone.now())
        return [str(line) for line in lines]


class ChangeInput(serializers.Serializer):
    """One change; which fields count depends on its kind."""

    kind = serializers.ChoiceField(EditKind.choices)
    line_id = serializers.IntegerField(min_value=1, required=False)
    sku = serializers.CharField(max_length=80, required=False)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)
    unit_price = serializers.DecimalField(20, 4, min_value=0, required=False)
    tax_rate = serializers.DecimalField(7, 5, min_value=0, max_value=1, required=False)
    amount = serializers.DecimalField(20, 4, required=False)
    ship_to = AddressInput(required=False, source="address")


class OrderEditInput(serializers.Serializer):
    """Changes to one order, made together; `version` is the order that was seen."""

    order = serializers.CharField(max_length=24)
    version = serializers.IntegerField(min_value=0, required=False)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)
    changes = ChangeInput(many=True, allow_empty=False, max_length=200)


class HoldInput(VerbSerializer):
    """Why an order has to wait, and until when."""

    hold = serializers.ChoiceField(HoldReason.choices, required=False)
    until = serializers.DateTimeField(required=False)


class AcceptAddressInput(VerbSerializer):
    """Why a doubted address is right as it is."""

    reason = serializers.CharField(max_length=300)


class PriorityInput(VerbSerializer):
    priority = serializers.IntegerField(min_value=-100, max_value=100)


class TagInput(VerbSerializer):
    tag = serializers.RegexField(TAG)


class NoteInput(VerbSerializer):
    text = serializers.CharField(max_length=10_000)


class RequestedLineInput(serializers.Serializer):
    line_id = serializers.IntegerField(min_value=1)
    units = serializers.IntegerField(min_value=1)
    reason = serializers.ChoiceField(ReturnReason.choices, required=False)


class ReturnInput(serializers.Serializer):
    """A return to be opened."""

    order = serializers.CharField(max_length=24)
    external_id = serializers.CharField(max_length=120, required=False)
    lines = RequestedLineInput(many=True, allow_empty=False)


class ReceivedLineInput(serializers.Serializer):
    return_line_id = serializers.IntegerField(min_value=1)
    sellable = serializers.IntegerField(min_value=0, required=False, default=0)
    damaged = serializers.IntegerField(min_value=0, required=False, default=0)


class ReceiveReturnInput(VerbSerializer):
    """What came back, line by line; nothing given means all of it, sellable."""

    lines = ReceivedLineInput(many=True, required=False)
