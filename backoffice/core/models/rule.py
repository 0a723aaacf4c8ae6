"""Rules: when what happens to which documents, what is done about it, and what was done."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour
from backoffice.core.models.document import AppendOnlyModel, SettingsModel


class RuleMode(models.TextChoices):
    OFF = "OFF", _("Off")
    SHADOW = "SHADOW", _("Shadow")
    ON = "ON", _("On")


class Trigger(models.TextChoices):
    EVENT = "EVENT", _("When something happens")
    EVERY = "EVERY", _("Every so many minutes")
    DAILY = "DAILY", _("Daily at an hour")


class RuleResult(models.TextChoices):
    ACTED = "ACTED", _("Acted")
    BLOCKED = "BLOCKED", _("Blocked")
    FAILED = "FAILED", _("Failed")
    SHADOW = "SHADOW", _("Would have acted")
    CONTROL = "CONTROL", _("Left alone to compare")


RULE_COLOURS = {
    RuleMode.OFF: Colour.NEUTRAL,
    RuleMode.SHADOW: Colour.ACTIVE,
    RuleMode.ON: Colour.GOOD,
    RuleResult.ACTED: Colour.GOOD,
    RuleResult.BLOCKED: Colour.WARNING,
    RuleResult.FAILED: Colour.BAD,
    RuleResult.CONTROL: Colour.NEUTRAL,
}


class Rule(SettingsModel):
    """A trigger, a filter and an action; it acts with the rights of who saved it last."""

    # Locked before any document that it acts on.
    lock_rank = 5

    name = models.CharField(_("name"), max_length=80, unique=True)
    document = models.CharField(_("document"), max_length=40)
    trigger = models.CharField(_("trigger"), max_length=5, choices=Trigger.choices)
    event = models.CharField(_("event"), max_length=60, blank=True)
    every_minutes = models.PositiveIntegerField(
        _("minutes between runs"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 60)],
    )
    at_hour = models.PositiveSmallIntegerField(
        _("hour of the day"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(23)],
        help_text=_("0 to 23, in the company's time zone."),
    )
    filter = models.TextField(_("filter"), max_length=2000)
    action = models.CharField(_("action"), max_length=80)
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    priority = models.SmallIntegerField(
        _("sequence"),
        default=100,
        db_default=100,
        help_text=_("Of several rules for the same trigger the lowest goes first."),
    )
    is_final = models.BooleanField(
        _("stop after this"),
        default=False,
        db_default=False,
        help_text=_("Later rules leave alone what this one acted on."),
    )
    again_after_hours = models.PositiveIntegerField(
        _("again after hours"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("For runs by the clock. Empty: each document once."),
    )
    control_share = models.PositiveSmallIntegerField(
        _("control share in %"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(90)],
        help_text=_("So many of a hundred documents are left alone, to measure the effect."),
    )
    max_acts = models.PositiveIntegerField(
        _("acts at most"),
        default=100,
        db_default=100,
        validators=[MinValueValidator(1), MaxValueValidator(10_000)],
        help_text=_("In one run, or in one hour of events. Above it the rule drops to shadow."),
    )
    max_share = models.PositiveSmallIntegerField(
        _("share at most in %"),
        default=50,
        db_default=50,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Of the documents looked at, once there are 20. Above it it drops to shadow."),
    )
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("owner"),
        help_text=_("Who saved it last: it acts with their rights."),
    )
    mode = models.CharField(
        _("mode"),
        max_length=6,
        choices=RuleMode.choices,
        default=RuleMode.OFF,
        db_default=RuleMode.OFF,
        editable=False,
    )
    mode_at = models.DateTimeField(_("mode since"), null=True, editable=False)
    alert = models.CharField(
        _("alert"), max_length=500, default="", db_default="", blank=True, editable=False
    )

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(trigger=Trigger.EVENT, every_minutes=None, at_hour=None) & ~Q(event="")
                )
                | Q(
                    trigger=Trigger.EVERY,
                    every_minutes__gt=0,
                    every_minutes__isnull=False,
                    at_hour=None,
                    event="",
                )
                | Q(
                    trigger=Trigger.DAILY,
                    at_hour__lt=24,
                    at_hour__isnull=False,
                    every_minutes=None,
                    event="",
                ),
                name="rule_trigger_whole",
            ),
            models.CheckConstraint(condition=~Q(filter=""), name="rule_has_filter"),
            models.CheckConstraint(
                condition=Q(mode=RuleMode.OFF) | Q(is_active=True, mode_at__isnull=False),
                name="rule_runs_only_while_active",
            ),
            models.CheckConstraint(
                condition=Q(control_share__lte=90, max_acts__gt=0)
                & Q(max_share__gt=0, max_share__lte=100),
                name="rule_within_bounds",
            ),
        ]
        indexes = [
            # Asked by every event that is written.
            models.Index("event", name="rule_listening", condition=~Q(mode=RuleMode.OFF)),
        ]

    def __str__(self) -> str:
        return self.name


class RuleRun(models.Model):
    """What a rule looked at in one slot; a rule on events has a slot every hour."""

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="runs", verbose_name=_("rule"))
    slot_at = models.DateTimeField(_("slot"))
    ran_at = models.DateTimeField(_("ran at"))
    looked = models.IntegerField(_("looked at"), default=0)
    matched = models.IntegerField(_("matched"), default=0)
    acted = models.IntegerField(_("acted"), default=0)

    class Meta:
        verbose_name = _("rule run")
        verbose_name_plural = _("rule runs")
        constraints = [models.UniqueConstraint("rule", "slot_at", name="rule_slot_once")]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.slot_at:%Y-%m-%d %H:%M}"


class RuleAct(AppendOnlyModel):
    """What a rule did about one document for one trigger, or why it did not."""

    rule = models.ForeignKey(
        Rule,
        models.PROTECT,
        related_name="acts",
        db_constraint=False,
        db_index=False,
        verbose_name=_("rule"),
    )
    # The row of the rule's history that says what it was.
    rule_version = models.BigIntegerField(_("version of the rule"))
    subject_type = models.CharField(_("subject type"), max_length=40)
    subject_id = models.BigIntegerField(_("subject"))
    event_id = models.BigIntegerField(_("event"), null=True)
    slot_at = models.DateTimeField(_("slot"), null=True)
    mode = models.CharField(_("mode"), max_length=6, choices=RuleMode.choices)
    result = models.CharField(_("result"), max_length=7, choices=RuleResult.choices)
    reasons = models.CharField(_("reasons"), max_length=500, default="", db_default="")
    acted_at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("act of a rule")
        verbose_name_plural = _("acts of rules")
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject_id", "event_id"],
                name="rule_act_once_per_event",
                condition=Q(event_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["rule", "subject_id", "slot_at"],
                name="rule_act_once_per_slot",
                condition=Q(slot_at__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(event_id__isnull=False, slot_at__isnull=True)
                | Q(event_id__isnull=True, slot_at__isnull=False),
                name="rule_act_has_one_trigger",
            ),
        ]
        indexes = [
            models.Index("subject_type", "subject_id", "id", name="rule_act_subject"),
            models.Index("rule", "acted_at", "id", name="rule_act_time"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.subject_type} {self.subject_id} {self.result}"
