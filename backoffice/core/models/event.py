"""The append-only log of business facts and its deliveries."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.models.document import AppendOnlyModel


class Event(AppendOnlyModel):
    """A business fact, written in the transaction that made it true; ids and amounts only."""

    kind = models.CharField(_("kind"), max_length=60)
    subject_type = models.CharField(_("subject type"), max_length=40)
    subject_id = models.BigIntegerField(_("subject"))
    order_id = models.BigIntegerField(_("order"), null=True)
    actor_id = models.BigIntegerField(_("actor"))
    request_id = models.CharField(_("request"), max_length=40, default="", db_default="")
    reason = models.CharField(_("reason"), max_length=300, default="", db_default="")
    data = models.JSONField(_("data"), default=dict)
    schema_version = models.SmallIntegerField(default=1, db_default=1)
    origin = models.CharField(max_length=6, choices=Origin.choices, default=Origin.LIVE)
    # The rules whose acts led here, the first cause first; nobody listens to his own echo.
    rules = ArrayField(models.BigIntegerField(), verbose_name=_("rules"), null=True)
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now())

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index("subject_type", "subject_id", "id", name="event_subject"),
            models.Index(
                "order_id", "id", name="event_order", condition=models.Q(order_id__isnull=False)
            ),
            models.Index("recorded_at", name="event_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_type} {self.subject_id}"


class EventDelivery(models.Model):
    """One event waiting for one handler; deleted in the handler's transaction."""

    event = models.ForeignKey(
        Event, models.PROTECT, db_constraint=False, db_index=False, related_name="deliveries"
    )
    handler = models.CharField(_("handler"), max_length=80)
    attempts = models.SmallIntegerField(_("attempts"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), db_default=Now())
    set_aside_at = models.DateTimeField(_("set aside at"), null=True)
    error = models.TextField(_("error"), default="", db_default="")

    class Meta:
        verbose_name = _("event delivery")
        verbose_name_plural = _("event deliveries")
        constraints = [
            models.UniqueConstraint("handler", "event", name="delivery_once"),
        ]

    def __str__(self) -> str:
        return f"{self.handler} ← {self.event_id}"
