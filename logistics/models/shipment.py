"""Shipments and the pick lists that bring their units together."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, number_field
from inventory.models import Location, Lot, Seller, Sku, Warehouse
from logistics.choices import PickListStatus, ShipmentStatus
from orders.models import Order, OrderLine


class Printed(models.Model):
    """The paper of a document: when it was last printed, by whom, and how often."""

    printed_at = models.DateTimeField(_("printed at"), null=True)
    printed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("printed by"),
    )
    prints = models.PositiveSmallIntegerField(_("times printed"), default=0, db_default=0)

    class Meta:
        abstract = True


class Shipment(Printed, BusinessDocument):
    """The units of one order that leave one place together; no warehouse means the seller ships."""

    lock_rank = 30
    serves = ("order",)

    number = number_field("SH")
    order = models.ForeignKey(
        Order, models.PROTECT, related_name="shipments", verbose_name=_("order")
    )
    warehouse = models.ForeignKey(
        Warehouse,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("warehouse"),
    )
    seller = models.ForeignKey(
        Seller,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("seller"),
    )
    status = models.CharField(
        _("status"), max_length=12, choices=ShipmentStatus.choices, default=ShipmentStatus.PLANNED
    )
    ship_on = models.DateField(_("ship on"))
    uncovered_quantity = models.IntegerField(
        _("lost after picking"), default=0, db_default=0, editable=False
    )
    picked_at = models.DateTimeField(_("picked at"), null=True)
    packed_at = models.DateTimeField(_("packed at"), null=True)
    shipped_at = models.DateTimeField(_("shipped at"), null=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True)

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        permissions = [
            ("pick_shipment", _("Can pick shipments")),
            ("pack_shipment", _("Can pack shipments")),
            ("ship_shipment", _("Can hand shipments over to the carrier")),
            ("cancel_shipment", _("Can cancel shipments")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(warehouse__isnull=True) | Q(seller__isnull=True),
                name="shipment_from_one_place",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["PLANNED", "PICKING", "PACKED", "CANCELLED"])
                | Q(shipped_at__isnull=False),
                name="shipment_shipped_has_time",
            ),
            models.CheckConstraint(
                condition=Q(uncovered_quantity__gte=0), name="shipment_uncovered_not_negative"
            ),
        ]
        indexes = [
            # What waits in a warehouse, by urgency; the list's order within a status.
            models.Index(
                "warehouse",
                "ship_on",
                "id",
                name="shipment_waiting",
                condition=Q(status__in=["PLANNED", "PICKING", "PACKED"]),
            ),
            models.Index("status", "id", name="shipment_status"),
            models.Index("id", name="shipment_uncovered", condition=Q(uncovered_quantity__gt=0)),
        ]


class ShipmentLine(models.Model):
    """Units of one order line in a shipment; a short pick lowers them, to zero at worst.

    `given_up` of them left in parcels that nobody expects to arrive any more.
    """

    serves = ("shipment",)

    shipment = models.ForeignKey(
        Shipment, models.PROTECT, related_name="lines", verbose_name=_("shipment")
    )
    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, related_name="shipment_lines", verbose_name=_("order line")
    )
    quantity = models.IntegerField(_("quantity"))
    given_up = models.IntegerField(_("given up"), default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("shipment line")
        verbose_name_plural = _("shipment lines")
        constraints = [
            models.UniqueConstraint(fields=["shipment", "order_line"], name="shipment_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="shipment_line_quantity"),
            models.CheckConstraint(
                condition=Q(given_up__gte=0, given_up__lte=F("quantity")),
                name="shipment_line_given_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shipment_id} {self.order_line_id} × {self.quantity}"


class PickList(Printed, BusinessDocument):
    """A walk through one warehouse for the units of several shipments."""

    lock_rank = 35

    number = number_field("PL")
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="+", verbose_name=_("warehouse")
    )
    status = models.CharField(
        _("status"), max_length=12, choices=PickListStatus.choices, default=PickListStatus.OPEN
    )
    picked_at = models.DateTimeField(_("picked at"), null=True)

    class Meta:
        verbose_name = _("pick list")
        verbose_name_plural = _("pick lists")
        indexes = [models.Index("status", "id", name="pick_list_status")]


class PickLine(models.Model):
    """So many units of one shipment line from one bin and lot."""

    pick_list = models.ForeignKey(
        PickList, models.PROTECT, related_name="lines", verbose_name=_("pick list")
    )
    shipment_line = models.ForeignKey(
        ShipmentLine, models.PROTECT, related_name="pick_lines", verbose_name=_("shipment line")
    )
    sku = models.ForeignKey(
        Sku, models.PROTECT, related_name="+", db_index=False, verbose_name=_("SKU")
    )
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="+", db_index=False, verbose_name=_("location")
    )
    lot = models.ForeignKey(
        Lot, models.PROTECT, related_name="+", db_index=False, verbose_name=_("lot")
    )
    quantity = models.IntegerField(_("quantity"))
    picked = models.IntegerField(_("picked"), null=True)

    class Meta:
        verbose_name = _("pick line")
        verbose_name_plural = _("pick lines")
        constraints = [
            models.UniqueConstraint(
                fields=["pick_list", "shipment_line", "location", "lot"], name="pick_line_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="pick_line_quantity"),
            models.CheckConstraint(
                condition=Q(picked__isnull=True) | Q(picked__gte=0, picked__lte=F("quantity")),
                name="pick_line_picked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} × {self.quantity} @ {self.location_id}"
