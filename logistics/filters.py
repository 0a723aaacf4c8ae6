"""One filter set per document, for the API, the admin and the rules alike."""

import django_filters
from django.db.models import DateField, F, Func, Q, Value
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.filtering import (
    AgoFilter,
    FilterSet,
    IdsFilter,
    IntegerFilter,
    WithinFilter,
    by_code,
    plain,
)
from inventory.models import Warehouse
from logistics.choices import (
    ExceptionKind,
    ExceptionStatus,
    ParcelStatus,
    PickListStatus,
    Remedy,
    ShipmentStatus,
)
from logistics.models import (
    AccountState,
    Carrier,
    CarrierAccount,
    DeliveryException,
    LabelRequest,
    Parcel,
    PickList,
    Shipment,
    TrackingEvent,
)
from logistics.states import GIVABLE, STRANDED


class ShipmentFilter(FilterSet):
    """Which shipments."""

    fixed = frozenset("number order order_id warehouse".split())
    recorded = frozenset({"is_uncovered"})

    number = django_filters.CharFilter(label=_("number"))
    order = django_filters.CharFilter("order__order_number", label=_("order"))
    order_id = IntegerFilter(label=_("order id"))
    status = django_filters.MultipleChoiceFilter(choices=ShipmentStatus.choices, label=_("status"))
    warehouse = django_filters.ModelChoiceFilter(
        queryset=Warehouse.objects.all(), to_field_name="code", label=_("warehouse")
    )
    ship_before = django_filters.DateFilter("ship_on", "lte", label=_("ship until"))
    is_picked = django_filters.BooleanFilter("picked_at", "isnull", exclude=True, label=_("picked"))
    is_printed = django_filters.BooleanFilter(
        "printed_at", "isnull", exclude=True, label=_("printed")
    )
    is_uncovered = django_filters.BooleanFilter(method="uncovered", label=_("lost after picking"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))

    class Meta:
        model = Shipment
        fields: list[str] = []

    def uncovered(self, queryset, name, value):  # type: ignore[no-untyped-def]
        held = Q(uncovered_quantity__gt=0)
        return queryset.filter(held if value else ~held)


class PickListFilter(FilterSet):
    """Which pick lists."""

    number = django_filters.CharFilter(label=_("number"))
    status = django_filters.MultipleChoiceFilter(choices=PickListStatus.choices, label=_("status"))
    is_printed = django_filters.BooleanFilter(
        "printed_at", "isnull", exclude=True, label=_("printed")
    )
    warehouse = django_filters.ModelChoiceFilter(
        queryset=Warehouse.objects.all(), to_field_name="code", label=_("warehouse")
    )

    class Meta:
        model = PickList
        fields: list[str] = []


class ParcelFilter(FilterSet):
    """Which parcels."""

    fixed = frozenset("number account order_id shipment_id".split())

    number = django_filters.CharFilter(label=_("number"))
    tracking_number = django_filters.CharFilter(label=_("tracking number"))
    needs_number = django_filters.BooleanFilter(
        method="nameless", label=_("waits for its tracking number")
    )
    status = django_filters.MultipleChoiceFilter(choices=ParcelStatus.choices, label=_("status"))
    account = django_filters.ModelChoiceFilter(
        queryset=CarrierAccount.objects.all(), to_field_name="code", label=_("carrier account")
    )
    order_id = IntegerFilter("shipment__order_id", label=_("order id"))
    shipment_id = IntegerFilter(label=_("shipment id"))
    delivered_after = django_filters.IsoDateTimeFilter(
        "delivered_at", "gte", label=_("delivered after")
    )
    delivered_before = django_filters.IsoDateTimeFilter(
        "delivered_at", "lt", label=_("delivered before")
    )
    promised_after = django_filters.DateFilter("promised_on", "gte", label=_("promised from"))
    promised_before = django_filters.DateFilter("promised_on", "lt", label=_("promised before"))
    is_printed = django_filters.BooleanFilter(
        "printed_at", "isnull", exclude=True, label=_("printed")
    )
    is_late = django_filters.BooleanFilter(method="late", label=_("late"))
    is_stranded = django_filters.BooleanFilter(
        method="stranded", label=_("lost or coming back, and nobody decided")
    )
    remedy = django_filters.MultipleChoiceFilter(choices=Remedy.choices, label=_("instead"))
    shipped_within = WithinFilter("shipped_at", label=_("shipped within the last"))
    shipped_before_ago = AgoFilter("shipped_at", label=_("shipped longer ago than"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))
    ids = IdsFilter(label=_("ids"))

    class Meta:
        model = Parcel
        fields: list[str] = []

    def nameless(self, queryset, name, value):  # type: ignore[no-untyped-def]
        # No label is being bought for it, so somebody has to enter the number.
        waits = Q(status=ParcelStatus.CREATED) & (
            Q(label_request__isnull=True) | Q(label_request__refused_at__isnull=False)
        )
        return queryset.filter(waits if value else ~waits)

    def stranded(self, queryset, name, value):  # type: ignore[no-untyped-def]
        waits = STRANDED & Q(
            status__in=GIVABLE, given_up_at__isnull=True, shipment__order__status="RELEASED"
        )
        return queryset.filter(waits if value else ~waits)

    def late(self, queryset, name, value):  # type: ignore[no-untyped-def]
        # A promise is a day where the carrier delivers; what has not arrived is late after it.
        until = self.now if isinstance(self.now, F) else Value(self.now)
        arrived = Func("account__time_zone", Coalesce("delivered_at", until), function="timezone")
        day = Cast(arrived, DateField())
        found = queryset.annotate(arrived_on=day)
        late = Q(promised_on__lt=F("arrived_on"))
        return found.filter(late) if value else found.exclude(late)


class DeliveryExceptionFilter(FilterSet):
    """Which delivery exceptions."""

    fixed = frozenset("number kind order_id parcel_id opened_within opened_before_ago".split())

    number = django_filters.CharFilter(label=_("number"))
    kind = django_filters.MultipleChoiceFilter(choices=ExceptionKind.choices, label=_("kind"))
    status = django_filters.MultipleChoiceFilter(choices=ExceptionStatus.choices, label=_("status"))
    order_id = IntegerFilter(label=_("order id"))
    parcel_id = IntegerFilter(label=_("parcel id"))
    opened_within = WithinFilter("opened_at", label=_("opened within the last"))
    opened_before_ago = AgoFilter("opened_at", label=_("opened longer ago than"))

    class Meta:
        model = DeliveryException
        fields: list[str] = []


class TrackingEventFilter(FilterSet):
    """Which scans."""

    parcel = django_filters.CharFilter("parcel__number", label=_("parcel"))
    status = django_filters.MultipleChoiceFilter(choices=ParcelStatus.choices, label=_("status"))
    occurred_after = django_filters.IsoDateTimeFilter(
        "occurred_at", "gte", label=_("occurred after")
    )

    class Meta:
        model = TrackingEvent
        fields: list[str] = []


CarrierFilter = plain(Carrier, "code", "is_active")
CarrierAccountFilter = plain(CarrierAccount, "code", "carrier", "adapter", "is_active")
AccountStateFilter = plain(AccountState, "account", "breaker")


class LabelRequestFilter(FilterSet):
    """Which requests for labels."""

    account = by_code(CarrierAccount, _("carrier account"))
    is_refused = django_filters.BooleanFilter(
        "refused_at", "isnull", exclude=True, label=_("refused")
    )

    class Meta:
        model = LabelRequest
        fields: list[str] = []
