"""Returns: requested, received by condition, closed."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, number_field
from inventory.models import Warehouse
from orders.choices import ReturnReason, ReturnStatus
from orders.models.order import Order, OrderLine


class Return(BusinessDocument):
    """Goods that come back: a customer sends them, or a carrier could not deliver them."""

    lock_rank = 20
    serves = ("order",)

    number = number_field("RT")
    order = models.ForeignKey(
        Order, models.PROTECT, related_name="returns", verbose_name=_("order")
    )
    external_id = models.CharField(_("external id"), max_length=120, default="", db_default="")
    status = models.CharField(
        _("status"), max_length=12, choices=ReturnStatus.choices, default=ReturnStatus.REQUESTED
    )
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, null=True, verbose_name=_("warehouse"))
    # The carrier brings it back: it never was the customer's, so it owes and counts nothing.
    is_undelivered = models.BooleanField(_("undelivered"), default=False, db_default=False)
    requested_at = models.DateTimeField(_("requested at"))
    received_at = models.DateTimeField(_("received at"), null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "external_id"], name="return_once", condition=~Q(external_id="")
            )
        ]


class ReturnLine(models.Model):
    """Units of one order line that come back."""

    serves = ("parent",)

    parent = models.ForeignKey(
        Return, models.PROTECT, related_name="lines", verbose_name=_("return")
    )
    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, related_name="return_lines", verbose_name=_("order line")
    )
    reason = models.CharField(
        _("reason"), max_length=12, choices=ReturnReason.choices, default=ReturnReason.OTHER
    )
    quantity = models.IntegerField(_("quantity"))
    sellable = models.IntegerField(_("sellable"), default=0, db_default=0)
    damaged = models.IntegerField(_("damaged"), default=0, db_default=0)

    class Meta:
        verbose_name = _("return line")
        verbose_name_plural = _("return lines")
        constraints = [
            models.UniqueConstraint(fields=["parent", "order_line"], name="return_line_once"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, sellable__gte=0, damaged__gte=0)
                & Q(quantity__gte=F("sellable") + F("damaged")),
                name="return_line_quantities",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parent_id} {self.order_line_id} × {self.quantity}"
