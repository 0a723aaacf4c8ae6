"""Parcels, what is in them, what the carrier saw of them, and what went wrong."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import AppendOnlyModel, BusinessDocument, number_field
from backoffice.core.money import amount_field
from logistics.choices import ExceptionKind, ExceptionStatus, ParcelStatus, Remedy, ScanSource
from logistics.models.carrier import CarrierAccount
from logistics.models.shipment import Printed, Shipment, ShipmentLine
from orders.models import Order


class Parcel(Printed, BusinessDocument):
    """One box under one tracking number."""

    lock_rank = 40
    serves = ("shipment",)

    number = number_field("PA")
    shipment = models.ForeignKey(
        Shipment, models.PROTECT, related_name="parcels", verbose_name=_("shipment")
    )
    account = models.ForeignKey(
        CarrierAccount,
        models.PROTECT,
        related_name="parcels",
        db_index=False,
        verbose_name=_("carrier account"),
    )
    service = models.CharField(_("service"), max_length=40, default="", db_default="")
    tracking_number = models.CharField(
        _("tracking number"), max_length=80, default="", db_default=""
    )
    status = models.CharField(
        _("status"), max_length=20, choices=ParcelStatus.choices, default=ParcelStatus.CREATED
    )
    weight_grams = models.PositiveIntegerField(_("weight (g)"), default=0, db_default=0)
    label_url = models.CharField(_("label"), max_length=500, default="", db_default="")
    label_cost = amount_field(_("label cost"), null=True)
    label_currency = models.CharField(
        _("currency of the cost"), max_length=3, default="", db_default=""
    )
    labelled_at = models.DateTimeField(_("labelled at"), null=True)
    shipped_at = models.DateTimeField(_("shipped at"), null=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    promised_on = models.DateField(_("promised by"), null=True)
    given_up_at = models.DateTimeField(_("given up at"), null=True)
    remedy = models.CharField(
        _("instead"), max_length=10, choices=Remedy.choices, default="", db_default=""
    )

    class Meta:
        verbose_name = _("parcel")
        verbose_name_plural = _("parcels")
        permissions = [("give_up_parcel", _("Can give parcels up: send again or refund"))]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "tracking_number"],
                name="parcel_tracking_once",
                condition=~Q(tracking_number=""),
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["CREATED", "LABELLED", "CANCELLED"], shipped_at__isnull=True
                )
                | (
                    ~Q(status__in=["CREATED", "LABELLED", "CANCELLED"])
                    & Q(shipped_at__isnull=False)
                ),
                name="parcel_left_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status="DELIVERED", delivered_at__isnull=False)
                | (~Q(status="DELIVERED") & Q(delivered_at__isnull=True)),
                name="parcel_delivered_has_time",
            ),
            models.CheckConstraint(
                condition=Q(given_up_at__isnull=True, remedy="")
                | (Q(given_up_at__isnull=False, shipped_at__isnull=False) & ~Q(remedy="")),
                name="parcel_given_up_has_remedy",
            ),
        ]
        indexes = [
            models.Index("status", "id", name="parcel_status"),
            # What the clock looks through, page by page.
            models.Index(
                "id",
                name="parcel_on_the_way",
                condition=Q(status__in=["IN_TRANSIT", "OUT_FOR_DELIVERY", "EXCEPTION"]),
            ),
            # The lanes are measured on what was delivered lately.
            models.Index(
                "delivered_at", name="parcel_delivered", condition=Q(delivered_at__isnull=False)
            ),
            # A tracking number typed into the search box, whoever the carrier.
            models.Index(
                "tracking_number", name="parcel_tracking", condition=~Q(tracking_number="")
            ),
        ]


class ParcelLine(models.Model):
    """Units of one shipment line in a parcel."""

    parcel = models.ForeignKey(
        Parcel, models.PROTECT, related_name="lines", verbose_name=_("parcel")
    )
    shipment_line = models.ForeignKey(
        ShipmentLine, models.PROTECT, related_name="parcel_lines", verbose_name=_("shipment line")
    )
    quantity = models.IntegerField(_("quantity"))

    class Meta:
        verbose_name = _("parcel line")
        verbose_name_plural = _("parcel lines")
        constraints = [
            models.UniqueConstraint(fields=["parcel", "shipment_line"], name="parcel_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="parcel_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.parcel_id} {self.shipment_line_id} × {self.quantity}"


class LabelRequest(models.Model):
    """A label to be bought; gone when it is. The parcel's id is the carrier's idempotency key."""

    parcel = models.OneToOneField(
        Parcel,
        models.PROTECT,
        primary_key=True,
        related_name="label_request",
        verbose_name=_("parcel"),
    )
    account = models.ForeignKey(
        CarrierAccount, models.PROTECT, related_name="+", db_index=False, verbose_name=_("account")
    )
    next_attempt_at = models.DateTimeField(_("next attempt at"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0)
    refused_at = models.DateTimeField(_("refused at"), null=True)
    error = models.CharField(_("error"), max_length=300, default="", db_default="")

    class Meta:
        verbose_name = _("label request")
        verbose_name_plural = _("label requests")
        indexes = [
            models.Index(
                "next_attempt_at", name="label_request_due", condition=Q(refused_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return str(self.parcel_id)


class Tracking(models.Model):
    """When a parcel is looked at next, and what looking at it gave.

    Kept apart from the parcel, so that polling leaves no history. No next poll means that nobody
    asks the carrier: not handed over, arrived, imported, or a carrier without an interface.
    """

    parcel = models.OneToOneField(
        Parcel, models.PROTECT, primary_key=True, related_name="tracking", verbose_name=_("parcel")
    )
    account = models.ForeignKey(
        CarrierAccount, models.PROTECT, related_name="+", db_index=False, verbose_name=_("account")
    )
    next_poll_at = models.DateTimeField(_("next poll at"), null=True)
    lease_until = models.DateTimeField(_("leased until"), null=True)
    failures = models.PositiveSmallIntegerField(_("failures"), default=0, db_default=0)
    last_polled_at = models.DateTimeField(_("last polled at"), null=True)
    first_scan_at = models.DateTimeField(_("first scan at"), null=True)
    last_scan_at = models.DateTimeField(_("last scan at"), null=True)
    push_seen_at = models.DateTimeField(_("last push at"), null=True)
    error = models.CharField(_("error"), max_length=300, default="", db_default="")

    class Meta:
        verbose_name = _("tracking")
        verbose_name_plural = _("tracking")
        indexes = [
            models.Index(
                "account",
                "next_poll_at",
                name="tracking_due",
                condition=Q(next_poll_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.parcel_id)


class TrackingEvent(AppendOnlyModel):
    """One scan, stored once however often and by whichever way it comes."""

    parcel = models.ForeignKey(
        Parcel,
        models.PROTECT,
        related_name="scans",
        db_constraint=False,
        db_index=False,
        verbose_name=_("parcel"),
    )
    digest = models.BinaryField(max_length=32)
    status = models.CharField(
        _("status"), max_length=20, choices=ParcelStatus.choices, default="", db_default=""
    )
    kind = models.CharField(
        _("problem"), max_length=20, choices=ExceptionKind.choices, default="", db_default=""
    )
    code = models.CharField(_("carrier's code"), max_length=60, default="", db_default="")
    description = models.CharField(_("description"), max_length=300, default="", db_default="")
    location = models.CharField(_("location"), max_length=200, default="", db_default="")
    source = models.CharField(_("source"), max_length=6, choices=ScanSource.choices)
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        constraints = [models.UniqueConstraint("parcel", "digest", name="scan_once")]

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M} {self.description}"


class DeliveryException(BusinessDocument):
    """Something that stands in a parcel's way; at most one open of a kind per parcel."""

    lock_rank = 90
    serves = ("parcel",)

    number = number_field("DX")
    parcel = models.ForeignKey(
        Parcel, models.PROTECT, related_name="exceptions", verbose_name=_("parcel")
    )
    order = models.ForeignKey(
        Order, models.PROTECT, related_name="delivery_exceptions", verbose_name=_("order")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=ExceptionKind.choices)
    status = models.CharField(
        _("status"), max_length=14, choices=ExceptionStatus.choices, default=ExceptionStatus.OPEN
    )
    detail = models.CharField(_("detail"), max_length=300, default="", db_default="")
    resolution = models.CharField(_("resolution"), max_length=300, default="", db_default="")
    opened_at = models.DateTimeField(_("opened at"))
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True)
    resolved_at = models.DateTimeField(_("resolved at"), null=True)
    is_resolved_by_scan = models.BooleanField(
        _("resolved by a scan"), default=False, db_default=False
    )

    class Meta:
        verbose_name = _("delivery exception")
        verbose_name_plural = _("delivery exceptions")
        constraints = [
            models.UniqueConstraint(
                fields=["parcel", "kind"],
                name="one_open_exception",
                condition=~Q(status="RESOLVED"),
            )
        ]
        indexes = [models.Index("status", "id", name="delivery_exception_status")]
