"""How channels are connected, what they call our SKUs, and what they told us of their orders."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field
from backoffice.core.secrets import SecretField, WebhookSecrets
from inventory.models import Sku
from orders.choices import ChannelOrderStatus, Problem
from orders.models.channel import SalesChannel
from orders.models.order import Order


class ChannelConnection(WebhookSecrets, SettingsModel):
    """How a sales channel's orders come in by themselves and our news goes back."""

    secret_fields = ("api_key", "api_secret", "webhook_secret", "previous_webhook_secret")

    channel = models.OneToOneField(
        SalesChannel, models.PROTECT, related_name="connection", verbose_name=_("sales channel")
    )
    adapter = models.CharField(_("adapter"), max_length=40)
    base_url = models.CharField(_("address of the API"), max_length=300, blank=True)
    api_key = SecretField(_("API key"), max_length=300, blank=True)
    api_secret = SecretField(_("API secret"), max_length=300, blank=True)
    webhook_secret = SecretField(_("webhook secret"), max_length=300, blank=True)
    previous_webhook_secret = SecretField(max_length=300, default="", db_default="", editable=False)
    previous_webhook_secret_until = models.DateTimeField(
        _("previous secret is accepted until"), null=True, editable=False
    )
    options = models.JSONField(
        _("options"),
        default=dict,
        blank=True,
        help_text=_("What this adapter wants to know besides; see the manual."),
    )
    polls = models.BooleanField(
        _("asks for missed orders"),
        default=False,
        help_text=_("The channel is asked for changed orders, in case a message was lost."),
    )
    poll_minutes = models.PositiveIntegerField(
        _("minutes between asking"), default=5, validators=[MinValueValidator(1)]
    )
    tells_back = models.BooleanField(
        _("tells the channel"),
        default=False,
        help_text=_("Shipments, cancellations and refunds go back to the channel."),
    )
    tells_stock = models.BooleanField(_("tells stock levels"), default=False)
    stock_buffer = models.PositiveIntegerField(
        _("stock held back"),
        default=0,
        help_text=_("So many units of each SKU are not offered on this channel."),
    )

    class Meta:
        verbose_name = _("channel connection")
        verbose_name_plural = _("channel connections")

    def __str__(self) -> str:
        return f"{self.channel} ({self.adapter})"


class ConnectionState(models.Model):
    """How a connection is doing. Written by machines only; kept apart, so that it has no history.

    `polled_until` is how far the channel was asked, `cursor` where an unfinished round goes on.
    """

    connection = models.OneToOneField(
        ChannelConnection,
        models.PROTECT,
        primary_key=True,
        related_name="state",
        verbose_name=_("channel connection"),
    )
    heard_at = models.DateTimeField(_("last message at"), null=True)
    polled_at = models.DateTimeField(_("last asked at"), null=True)
    polled_until = models.DateTimeField(_("asked up to"), null=True)
    round_since = models.DateTimeField(null=True)
    cursor = models.CharField(max_length=1000, default="", db_default="")
    caught = models.PositiveIntegerField(_("missed messages caught"), default=0, db_default=0)
    lease_until = models.DateTimeField(_("leased until"), null=True)
    rest_until = models.DateTimeField(_("rests until"), null=True)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0, db_default=0)
    last_error = models.CharField(_("last error"), max_length=300, default="", db_default="")

    class Meta:
        verbose_name = _("state of a channel connection")
        verbose_name_plural = _("states of channel connections")

    def __str__(self) -> str:
        return str(self.connection_id)


class Listing(SettingsModel):
    """Under which code a channel sells a SKU."""

    channel = models.ForeignKey(SalesChannel, models.PROTECT, verbose_name=_("sales channel"))
    code = models.CharField(
        _("code on the channel"), max_length=120, help_text=_("As it stands in the orders.")
    )
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="listings", verbose_name=_("SKU"))
    external_id = models.CharField(
        _("stock id on the channel"),
        max_length=120,
        blank=True,
        help_text=_("What stock levels are told for; empty where they are not."),
    )
    buffer = models.PositiveIntegerField(
        _("stock held back"), null=True, blank=True, help_text=_("Empty: as for the connection.")
    )

    class Meta:
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        constraints = [
            models.UniqueConstraint(fields=["channel", "code"], name="listing_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} → {self.sku}"


class ChannelOrder(BusinessDocument):
    """An order as its channel tells it; held with its problems, or made into an order.

    `version_at` is the channel's own time of the last change, `told_at` when it was sent, and
    `message_id` the inbound message that told it; `followed_id` is the one that the order was
    made or changed by. `corrections` is what staff put right.
    """

    # Locked before the orders that it makes or changes.
    lock_rank = 5
    serves = ("order",)
    personal_fields = ("corrections",)
    # Machines' own; the timeline leaves them out.
    unspoken_fields = tuple("problems version_at told_at message_id followed_id refunds".split())

    number = number_field("CO")
    channel = models.ForeignKey(SalesChannel, models.PROTECT, verbose_name=_("sales channel"))
    external_id = models.CharField(_("external id"), max_length=120)
    reference = models.CharField(_("reference"), max_length=60, default="", db_default="")
    status = models.CharField(
        _("status"),
        max_length=12,
        choices=ChannelOrderStatus.choices,
        default=ChannelOrderStatus.HELD,
    )
    problem = models.CharField(
        _("problem"), max_length=12, choices=Problem.choices, default="", db_default=""
    )
    problems = models.JSONField(_("problems"), default=list, db_default=[])
    corrections = models.JSONField(_("corrections"), null=True)
    order = models.OneToOneField(
        Order, models.PROTECT, null=True, related_name="told", verbose_name=_("order")
    )
    version_at = models.DateTimeField(_("as of"), null=True)
    told_at = models.DateTimeField(_("told at"), null=True)
    message_id = models.BigIntegerField(_("message"), null=True)
    followed_id = models.BigIntegerField(_("message that the order follows"), null=True)
    is_deleted = models.BooleanField(_("deleted on the channel"), default=False, db_default=False)
    paid_amount = amount_field(_("paid to the channel"), default=0, db_default=0)
    refunds = models.JSONField(_("refunds by the channel"), default=dict, db_default={})

    class Meta:
        verbose_name = _("channel order")
        verbose_name_plural = _("channel orders")
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="channel_order_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=["HELD", "DISMISSED"])
                | models.Q(order__isnull=False),
                name="channel_order_placed",
            ),
        ]
        indexes = [
            models.Index("external_id", name="channel_order_external"),
            models.Index("reference", name="channel_order_reference"),
            # What has a problem is little of the whole.
            models.Index("id", name="channel_order_open", condition=~models.Q(problem="")),
        ]
