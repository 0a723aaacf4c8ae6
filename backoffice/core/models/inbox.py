"""Raw messages from outside, kept as they came."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour


class InboxStatus(models.TextChoices):
    NEW = "NEW", _("New")
    DONE = "DONE", _("Done")
    REFUSED = "REFUSED", _("Refused")
    DISMISSED = "DISMISSED", _("Dismissed")


class InboxStepKind(models.TextChoices):
    REFUSED = "REFUSED", _("Refused")
    FAILED = "FAILED", _("Could not be processed; it is tried again")
    RETRIED = "RETRIED", _("Tried again")
    DISMISSED = "DISMISSED", _("Dismissed")
    REOPENED = "REOPENED", _("Taken back")


INBOX_COLOURS = {
    InboxStatus.NEW: Colour.ACTIVE,
    InboxStatus.DONE: Colour.GOOD,
    InboxStatus.REFUSED: Colour.BAD,
    InboxStatus.DISMISSED: Colour.NEUTRAL,
}


class InboundMessage(models.Model):
    """One message of one source; a refused one stays with its reason, to be replayed."""

    # Kept as it came, and forgotten after a stated time.
    impersonal_fields = ("body",)

    source = models.CharField(_("source"), max_length=60)
    external_id = models.CharField(_("external id"), max_length=200)
    headers = models.JSONField(_("headers"), default=dict)
    body = models.TextField(_("body"))
    status = models.CharField(
        _("status"), max_length=9, choices=InboxStatus.choices, default=InboxStatus.NEW
    )
    reason = models.CharField(_("reason"), max_length=500, default="", db_default="")
    attempts = models.SmallIntegerField(_("attempts"), default=0, db_default=0)
    happened_at = models.DateTimeField(_("happened at"), null=True)
    received_at = models.DateTimeField(_("came in at"), db_default=Now())
    processed_at = models.DateTimeField(_("processed at"), null=True)

    class Meta:
        verbose_name = _("inbound message")
        verbose_name_plural = _("inbound messages")
        constraints = [models.UniqueConstraint("source", "external_id", name="inbound_once")]
        indexes = [
            models.Index(
                "source",
                "happened_at",
                "id",
                name="inbound_new",
                condition=models.Q(status=InboxStatus.NEW),
            ),
            models.Index(
                "source", "id", name="inbound_refused", condition=models.Q(status="REFUSED")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"


class InboxStep(models.Model):
    """A try that did not get a message through, or what somebody did about it."""

    message = models.ForeignKey(
        InboundMessage, models.PROTECT, related_name="steps", verbose_name=_("inbound message")
    )
    kind = models.CharField(_("kind"), max_length=9, choices=InboxStepKind.choices)
    at = models.DateTimeField(_("at"))
    reason = models.CharField(_("reason"), max_length=500, default="", db_default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("who"),
    )

    class Meta:
        verbose_name = _("inbox step")
        verbose_name_plural = _("inbox steps")

    def __str__(self) -> str:
        return f"{self.message_id} {self.kind}"
