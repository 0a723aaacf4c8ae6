"""Stock counts over the API: drawn up, counted, judged."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rest_framework import serializers

from backoffice.core.api.creation import Creation, Made
from backoffice.core.api.references import ids_of
from backoffice.core.api.verbs import Verb, VerbSerializer
from backoffice.core.api.views import DocumentViewSet, SettingsViewSet
from backoffice.core.states import Outcome
from inventory import filters
from inventory.api.fields import CodeField
from inventory.choices import AbcClass
from inventory.models import CountPlan, Location, Sku, StockCount, StockCountLine, Warehouse
from inventory.services.counted import NO_LINE, Counted, approve_counts, count_stock, recount
from inventory.services.counts import NOTHING, StartCount, cancel_counts, start_counts
from inventory.services.places import no_lots
from inventory.states import COUNT, JUDGE


class CountPlanSerializer(serializers.ModelSerializer):
    warehouse = CodeField(Warehouse)

    class Meta:
        model = CountPlan
        exclude = ["created_at"]


class CountPlanViewSet(SettingsViewSet):
    """Which class of bins is counted how often, and how far off it may be."""

    queryset = CountPlan.objects.select_related("warehouse")
    serializer_class = CountPlanSerializer
    filterset_class = filters.CountPlanFilter


class StockCountLineSerializer(serializers.ModelSerializer):
    """A line; what was expected is told once it is counted."""

    sku = serializers.CharField(source="sku.code")
    location = serializers.CharField(source="location.code")
    lot = serializers.CharField(source="lot.code")

    class Meta:
        model = StockCountLine
        fields = [
            *("id", "position", "sku", "location", "location_id", "lot", "status", "turn"),
            *("counted", "expected", "difference", "counted_at"),
        ]


class StockCountSerializer(serializers.ModelSerializer):
    warehouse = serializers.CharField(source="warehouse.code")
    lines = StockCountLineSerializer(many=True)

    class Meta:
        model = StockCount
        fields = [
            *("id", "number", "warehouse", "plan_id", "planned_on", "status", "tolerance_percent"),
            *("tolerance_value", "finished_at", "version", "updated_at", "lines"),
        ]


class StockCountInput(serializers.Serializer):
    """What is to be counted: bins, SKUs, a class; what is left out means all."""

    warehouse = serializers.CharField(max_length=40)
    locations = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=1000
    )
    skus = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=1000
    )
    abc_class = serializers.ChoiceField(AbcClass.choices, required=False)
    tolerance_percent = serializers.DecimalField(5, 2, min_value=0, max_value=100, required=False)
    tolerance_value = serializers.DecimalField(20, 4, min_value=0, required=False)


class CountedInput(serializers.Serializer):
    """What lay there: of a line, or of a SKU in a bin that is on none."""

    line_id = serializers.IntegerField(min_value=1, required=False)
    sku = serializers.CharField(max_length=60, required=False)
    location_id = serializers.IntegerField(min_value=1, required=False)
    lot_id = serializers.IntegerField(min_value=1, required=False)
    units = serializers.IntegerField(min_value=0, max_value=10**9)
    at = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "line_id" not in attrs and not {"sku", "location_id"} <= set(attrs):
            raise serializers.ValidationError(str(NO_LINE))
        return attrs


class CountInput(VerbSerializer):
    """What was counted and when; without a time, now."""

    lines = CountedInput(many=True, allow_empty=False, max_length=1000)


def draw_up(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Draw up stock counts, of at most 40 lines each."""
    houses = ids_of(Warehouse.objects.all(), "code", (item["warehouse"] for item in items))
    skus = ids_of(Sku.objects.all(), "code", (c for i in items for c in i.get("skus", ())))
    bins = {
        (house, code): pk
        for house, code, pk in Location.objects.filter(
            warehouse_id__in=houses.values(),
            code__in=[c for i in items for c in i.get("locations", ())],
        ).values_list("warehouse_id", "code", "pk")
    }
    commands: dict[int, StartCount] = {}
    refused = {}
    for n, item in enumerate(items):
        house = houses.get(item["warehouse"], 0)
        where = [bins.get((house, code)) for code in item.get("locations", ())]
        what = [skus.get(code) for code in item.get("skus", ())]
        if None in where or None in what:
            refused[n] = [NOTHING]
            continue
        names = ("abc_class", "tolerance_percent", "tolerance_value")
        given = {name: item[name] for name in names if name in item}
        commands[n] = StartCount(house, where, what, **given)  # type: ignore[arg-type]
    started = start_counts(list(commands.values()), now=now)
    at = list(commands)
    return Made(
        {at[n]: ids for n, ids in started.ids.items()},
        {},
        refused | {at[n]: why for n, why in started.refused.items()},
    )


def count(
    ids: Sequence[int], *, lines: Sequence[dict[str, Any]], now: datetime, reason: str = ""
) -> Outcome:
    """Take in what was counted; differences within tolerance are posted at once."""
    skus = ids_of(Sku.objects.all(), "code", (row["sku"] for row in lines if "sku" in row))
    lots = no_lots(skus.values()) if skus else {}
    counted = []
    for row in lines:
        given: dict[str, Any] = {
            k: row[k] for k in ("line_id", "location_id", "lot_id", "at") if k in row
        }
        if "line_id" not in row:
            sku = skus.get(row["sku"])
            given |= {"sku_id": sku, "lot_id": row.get("lot_id") or lots.get(sku or 0)}
        counted.append(Counted(row["units"], **given))
    return count_stock(ids, lines=counted, now=now, reason=reason)


class StockCountViewSet(DocumentViewSet):
    """Stock counts: blind until they are counted; what differs waits for a second person."""

    queryset = StockCount.objects.select_related("warehouse").prefetch_related(
        "lines__sku", "lines__location", "lines__lot"
    )
    serializer_class = StockCountSerializer
    filterset_class = filters.StockCountFilter
    creation = Creation(StockCountInput, draw_up, "inventory.add_stockcount", is_many=True)
    verbs = (
        Verb("count", count, COUNT, CountInput, is_bulk=False),
        Verb("approve", approve_counts, JUDGE),
        Verb("recount", recount, JUDGE),
        Verb("cancel", cancel_counts, JUDGE),
    )
