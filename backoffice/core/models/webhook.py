"""Webhooks out: who wants to hear what, what was sent to them and what they answered."""

import base64
import secrets
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour
from backoffice.core.models.document import SettingsModel
from backoffice.core.models.event import Event
from backoffice.core.secrets import SecretField


class WebhookStatus(models.TextChoices):
    """SUPPRESSED: the event was imported or played, nothing leaves the building for it."""

    QUEUED = "QUEUED", _("Queued")
    DELIVERED = "DELIVERED", _("Delivered")
    DEAD = "DEAD", _("Given up")
    SUPPRESSED = "SUPPRESSED", _("Suppressed")


WEBHOOK_COLOURS = {
    WebhookStatus.QUEUED: Colour.ACTIVE,
    WebhookStatus.DELIVERED: Colour.GOOD,
    WebhookStatus.DEAD: Colour.BAD,
    WebhookStatus.SUPPRESSED: Colour.NEUTRAL,
}


def new_secret() -> str:
    """Return a signing secret in the form of Standard Webhooks, 256 random bits."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def validate_url(url: str) -> None:
    """Refuse an address that is never called."""
    from backoffice.core.webhooks.guard import RefusedAddressError, check_url

    try:
        check_url(url)
    except RefusedAddressError as error:
        raise ValidationError(str(error)) from None


def validate_kinds(kinds: list[str]) -> None:
    """Refuse names that are neither an event kind nor a group of them."""
    from backoffice.core.webhooks.subscriptions import selectable

    if unknown := sorted(set(kinds) - set(selectable())):
        text = _("There is no event %(names)s.")
        raise ValidationError(text, params={"names": ", ".join(unknown)})


def validate_filters(filters: Any) -> None:
    """Refuse filters that would let nothing through for want of a right name."""
    from backoffice.core.webhooks.subscriptions import check_filters

    if problem := check_filters(filters):
        raise ValidationError(problem)


class WebhookEndpoint(SettingsModel):
    """A receiver: its address, the events that it wants and the secret that signs them."""

    secret_fields = ("secret", "previous_secret")

    description = models.CharField(_("description"), max_length=120)
    url = models.CharField(_("address"), max_length=500, validators=[validate_url])
    kinds = ArrayField(
        models.CharField(max_length=60),
        verbose_name=_("events"),
        validators=[validate_kinds],
        help_text=_("Event kinds, groups such as order.*, or * for all."),
    )
    filters = models.JSONField(
        _("filters"),
        default=dict,
        blank=True,
        validators=[validate_filters],
        help_text=_("Only events of these; such as a list of sales channels."),
    )
    includes_demo = models.BooleanField(_("demo events as well"), default=False, db_default=False)
    secret = SecretField(max_length=100, default=new_secret, editable=False)
    previous_secret = SecretField(max_length=100, default="", db_default="", editable=False)
    previous_secret_until = models.DateTimeField(
        _("previous secret signs until"), null=True, editable=False
    )

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        constraints = [
            models.CheckConstraint(condition=~Q(kinds=[]), name="webhook_endpoint_wants_events"),
        ]

    def __str__(self) -> str:
        return self.description


class WebhookHealth(models.Model):
    """How an endpoint's calls go; apart from the endpoint, so that calls leave no history."""

    endpoint = models.OneToOneField(
        WebhookEndpoint, models.PROTECT, primary_key=True, related_name="health"
    )
    lease_until = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(_("paused until"), null=True)
    failures = models.IntegerField(_("failures in a row"), default=0, db_default=0)
    last_success_at = models.DateTimeField(_("last success at"), null=True)

    class Meta:
        verbose_name = _("webhook health")
        verbose_name_plural = _("webhook health")


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint."""

    endpoint = models.ForeignKey(
        WebhookEndpoint,
        models.PROTECT,
        related_name="deliveries",
        db_index=False,
        verbose_name=_("webhook endpoint"),
    )
    event = models.ForeignKey(
        Event,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("event"),
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=WebhookStatus.choices,
        default=WebhookStatus.QUEUED,
        db_default=WebhookStatus.QUEUED,
    )
    attempts = models.SmallIntegerField(_("attempts"), default=0, db_default=0)
    queued_at = models.DateTimeField(_("queued at"), db_default=Now())
    next_attempt_at = models.DateTimeField(_("next attempt at"), db_default=Now())
    finished_at = models.DateTimeField(_("finished at"), null=True)
    answer_status = models.SmallIntegerField(_("answer"), null=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints = [models.UniqueConstraint("endpoint", "event", name="webhook_delivery_once")]
        indexes = [
            models.Index(
                "endpoint",
                "next_attempt_at",
                "id",
                name="webhook_due",
                condition=Q(status="QUEUED"),
            ),
            models.Index("finished_at", name="webhook_finished"),
        ]

    def __str__(self) -> str:
        return self.message_id

    @property
    def message_id(self) -> str:
        """The `webhook-id`: the same for every attempt and every endpoint."""
        return f"evt_{self.event_id}"


class WebhookAttempt(models.Model):
    """One call of an endpoint and what came of it."""

    delivery = models.ForeignKey(
        WebhookDelivery, models.PROTECT, related_name="log", verbose_name=_("webhook delivery")
    )
    at = models.DateTimeField(_("at"))
    status = models.SmallIntegerField(_("answer"), null=True)
    milliseconds = models.IntegerField(_("milliseconds"))
    error = models.CharField(_("error"), max_length=300, default="", db_default="")
    answer = models.TextField(_("answer's text"), default="", db_default="")

    class Meta:
        verbose_name = _("webhook attempt")
        verbose_name_plural = _("webhook attempts")

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.status or self.error}"
