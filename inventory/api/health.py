"""The health of stock and its alerts over the API."""

from rest_framework import serializers

from backoffice.core.api.verbs import Verb, VerbSerializer
from backoffice.core.api.views import DocumentViewSet, ReadOnlyViewSet, SettingsViewSet
from inventory import filters_watch
from inventory.api.fields import CodeField
from inventory.models import AlertPolicy, StockAlert, StockHealth, Warehouse
from inventory.selectors.alerts import explain_alert
from inventory.services.alerts import assign_alerts, snooze_alerts, take_alerts, wake_alerts
from inventory.states import HANDLE


class StockHealthSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code")
    warehouse = serializers.CharField(source="warehouse.code")

    class Meta:
        model = StockHealth
        fields = [
            *("id", "sku", "warehouse", "abc", "xyz", "on_hand", "value", "usage_value"),
            *("daily_demand", "days_of_cover", "idle_days", "reckoned_at"),
        ]


class StockHealthViewSet(ReadOnlyViewSet):
    """Class, demand and cover of stock, as the last night found them."""

    queryset = StockHealth.objects.select_related("sku", "warehouse")
    serializer_class = StockHealthSerializer
    filterset_class = filters_watch.StockHealthFilter


class AlertPolicySerializer(serializers.ModelSerializer):
    warehouse = CodeField(Warehouse, default=None, allow_null=True)

    class Meta:
        model = AlertPolicy
        exclude = ["created_at"]


class AlertPolicyViewSet(SettingsViewSet):
    """From when on stock is too much, slow, dead, about to expire, or counted too far off."""

    queryset = AlertPolicy.objects.select_related("warehouse")
    serializer_class = AlertPolicySerializer
    filterset_class = filters_watch.AlertPolicyFilter


class StockAlertSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="sku.code")
    warehouse = serializers.CharField(source="warehouse.code")
    owner = serializers.CharField(source="owner.username", default=None, allow_null=True)
    why = serializers.SerializerMethodField()

    class Meta:
        model = StockAlert
        fields = [
            *("id", "number", "kind", "sku", "warehouse", "status", "facts", "why", "owner"),
            *("snoozed_until", "created_at", "resolved_at", "version", "updated_at"),
        ]

    def get_why(self, alert: StockAlert) -> str:
        return explain_alert(alert.kind, alert.facts)


class SnoozeInput(VerbSerializer):
    """Until when, and why."""

    until = serializers.DateTimeField()


class OwnerInput(VerbSerializer):
    """Who looks after it, by user name."""

    owner = serializers.CharField(max_length=150)


class StockAlertViewSet(DocumentViewSet):
    """What is wrong with stock: raised where there is a cause, resolved when that is gone."""

    queryset = StockAlert.objects.select_related("sku", "warehouse", "owner")
    serializer_class = StockAlertSerializer
    filterset_class = filters_watch.StockAlertFilter
    verbs = (
        Verb("take", take_alerts, HANDLE),
        Verb("assign", assign_alerts, HANDLE, OwnerInput),
        Verb("snooze", snooze_alerts, HANDLE, SnoozeInput),
        Verb("wake", wake_alerts, HANDLE),
    )
