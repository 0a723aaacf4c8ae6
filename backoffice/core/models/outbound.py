"""Messages to customers, suppliers and partners."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour, Origin
from backoffice.core.models.document import SettingsModel


class OutboundStatus(models.TextChoices):
    QUEUED = "QUEUED", _("Queued")
    SENT = "SENT", _("Sent")
    FAILED = "FAILED", _("Failed")
    SUPPRESSED = "SUPPRESSED", _("Suppressed")


OUTBOUND_COLOURS = {
    OutboundStatus.QUEUED: Colour.ACTIVE,
    OutboundStatus.SENT: Colour.GOOD,
    OutboundStatus.FAILED: Colour.BAD,
    OutboundStatus.SUPPRESSED: Colour.NEUTRAL,
}


class MessageTemplate(SettingsModel):
    """What we write on an occasion in a language; `$name` stands for a value."""

    impersonal_fields = ("subject", "body")

    key = models.CharField(_("key"), max_length=60)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("body"))

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        constraints = [
            models.UniqueConstraint(fields=["key", "language"], name="message_template_once")
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.language})"


class OutboundMessage(models.Model):
    """One message, queued in the transaction of its cause and sent once by a task."""

    personal_fields = ("recipient", "subject", "body")

    dedupe_key = models.CharField(_("dedupe key"), max_length=200, unique=True)
    template_key = models.CharField(_("template"), max_length=60, default="", db_default="")
    language = models.CharField(_("language"), max_length=10, default="en")
    recipient = models.EmailField(_("recipient"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("body"))
    for_type = models.CharField(max_length=40, default="", db_default="")
    for_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField(_("order"), null=True)
    origin = models.CharField(max_length=6, choices=Origin.choices, default=Origin.LIVE)
    status = models.CharField(
        _("status"), max_length=10, choices=OutboundStatus.choices, default=OutboundStatus.QUEUED
    )
    attempts = models.SmallIntegerField(_("attempts"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), db_default=Now())
    error = models.CharField(_("error"), max_length=500, default="", db_default="")
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    sent_at = models.DateTimeField(_("sent at"), null=True)

    class Meta:
        verbose_name = _("outbound message")
        verbose_name_plural = _("outbound messages")
        indexes = [
            models.Index(
                "next_attempt_at", name="outbound_due", condition=models.Q(status="QUEUED")
            ),
            models.Index(
                "order_id", name="outbound_order", condition=models.Q(order_id__isnull=False)
            ),
            models.Index("for_type", "for_id", name="outbound_for"),
            models.Index(
                OpClass(Upper("recipient"), name="varchar_pattern_ops"), name="outbound_recipient"
            ),
        ]

    def __str__(self) -> str:
        return self.subject
