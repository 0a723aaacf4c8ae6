"""Tickets and what was written in them."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, number_field
from backoffice.core.tags import few_tags, tags_column
from orders.models import Customer, Order
from support.choices import ACTIVE, OPEN, Direction, Language, Priority, Skill, TicketStatus
from support.models.settings import Queue

IS_OPEN = Q(status__in=[str(s) for s in OPEN])
IS_ACTIVE = Q(status__in=[str(s) for s in ACTIVE])


class Ticket(BusinessDocument):
    """Something to be cleared up with a customer, from opening to solution."""

    lock_rank = 100
    serves = ("order",)
    personal_fields = ("subject", "requester_email")

    number = number_field("TK")
    subject = models.CharField(_("subject"), max_length=200)
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, related_name="tickets", verbose_name=_("order")
    )
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, related_name="tickets", verbose_name=_("customer")
    )
    requester_email = models.EmailField(_("e-mail"), default="", db_default="")
    for_type = models.CharField(_("about"), max_length=40, default="", db_default="")
    for_id = models.BigIntegerField(_("about id"), null=True)
    queue = models.ForeignKey(
        Queue, models.PROTECT, related_name="tickets", db_index=False, verbose_name=_("queue")
    )
    status = models.CharField(
        _("status"), max_length=8, choices=TicketStatus.choices, default=TicketStatus.NEW
    )
    priority = models.CharField(
        _("priority"), max_length=8, choices=Priority.choices, default=Priority.NORMAL
    )
    skill = models.CharField(
        _("skill"), max_length=12, choices=Skill.choices, default=Skill.GENERAL
    )
    language = models.CharField(
        _("language"), max_length=4, choices=Language.choices, default=Language.EN
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("agent"),
    )
    last_assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("last agent"),
    )
    opened_at = models.DateTimeField(_("opened at"))
    first_response_due_at = models.DateTimeField(_("first response due"))
    solution_due_at = models.DateTimeField(_("solution due"))
    first_responded_at = models.DateTimeField(_("first response at"), null=True)
    waiting_since = models.DateTimeField(_("waiting since"), null=True)
    at_risk_at = models.DateTimeField(_("at risk since"), null=True)
    first_response_breached_at = models.DateTimeField(_("first response missed at"), null=True)
    solution_breached_at = models.DateTimeField(_("solution missed at"), null=True)
    solved_at = models.DateTimeField(_("solved at"), null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)
    tags = tags_column()
    reopened_count = models.SmallIntegerField(_("times reopened"), default=0, db_default=0)

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        permissions = [
            ("assign_ticket", _("Can assign tickets")),
            ("reply_ticket", _("Can reply to tickets")),
            ("solve_ticket", _("Can solve and reopen tickets")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["for_type", "for_id"],
                name="ticket_open_once",
                condition=IS_OPEN & ~Q(for_type=""),
            ),
            models.CheckConstraint(
                condition=Q(for_type="", for_id__isnull=True)
                | (~Q(for_type="") & Q(for_id__isnull=False)),
                name="ticket_about_whole",
            ),
            models.CheckConstraint(
                condition=Q(status=TicketStatus.WAITING, waiting_since__isnull=False)
                | (~Q(status=TicketStatus.WAITING) & Q(waiting_since__isnull=True)),
                name="ticket_waiting_since",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[TicketStatus.SOLVED, TicketStatus.CLOSED])
                | Q(solved_at__isnull=False),
                name="ticket_solved_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status=TicketStatus.NEW) | Q(assignee__isnull=True),
                name="ticket_new_has_no_agent",
            ),
            few_tags("ticket_tags_few"),
        ]
        indexes = [
            models.Index("opened_at", "id", name="ticket_opened"),
            # Most tickets have none and cost nothing.
            GinIndex("tags", name="ticket_tags", condition=~Q(tags=[])),
            models.Index("status", "opened_at", "id", name="ticket_status_opened"),
            models.Index(
                OpClass(Upper("requester_email"), name="varchar_pattern_ops"),
                name="ticket_requester_begins",
            ),
            # What waits for an agent, what each agent holds, what the clocks look at.
            models.Index(
                "skill",
                "language",
                "id",
                name="ticket_queue",
                condition=IS_ACTIVE & Q(assignee__isnull=True),
            ),
            models.Index(
                "assignee", name="ticket_in_hand", condition=IS_OPEN & Q(assignee__isnull=False)
            ),
            # How much one sender has opened lately, against mail loops.
            models.Index(
                "requester_email",
                "opened_at",
                name="ticket_requester",
                condition=~Q(requester_email=""),
            ),
            models.Index("solution_due_at", name="ticket_clock", condition=IS_ACTIVE),
            models.Index("solved_at", name="ticket_to_close", condition=Q(status="SOLVED")),
        ]


class Message(models.Model):
    """One text of a ticket; the database lets only an erasure blank its body."""

    personal_fields = ("body",)

    ticket = models.ForeignKey(
        Ticket, models.PROTECT, related_name="messages", verbose_name=_("ticket")
    )
    direction = models.CharField(_("direction"), max_length=8, choices=Direction.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("author"),
    )
    body = models.TextField(_("text"))
    is_automatic = models.BooleanField(_("automatic"), default=False, db_default=False)
    source = models.CharField(_("source"), max_length=20, default="", db_default="")
    external_id = models.CharField(_("external id"), max_length=300, default="", db_default="")
    written_at = models.DateTimeField(_("written at"), db_default=Now())

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                name="message_once",
                condition=~Q(external_id=""),
            )
        ]

    database_sql = [
        """CREATE OR REPLACE FUNCTION support_message_guard() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP = 'UPDATE' AND current_setting('app.erasing', true) = 'on'
      AND to_jsonb(OLD) - 'body' = to_jsonb(NEW) - 'body' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'support_message is append-only: % is refused', TG_OP
    USING ERRCODE = 'insufficient_privilege';
END $body$""",
        "CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON support_message"
        " FOR EACH ROW EXECUTE FUNCTION support_message_guard()",
    ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.direction}"
