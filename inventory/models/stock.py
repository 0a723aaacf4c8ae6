"""Stock: what is promised, what is picked, and the ledger of moves behind both."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.models import AppendOnlyModel
from backoffice.core.money import amount_field
from inventory.choices import MoveKind
from inventory.models.catalogue import Sku
from inventory.models.warehouse import Location, Lot, Warehouse


class StockLevel(models.Model):
    """What is promised: one SKU in one warehouse. Its row lock guards all stock beneath it.

    `available` = on hand − reserved − quarantined is what can still be promised.
    """

    lock_rank = 50

    sku = models.ForeignKey(
        Sku, models.PROTECT, related_name="stock_levels", db_index=False, verbose_name=_("SKU")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="stock_levels", verbose_name=_("warehouse")
    )
    on_hand = models.IntegerField(_("on hand"), default=0, db_default=0)
    reserved = models.IntegerField(_("reserved"), default=0, db_default=0)
    quarantined = models.IntegerField(_("quarantined"), default=0, db_default=0)
    available = models.GeneratedField(
        expression=models.F("on_hand") - models.F("reserved") - models.F("quarantined"),
        output_field=models.IntegerField(),
        db_persist=True,
        verbose_name=_("available"),
    )
    average_cost = amount_field(_("average cost"), default=0, db_default=0)

    class Meta:
        verbose_name = _("stock level")
        verbose_name_plural = _("stock levels")
        constraints = [
            models.UniqueConstraint(fields=["sku", "warehouse"], name="stock_level_once"),
            models.CheckConstraint(
                condition=models.Q(reserved__gte=0)
                & models.Q(quarantined__gte=0)
                & models.Q(on_hand__gte=models.F("reserved") + models.F("quarantined")),
                name="stock_level_covers_promises",
            ),
            models.CheckConstraint(
                condition=models.Q(average_cost__gte=0), name="stock_level_cost_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} @ {self.warehouse}"


class BinStock(models.Model):
    """What is picked: units of a SKU and lot in one bin; written under the level's lock only."""

    sku = models.ForeignKey(
        Sku, models.PROTECT, related_name="bin_stocks", db_index=False, verbose_name=_("SKU")
    )
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="bin_stocks", verbose_name=_("location")
    )
    lot = models.ForeignKey(
        Lot, models.PROTECT, related_name="bin_stocks", db_index=False, verbose_name=_("lot")
    )
    on_hand = models.IntegerField(_("on hand"), default=0, db_default=0)
    allocated = models.IntegerField(_("allocated"), default=0, db_default=0)
    stocked_at = models.DateTimeField(_("stocked at"), db_default=Now())
    counted_at = models.DateTimeField(_("counted at"), null=True)

    class Meta:
        verbose_name = _("bin stock")
        verbose_name_plural = _("bin stock")
        constraints = [
            models.UniqueConstraint(fields=["sku", "location", "lot"], name="bin_stock_once"),
            models.CheckConstraint(
                condition=models.Q(allocated__gte=0, on_hand__gte=models.F("allocated")),
                name="bin_stock_covers_allocations",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} @ {self.location}"


class StockMove(AppendOnlyModel):
    """One line of the stock ledger: so many units in (+) or out (−) of a bin at a unit cost.

    The cost is in the company's currency. `taken_at` is when a picker took the units from the
    bin, where they left the warehouse later.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=MoveKind.choices)
    sku = models.ForeignKey(
        Sku,
        models.PROTECT,
        related_name="moves",
        db_constraint=False,
        db_index=False,
        verbose_name=_("SKU"),
    )
    warehouse = models.ForeignKey(
        Warehouse,
        models.PROTECT,
        related_name="moves",
        db_constraint=False,
        db_index=False,
        verbose_name=_("warehouse"),
    )
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        related_name="moves",
        db_constraint=False,
        db_index=False,
        verbose_name=_("location"),
    )
    lot = models.ForeignKey(
        Lot,
        models.PROTECT,
        related_name="moves",
        db_constraint=False,
        db_index=False,
        verbose_name=_("lot"),
    )
    quantity = models.IntegerField(_("quantity"))
    unit_cost = amount_field(_("unit cost"))
    for_type = models.CharField(_("serves"), max_length=40, default="", db_default="")
    for_id = models.BigIntegerField(_("serves id"), null=True)
    reason = models.CharField(_("reason"), max_length=300, default="", db_default="")
    actor_id = models.BigIntegerField(_("actor"))
    occurred_at = models.DateTimeField(_("occurred at"))
    taken_at = models.DateTimeField(_("taken at"), null=True)
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())
    origin = models.CharField(
        _("origin"), max_length=6, choices=Origin.choices, default=Origin.LIVE
    )

    class Meta:
        verbose_name = _("stock move")
        verbose_name_plural = _("stock moves")
        indexes = [
            models.Index("sku", "id", name="stock_move_sku"),
            models.Index("occurred_at", name="stock_move_occurred"),
            BrinIndex(fields=["recorded_at"], name="stock_move_recorded", pages_per_range=32),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(quantity=0), name="stock_move_some"),
            models.CheckConstraint(
                condition=models.Q(unit_cost__gte=0), name="stock_move_cost_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity:+}"


class Reservation(models.Model):
    """Units promised to one thing, named by `for_type` and `for_id`; gone when none is left."""

    for_type = models.CharField(_("serves"), max_length=40)
    for_id = models.BigIntegerField(_("serves id"))
    sku = models.ForeignKey(
        Sku, models.PROTECT, related_name="reservations", db_index=False, verbose_name=_("SKU")
    )
    warehouse = models.ForeignKey(
        Warehouse,
        models.PROTECT,
        related_name="reservations",
        db_index=False,
        verbose_name=_("warehouse"),
    )
    quantity = models.IntegerField(_("quantity"))
    promised_at = models.DateTimeField(_("promised at"))

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        indexes = [
            models.Index("sku", "warehouse", name="reservation_stock"),
        ]
        constraints = [
            models.UniqueConstraint("for_type", "for_id", name="reservation_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="reservation_some"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku_id} for {self.for_type} {self.for_id}"


class Allocation(models.Model):
    """Units of a bin and lot set aside for one pick; gone when picked or released."""

    for_type = models.CharField(_("serves"), max_length=40)
    for_id = models.BigIntegerField(_("serves id"))
    sku = models.ForeignKey(
        Sku, models.PROTECT, related_name="allocations", db_index=False, verbose_name=_("SKU")
    )
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        related_name="allocations",
        db_index=False,
        verbose_name=_("location"),
    )
    lot = models.ForeignKey(
        Lot, models.PROTECT, related_name="allocations", db_index=False, verbose_name=_("lot")
    )
    quantity = models.IntegerField(_("quantity"))
    allocated_at = models.DateTimeField(_("allocated at"))
    picked_at = models.DateTimeField(_("picked at"), null=True)

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        indexes = [
            models.Index("sku", "location", name="allocation_stock"),
        ]
        constraints = [
            models.UniqueConstraint(
                "for_type", "for_id", "location", "lot", name="allocation_once"
            ),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="allocation_some"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku_id} from {self.location_id}"
