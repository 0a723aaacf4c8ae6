"""What customers think: scores after a ticket, and reviews from outside."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, number_field
from orders.models import Customer, Order
from support.choices import SurveyStatus
from support.models.ticket import Ticket


class Survey(BusinessDocument):
    """A question to a customer and the score they gave, one to five."""

    lock_rank = 105
    serves = ("ticket", "order")
    personal_fields = ("comment",)

    number = number_field("SV")
    ticket = models.OneToOneField(
        Ticket, models.PROTECT, null=True, related_name="survey", verbose_name=_("ticket")
    )
    source = models.CharField(_("source"), max_length=40, default="", db_default="")
    external_id = models.CharField(_("external id"), max_length=120, default="", db_default="")
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, related_name="surveys", verbose_name=_("order")
    )
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        related_name="surveys",
        verbose_name=_("customer"),
    )
    status = models.CharField(
        _("status"), max_length=8, choices=SurveyStatus.choices, default=SurveyStatus.SENT
    )
    score = models.PositiveSmallIntegerField(_("score"), null=True)
    comment = models.TextField(_("comment"), default="", db_default="")
    sent_at = models.DateTimeField(_("sent at"))
    answered_at = models.DateTimeField(_("answered at"), null=True)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                name="survey_once",
                condition=~Q(external_id=""),
            ),
            models.CheckConstraint(
                condition=Q(ticket__isnull=False) | ~Q(external_id=""), name="survey_has_cause"
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__range=(1, 5)), name="survey_score"
            ),
            models.CheckConstraint(
                condition=Q(status="SENT", score__isnull=True, answered_at__isnull=True)
                | Q(status="ANSWERED", score__isnull=False, answered_at__isnull=False),
                name="survey_answer_whole",
            ),
        ]
        indexes = [models.Index("sent_at", "id", name="survey_sent")]
