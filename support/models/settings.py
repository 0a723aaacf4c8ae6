"""How support works: calendars, service levels, queues, agents, macros."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import SettingsModel
from backoffice.core.validators import validate_time_zone
from support.business_time import BusinessHours, parse_week
from support.choices import Language, Priority, Skill


def office_hours() -> dict[str, list[list[str]]]:
    """Return Monday to Friday, nine to five."""
    return {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def validate_week(value: object) -> None:
    """Refuse what is no week of working hours."""
    try:
        parse_week(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, AttributeError) as error:
        raise ValidationError(
            _("These are no working hours: %(error)s"), params={"error": str(error)}
        ) from error


class BusinessCalendar(SettingsModel):
    """Working hours and holidays in one time zone."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    week = models.JSONField(
        _("working hours"),
        default=office_hours,
        validators=[validate_week],
        help_text=_('By day, such as {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}.'),
    )
    holidays = ArrayField(models.DateField(), verbose_name=_("holidays"), default=list, blank=True)

    class Meta:
        verbose_name = _("business calendar")
        verbose_name_plural = _("business calendars")

    def __str__(self) -> str:
        return self.name

    @property
    def hours(self) -> BusinessHours:
        return BusinessHours(self.time_zone, parse_week(self.week), frozenset(self.holidays))


class SlaPolicy(SettingsModel):
    """What a priority promises, in business minutes of a calendar."""

    priority = models.CharField(_("priority"), max_length=8, choices=Priority.choices)
    first_response_minutes = models.PositiveIntegerField(
        _("first response within minutes"), validators=[MinValueValidator(1)]
    )
    solution_minutes = models.PositiveIntegerField(
        _("solution within minutes"), validators=[MinValueValidator(1)]
    )
    risk_minutes = models.PositiveIntegerField(_("warn minutes before"), default=15)
    calendar = models.ForeignKey(
        BusinessCalendar, models.PROTECT, verbose_name=_("business calendar")
    )

    class Meta:
        verbose_name = _("service level")
        verbose_name_plural = _("service levels")
        constraints = [
            models.UniqueConstraint(
                fields=["priority"], name="sla_policy_once", condition=models.Q(is_active=True)
            ),
            models.CheckConstraint(
                condition=models.Q(first_response_minutes__gt=0, solution_minutes__gt=0),
                name="sla_policy_some_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_priority_display())


class Queue(SettingsModel):
    """Where tickets of one kind wait for an agent."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    skill = models.CharField(_("skill"), max_length=12, choices=Skill.choices)
    automatic_messages_per_day = models.PositiveSmallIntegerField(
        _("automatic messages per ticket and day"), default=3
    )
    close_after_days = models.PositiveSmallIntegerField(
        _("days until a solved ticket is closed"), default=7
    )

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        constraints = [
            models.UniqueConstraint(
                fields=["skill"], name="queue_skill_once", condition=models.Q(is_active=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


def every_skill() -> list[str]:
    return [Skill.GENERAL]


def english() -> list[str]:
    return [Language.EN]


class AgentProfile(SettingsModel):
    """What an agent can take on; the row's lock guards how many tickets they hold."""

    lock_rank = 110

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="agent_profile",
        verbose_name=_("user"),
    )
    skills = ArrayField(
        models.CharField(max_length=12, choices=Skill.choices),
        verbose_name=_("skills"),
        default=every_skill,
    )
    languages = ArrayField(
        models.CharField(max_length=4, choices=Language.choices),
        verbose_name=_("languages"),
        default=english,
    )
    capacity = models.PositiveSmallIntegerField(_("open tickets at most"), default=10)
    calendar = models.ForeignKey(
        BusinessCalendar,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("shifts"),
        help_text=_("Without a calendar, always on shift while available."),
    )
    is_available = models.BooleanField(_("available"), default=True, db_default=True)

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")

    def __str__(self) -> str:
        return str(self.user)


class Macro(SettingsModel):
    """A reply that agents use again and again; `$name` and the like are filled from the ticket."""

    impersonal_fields = ("body",)

    code = models.CharField(_("code"), max_length=40)
    language = models.CharField(
        _("language"), max_length=4, choices=Language.choices, default=Language.EN
    )
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("text"))
    solves = models.BooleanField(_("solves the ticket"), default=False)

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        constraints = [models.UniqueConstraint(fields=["code", "language"], name="macro_once")]

    def __str__(self) -> str:
        return self.title
