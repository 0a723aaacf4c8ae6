"""What goes back to channels: queued with its cause, told once, tried again while they are down."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.choices import NewsKind, NewsStatus
from orders.models.connection import ChannelConnection, Listing
from orders.models.order import Order


class ChannelNews(models.Model):
    """One thing that a channel is to be told of one of its orders; the key makes it once."""

    connection = models.ForeignKey(
        ChannelConnection, models.PROTECT, verbose_name=_("channel connection")
    )
    order = models.ForeignKey(
        Order, models.PROTECT, related_name="channel_news", verbose_name=_("order")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=NewsKind.choices)
    key = models.CharField(_("key"), max_length=80)
    data = models.JSONField(_("data"), default=dict)
    status = models.CharField(_("status"), max_length=10, choices=NewsStatus.choices)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True)
    result = models.CharField(_("result"), max_length=300, default="", db_default="")
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    sent_at = models.DateTimeField(_("sent at"), null=True)

    class Meta:
        verbose_name = _("news for a channel")
        verbose_name_plural = _("news for channels")
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "key"], name="news_once")
        ]
        indexes = [
            models.Index(
                "next_attempt_at", "id", name="news_due", condition=Q(status=NewsStatus.QUEUED)
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class StockTold(models.Model):
    """Which stock level a channel was told last for a listing."""

    listing = models.OneToOneField(
        Listing,
        models.PROTECT,
        primary_key=True,
        related_name="told",
        verbose_name=_("listing"),
    )
    quantity = models.IntegerField(_("quantity"), null=True)
    told_at = models.DateTimeField(_("told at"), null=True)
    error = models.CharField(_("error"), max_length=300, default="", db_default="")

    class Meta:
        verbose_name = _("stock level told")
        verbose_name_plural = _("stock levels told")

    def __str__(self) -> str:
        return f"{self.listing_id}: {self.quantity}"
