"""Stock, purchasing and replenishment as JSON; nothing here queries beyond the view."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from backoffice.core.api.verbs import VerbSerializer
from inventory.api.fields import CodeField
from inventory.choices import MoveKind, PlanningRule
from inventory.models import (
    Allocation,
    BinStock,
    KitComponent,
    Location,
    Lot,
    Product,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    ReceiptLine,
    ReplenishmentPolicy,
    ReplenishmentProposal,
    Reservation,
    Seller,
    Simulation,
    SimulationCurve,
    Sku,
    StockLevel,
    StockMove,
    Supplier,
    SupplierItem,
    Warehouse,
)
from inventory.selectors.replenishment import explain_proposal


class SellerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Seller
        exclude = ["created_at"]


class ProductSerializer(serializers.ModelSerializer):
    seller = CodeField(Seller, required=False, allow_null=True)

    class Meta:
        model = Product
        exclude = ["created_at"]


class KitComponentSerializer(serializers.ModelSerializer):
    component = serializers.CharField(source="component.code")

    class Meta:
        model = KitComponent
        fields = ["component", "quantity"]


class SkuSerializer(serializers.ModelSerializer):
    product = CodeField(Product)
    seller = CodeField(Seller, required=False, allow_null=True)
    components = KitComponentSerializer(many=True, read_only=True)

    class Meta:
        model = Sku
        exclude = ["created_at"]


class WarehouseSerializer(serializers.ModelSerializer):
    class Meta:
        model = Warehouse
        exclude = ["created_at", "address"]


class LocationSerializer(serializers.ModelSerializer):
    warehouse = CodeField(Warehouse)

    class Meta:
        model = Location
        exclude = ["created_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fixed = ("warehouse", "kind")
        if self.instance is not None and any(
            name in attrs and attrs[name] != getattr(self.instance, name) for name in fixed
        ):
            raise serializers.ValidationError(
                _("A bin keeps its warehouse and kind: create another and transfer its stock.")
            )
        return attrs


class LotSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code")

    class Meta:
        model = Lot
        fields = ["id", "sku", "code", "expires_on"]


class StockLevelSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code")
    warehouse = serializers.CharField(source="warehouse.code")

    class Meta:
        model = StockLevel
        fields = [
            *("id", "sku", "warehouse", "on_hand", "reserved", "quarantined", "available"),
            "average_cost",
        ]


class AsOfInput(serializers.Serializer):
    """An instant, and of which SKU or warehouse."""

    at = serializers.DateTimeField(required=False)
    sku = serializers.CharField(max_length=60, required=False)
    warehouse = serializers.CharField(max_length=40, required=False)


class StockAsOfSerializer(serializers.Serializer):
    """What was on hand of a SKU in a warehouse."""

    sku = serializers.CharField()
    warehouse = serializers.CharField()
    on_hand = serializers.IntegerField()


class BinStockSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code")
    location = serializers.CharField(source="location.code")
    warehouse_id = serializers.IntegerField(source="location.warehouse_id")
    lot = serializers.CharField(source="lot.code")
    expires_on = serializers.DateField(source="lot.expires_on", allow_null=True)

    class Meta:
        model = BinStock
        fields = [
            *("id", "sku", "warehouse_id", "location_id", "location", "lot", "expires_on"),
            *("on_hand", "allocated", "stocked_at"),
        ]


class StockMoveSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code")
    warehouse = serializers.CharField(source="warehouse.code")

    class Meta:
        model = StockMove
        fields = [
            *("id", "kind", "sku", "warehouse", "location_id", "lot_id", "quantity", "unit_cost"),
            *("for_type", "for_id", "reason", "actor_id", "occurred_at", "recorded_at"),
        ]


class ReservationSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code")
    warehouse = serializers.CharField(source="warehouse.code")

    class Meta:
        model = Reservation
        fields = ["id", "for_type", "for_id", "sku", "warehouse", "quantity", "promised_at"]


class AllocationSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code")
    location = serializers.CharField(source="location.code")

    class Meta:
        model = Allocation
        fields = ["id", "for_type", "for_id", "sku", "location", "lot_id", "quantity"]


class MoveInput(serializers.Serializer):
    """One adjustment; receipts, shipments and returns come through their own documents."""

    KINDS = (MoveKind.OPENING, MoveKind.ADJUSTMENT, MoveKind.WRITE_OFF)

    kind = serializers.ChoiceField([(k.value, k.label) for k in KINDS], default="ADJUSTMENT")
    sku = serializers.CharField(max_length=60)
    warehouse = serializers.CharField(max_length=40)
    quantity = serializers.IntegerField(min_value=-(10**9), max_value=10**9)
    location_id = serializers.IntegerField(required=False, allow_null=True)
    lot_id = serializers.IntegerField(required=False, allow_null=True)
    unit_cost = serializers.DecimalField(20, 4, min_value=0, required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_loss = attrs["quantity"] < 0
        if not attrs["quantity"] or (attrs["kind"] == MoveKind.WRITE_OFF and not is_loss):
            raise serializers.ValidationError(_("A write-off is below zero, and nothing is zero."))
        if attrs["kind"] == MoveKind.OPENING and is_loss:
            raise serializers.ValidationError(_("Opening stock is above zero."))
        return attrs


class AdjustInput(serializers.Serializer):
    moves = MoveInput(many=True, allow_empty=False, max_length=1000)
    reason = serializers.CharField(max_length=300)


class TransferInput(serializers.Serializer):
    """Units from one bin to another, in the same warehouse or the next."""

    sku = serializers.CharField(max_length=60)
    quantity = serializers.IntegerField(min_value=1, max_value=10**9)
    from_location_id = serializers.IntegerField(min_value=1)
    to_location_id = serializers.IntegerField(min_value=1)
    lot_id = serializers.IntegerField(min_value=1, required=False, allow_null=True)


class TransfersInput(serializers.Serializer):
    transfers = TransferInput(many=True, allow_empty=False, max_length=1000)
    reason = serializers.CharField(max_length=300)


class PostedSerializer(serializers.Serializer):
    """How many lines of the ledger were written."""

    entries = serializers.IntegerField()


class SupplierSerializer(serializers.ModelSerializer):
    class Meta:
        model = Supplier
        exclude = ["created_at"]


class SupplierItemSerializer(serializers.ModelSerializer):
    supplier = CodeField(Supplier)
    sku = CodeField(Sku)

    class Meta:
        model = SupplierItem
        exclude = ["created_at"]


class PurchaseOrderLineSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code")

    class Meta:
        model = PurchaseOrderLine
        fields = ["id", "position", "sku", "quantity", "received", "unit_price"]


class PurchaseOrderSerializer(serializers.ModelSerializer):
    supplier = serializers.CharField(source="supplier.code")
    warehouse = serializers.CharField(source="warehouse.code")
    lines = PurchaseOrderLineSerializer(many=True)

    class Meta:
        model = PurchaseOrder
        fields = [
            *("id", "number", "supplier", "warehouse", "status", "currency", "exchange_rate"),
            *("total_amount", "expected_on", "approved_at", "sent_at", "received_at", "closed_at"),
            *("cancelled_at", "version", "updated_at", "lines"),
        ]


class PurchaseLineInput(serializers.Serializer):
    sku = serializers.CharField(max_length=60)
    quantity = serializers.IntegerField(min_value=1, max_value=10**9)
    unit_price = serializers.DecimalField(20, 4, min_value=0, required=False, allow_null=True)


class PurchaseOrderInput(serializers.Serializer):
    """A purchase order to be drawn up."""

    supplier = serializers.CharField(max_length=40)
    warehouse = serializers.CharField(max_length=40)
    currency = serializers.CharField(max_length=3, required=False, default="")
    expected_on = serializers.DateField(required=False, allow_null=True)
    lines = PurchaseLineInput(many=True, allow_empty=False)


class ReceivedGoodsInput(serializers.Serializer):
    line_id = serializers.IntegerField(min_value=1)
    quantity = serializers.IntegerField(min_value=1, max_value=10**9)
    location_id = serializers.IntegerField(required=False, allow_null=True)
    lot_code = serializers.CharField(max_length=60, required=False, allow_blank=True)
    expires_on = serializers.DateField(required=False, allow_null=True)
    unit_cost = serializers.DecimalField(20, 4, min_value=0, required=False, allow_null=True)


class ReceiptInput(serializers.Serializer):
    """One delivery, as counted at the door; its delivery note makes it once."""

    purchase_order = serializers.CharField(max_length=24)
    lines = ReceivedGoodsInput(many=True, allow_empty=False)
    delivery_note = serializers.CharField(max_length=80, required=False, allow_blank=True)
    received_at = serializers.DateTimeField(required=False, allow_null=True)


class ReceiptLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = ReceiptLine
        fields = ["id", "purchase_order_line_id", "location_id", "lot_id", "quantity", "unit_cost"]


class ReceiptSerializer(serializers.ModelSerializer):
    purchase_order = serializers.CharField(source="purchase_order_number")
    lines = ReceiptLineSerializer(many=True)

    class Meta:
        model = Receipt
        fields = [
            *("id", "number", "purchase_order", "purchase_order_id", "delivery_note"),
            *("received_at", "version", "lines"),
        ]


class ReplenishmentPolicySerializer(serializers.ModelSerializer):
    warehouse = CodeField(Warehouse, default=None, allow_null=True)
    sku = CodeField(Sku, default=None, allow_null=True)

    class Meta:
        model = ReplenishmentPolicy
        exclude = ["created_at"]


class ReplenishmentProposalSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code")
    warehouse = serializers.CharField(source="warehouse.code")
    supplier = serializers.CharField(source="supplier_item.supplier.code")
    why = serializers.SerializerMethodField()

    class Meta:
        model = ReplenishmentProposal
        fields = [
            *("id", "number", "sku", "warehouse", "supplier", "status", "planned_on", "quantity"),
            *("unit_price", "currency", "reorder_point", "position", "purchase_order_id"),
            *("explanation", "why", "decided_at", "version", "updated_at"),
        ]

    def get_why(self, proposal: ReplenishmentProposal) -> str:
        return explain_proposal(proposal.explanation)


class QuantityInput(VerbSerializer):
    """How many to buy instead, in whole packs, and why."""

    quantity = serializers.IntegerField(min_value=1, max_value=10**9)


class SimulationCurveSerializer(serializers.ModelSerializer):
    """What one policy would have done; `here` is the point at which it stands."""

    class Meta:
        model = SimulationCurve
        fields = ["policy", "result"]


class SimulationSerializer(serializers.ModelSerializer):
    warehouse = serializers.CharField(source="warehouse.code", default=None, allow_null=True)
    curves = SimulationCurveSerializer(many=True)

    class Meta:
        model = Simulation
        fields = [
            *("id", "number", "status", "warehouse", "category", "rule", "fill_rate"),
            *("order_rhythm_days", "lead_time_days", "curves", "finished_at", "version"),
            "updated_at",
        ]


class SimulationInput(serializers.Serializer):
    """A scope and what to try in it; what is left out stays as it is."""

    warehouse = serializers.CharField(max_length=40, required=False)
    category = serializers.CharField(max_length=120, required=False, allow_blank=True)
    rule = serializers.ChoiceField(PlanningRule.choices, required=False)
    fill_rate = serializers.DecimalField(
        5, 4, min_value=Decimal("0.5"), max_value=Decimal("0.999"), required=False
    )
    order_rhythm_days = serializers.IntegerField(min_value=1, max_value=90, required=False)
    lead_time_days = serializers.IntegerField(min_value=1, max_value=365, required=False)
