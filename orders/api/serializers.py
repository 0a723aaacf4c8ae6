"""Orders as JSON; nothing here queries beyond what the view has fetched."""

from typing import Any

from rest_framework import serializers

from orders.choices import LineKind, ReturnReason
from orders.models import Customer, Order, OrderLine, Return, ReturnLine, SalesChannel
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder


class OrderLineSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code", default=None)

    class Meta:
        model = OrderLine
        fields = [
            *("id", "position", "kind", "sku", "description", "quantity", "unit_price", "tax_rate"),
            *("net_amount", "tax_amount", "gross_amount", "reserved", "shipped", "delivered"),
            *("cancelled", "returned", "external_id"),
        ]


class OrderSerializer(serializers.ModelSerializer):
    channel = serializers.CharField(source="channel.code")

    class Meta:
        model = Order
        fields = [
            *("id", "order_number", "channel", "external_id", "customer_id", "order_date"),
            *("placed_at", "status", "payment_status", "fulfilment_status", "currency"),
            *("net_amount", "tax_amount", "total_amount", "captured_amount", "refunded_amount"),
            *("ordered_quantity", "short_quantity", "reserved_quantity", "shipped_quantity"),
            *("delivered_quantity", "cancelled_quantity", "returned_quantity", "open_holds"),
            *("priority", "promised_on", "confirmed_at", "released_at", "shipped_at"),
            *("delivered_at", "completed_at", "cancelled_at", "version", "updated_at"),
        ]


class OrderDetailSerializer(OrderSerializer):
    lines = OrderLineSerializer(many=True)

    class Meta(OrderSerializer.Meta):
        fields = [*OrderSerializer.Meta.fields, "lines"]


class CustomerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ["id", "source", "external_id", "name", "email", "phone", "language", "country"]


class SalesChannelSerializer(serializers.ModelSerializer):
    class Meta:
        model = SalesChannel
        exclude = ["created_at"]


class ReturnLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = ReturnLine
        fields = ["id", "order_line_id", "reason", "quantity", "sellable", "damaged"]


class ReturnSerializer(serializers.ModelSerializer):
    lines = ReturnLineSerializer(many=True)

    class Meta:
        model = Return
        fields = [
            *("id", "number", "order_id", "external_id", "status", "requested_at"),
            *("received_at", "closed_at", "version", "lines"),
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


class OrderInput(serializers.Serializer):
    """An order to be placed."""

    channel = serializers.CharField(max_length=40)
    external_id = serializers.CharField(max_length=120)
    placed_at = serializers.DateTimeField()
    currency = serializers.CharField(max_length=3, required=False)
    customer = CustomerInput()
    ship_to = AddressInput()
    bill_to = AddressInput(required=False)
    lines = LineInput(many=True, allow_empty=False)
    total = serializers.DecimalField(20, 4, required=False)
    priority = serializers.IntegerField(min_value=-100, max_value=100, required=False)
    promised_on = serializers.DateField(required=False)


def to_command(data: dict[str, Any]) -> PlaceOrder:
    """Return the command of a validated order."""
    values = dict(data)
    bill_to = values.pop("bill_to", None)
    return PlaceOrder(
        **{
            **values,
            "customer": CustomerData(**values["customer"]),
            "ship_to": AddressData(**values["ship_to"]),
            "lines": [LineData(**line) for line in values["lines"]],
        },
        bill_to=AddressData(**bill_to) if bill_to else None,
    )


class BulkOrderInput(serializers.Serializer):
    """Up to 1,000 orders; each is answered by its position."""

    orders = OrderInput(many=True, allow_empty=False, max_length=1_000)


class PlacedSerializer(serializers.Serializer):
    """What came of placing, by position."""

    created = serializers.DictField(child=serializers.IntegerField())
    existing = serializers.DictField(child=serializers.IntegerField())
    refused = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class HoldInput(serializers.Serializer):
    reason = serializers.CharField(max_length=300)
    until = serializers.DateTimeField(required=False)


class RequestedLineInput(serializers.Serializer):
    line_id = serializers.IntegerField(min_value=1)
    units = serializers.IntegerField(min_value=1)
    reason = serializers.ChoiceField(ReturnReason.choices, required=False)


class ReturnInput(serializers.Serializer):
    """A return to be opened."""

    order_id = serializers.IntegerField(min_value=1)
    external_id = serializers.CharField(max_length=120, required=False)
    lines = RequestedLineInput(many=True, allow_empty=False)


class ReceivedLineInput(serializers.Serializer):
    return_line_id = serializers.IntegerField(min_value=1)
    sellable = serializers.IntegerField(min_value=0, required=False, default=0)
    damaged = serializers.IntegerField(min_value=0, required=False, default=0)


class ReceiveReturnInput(serializers.Serializer):
    """What came back, line by line; nothing given means all of it, sellable."""

    lines = ReceivedLineInput(many=True, required=False)
