"""Shipments and parcels as JSON; nothing here queries beyond what the view has fetched."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from backoffice.core.api.verbs import VerbSerializer
from inventory.api.fields import CodeField
from logistics.choices import ExceptionKind, ParcelStatus
from logistics.models import (
    Carrier,
    CarrierAccount,
    DeliveryException,
    Parcel,
    ParcelLine,
    PickLine,
    PickList,
    Shipment,
    ShipmentLine,
    TrackingEvent,
)


class ShipmentLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = ShipmentLine
        fields = ["id", "order_line_id", "quantity", "given_up"]


class ShipmentSerializer(serializers.ModelSerializer):
    order = serializers.CharField(source="order_number")
    warehouse = serializers.CharField(source="warehouse.code", default=None, allow_null=True)
    seller = serializers.CharField(source="seller.code", default=None, allow_null=True)
    lines = ShipmentLineSerializer(many=True)

    class Meta:
        model = Shipment
        fields = [
            *("id", "number", "order", "order_id", "warehouse", "seller", "status", "ship_on"),
            *("uncovered_quantity", "picked_at", "packed_at", "shipped_at", "delivered_at"),
            "cancelled_at",
            *("version", "updated_at", "lines"),
        ]


class PickLineSerializer(serializers.ModelSerializer):
    location = serializers.CharField(source="location.code")
    sku = serializers.CharField(source="sku.code")
    lot = serializers.CharField(source="lot.code")

    class Meta:
        model = PickLine
        fields = ["id", "shipment_line_id", "location", "sku", "lot", "quantity", "picked"]


class PickListSerializer(serializers.ModelSerializer):
    warehouse = serializers.CharField(source="warehouse.code")
    lines = PickLineSerializer(many=True)

    class Meta:
        model = PickList
        fields = [
            *("id", "number", "warehouse", "status", "picked_at", "version", "updated_at"),
            "lines",
        ]


class ParcelLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = ParcelLine
        fields = ["shipment_line_id", "quantity"]


class ParcelSerializer(serializers.ModelSerializer):
    account = serializers.CharField(source="account.code")
    shipment = serializers.CharField(source="shipment.number")
    order = serializers.CharField(source="order_number")
    order_id = serializers.IntegerField(source="shipment.order_id")
    lines = ParcelLineSerializer(many=True)

    class Meta:
        model = Parcel
        fields = [
            *("id", "number", "shipment", "shipment_id", "order", "order_id", "account"),
            *(
                "service",
                "tracking_number",
                "status",
                "weight_grams",
                "label_url",
                "label_cost",
                "label_currency",
            ),
            *("labelled_at", "shipped_at", "delivered_at", "promised_on", "given_up_at", "remedy"),
            *("version", "updated_at", "lines"),
        ]
        extra_kwargs = {"remedy": {"allow_blank": True}}


class ScanSerializer(serializers.ModelSerializer):
    class Meta:
        model = TrackingEvent
        fields = [
            *("occurred_at", "status", "kind", "code", "description", "location", "source"),
            "recorded_at",
        ]
        extra_kwargs = {"status": {"allow_blank": True}, "kind": {"allow_blank": True}}


class TrackingEventSerializer(ScanSerializer):
    """A scan by itself, with the parcel that it was of."""

    parcel = serializers.CharField(source="parcel.number")

    class Meta(ScanSerializer.Meta):
        fields = ["id", "parcel", *ScanSerializer.Meta.fields]


class ParcelDetailSerializer(ParcelSerializer):
    scans = ScanSerializer(many=True)

    class Meta(ParcelSerializer.Meta):
        fields = [*ParcelSerializer.Meta.fields, "scans"]


class DeliveryExceptionSerializer(serializers.ModelSerializer):
    parcel = serializers.CharField(source="parcel.number")
    order = serializers.CharField(source="order_number")

    class Meta:
        model = DeliveryException
        fields = [
            *(
                "id",
                "number",
                "parcel",
                "parcel_id",
                "order",
                "order_id",
                "kind",
                "status",
                "detail",
                "resolution",
            ),
            *("opened_at", "acknowledged_at", "resolved_at", "is_resolved_by_scan", "version"),
        ]


class CarrierSerializer(serializers.ModelSerializer):
    class Meta:
        model = Carrier
        fields = ["id", "code", "name", "tracking_url", "is_active", "updated_at"]


class CarrierAccountSerializer(serializers.ModelSerializer):
    carrier = CodeField(Carrier)
    services = serializers.ListField(child=serializers.CharField(max_length=40), required=False)

    class Meta:
        model = CarrierAccount
        exclude = ["created_at", "previous_webhook_secret"]
        read_only_fields = ["previous_webhook_secret_until"]
        # Secrets are written, never read.
        extra_kwargs = {"api_key": {"write_only": True}, "webhook_secret": {"write_only": True}}

    def update(self, instance: CarrierAccount, validated_data: dict[str, Any]) -> CarrierAccount:
        old = instance.webhook_secret
        instance.webhook_secret = validated_data.get("webhook_secret", old)
        instance.replace_webhook_secret(old, now=timezone.now())
        return super().update(instance, validated_data)


def _units(text: str, value: dict[str, int]) -> dict[int, int]:
    if not all(key.isascii() and key.isdigit() and len(key) < 19 for key in value):
        raise serializers.ValidationError(text)
    return {int(key): units for key, units in value.items()}


class PickedInput(VerbSerializer):
    """What was found; a line that is not named was found whole."""

    picked = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=1_000_000), required=False
    )

    def validate_picked(self, value: dict[str, int]) -> dict[int, int]:
        return _units(_("Pick lines are named by their ids."), value)


class ParcelInput(serializers.Serializer):
    """A parcel to be packed: by default everything, with the usual carrier."""

    lines = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=1_000_000), required=False
    )
    account = serializers.CharField(max_length=40, required=False)
    service = serializers.CharField(max_length=40, required=False)
    tracking_number = serializers.CharField(max_length=80, required=False)
    weight_grams = serializers.IntegerField(min_value=0, max_value=10_000_000, required=False)

    def validate_lines(self, value: dict[str, int]) -> dict[int, int]:
        return _units(_("Shipment lines are named by their ids."), value)


class NumberInput(VerbSerializer):
    """The tracking number that the carrier gave a parcel."""

    tracking_number = serializers.CharField(max_length=80)


class PackInput(serializers.Serializer):
    """A shipment and the parcels that it goes into."""

    shipment = serializers.CharField(max_length=24)
    parcels = ParcelInput(many=True, allow_empty=False, max_length=100)


class ExceptionInput(serializers.Serializer):
    """A problem of a parcel, as somebody noticed it."""

    parcel = serializers.CharField(max_length=24)
    kind = serializers.ChoiceField(ExceptionKind.choices)
    detail = serializers.CharField(max_length=300, required=False, allow_blank=True)


class ScanInput(serializers.Serializer):
    """A scan, named by carrier account and tracking number."""

    account = serializers.SlugField(max_length=40)
    tracking_number = serializers.CharField(max_length=80)
    occurred_at = serializers.DateTimeField()
    status = serializers.ChoiceField(
        [
            (s.value, s.label)
            for s in ParcelStatus
            if s not in (ParcelStatus.CREATED, ParcelStatus.LABELLED, ParcelStatus.CANCELLED)
        ],
        required=False,
    )
    kind = serializers.ChoiceField(ExceptionKind.choices, required=False)
    code = serializers.CharField(max_length=60, required=False)
    description = serializers.CharField(max_length=300, required=False)
    location = serializers.CharField(max_length=200, required=False)


class ScansInput(serializers.Serializer):
    """Up to 1,000 scans."""

    scans = ScanInput(many=True, allow_empty=False, max_length=1_000)


class ScannedSerializer(serializers.Serializer):
    """How many scans were new, which parcels they moved, which positions were refused and why."""

    new = serializers.IntegerField()
    moved = serializers.ListField(child=serializers.CharField())
    refused = serializers.DictField(child=serializers.CharField())
