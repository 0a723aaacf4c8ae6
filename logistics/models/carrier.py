"""Carriers, the accounts that we hold with them, and how those accounts are doing."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import SettingsModel
from backoffice.core.secrets import SecretField, WebhookSecrets
from backoffice.core.validators import validate_time_zone
from logistics.choices import BreakerState


def default_services() -> list[str]:
    return ["STANDARD"]


class Carrier(SettingsModel):
    """Who carries parcels."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    tracking_url = models.CharField(
        _("tracking page"),
        max_length=300,
        blank=True,
        help_text=_("Address for customers; {number} stands for the tracking number."),
    )

    class Meta:
        verbose_name = _("carrier")
        verbose_name_plural = _("carriers")

    def __str__(self) -> str:
        return self.name


class CarrierAccount(WebhookSecrets, SettingsModel):
    """Our contract with a carrier: how to reach it, how often, and what it may do."""

    secret_fields = ("api_key", "webhook_secret", "previous_webhook_secret")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    carrier = models.ForeignKey(
        Carrier, models.PROTECT, related_name="accounts", verbose_name=_("carrier")
    )
    adapter = models.CharField(
        _("adapter"),
        max_length=40,
        default="manual",
        help_text=_("The program that speaks to the carrier; “manual” speaks to nobody."),
    )
    base_url = models.CharField(_("address of the API"), max_length=300, blank=True)
    api_key = SecretField(_("API key"), max_length=300, blank=True)
    webhook_secret = SecretField(_("webhook secret"), max_length=300, blank=True)
    previous_webhook_secret = SecretField(max_length=300, default="", db_default="", editable=False)
    previous_webhook_secret_until = models.DateTimeField(
        _("previous secret is accepted until"), null=True, editable=False
    )
    services = models.JSONField(
        _("services"), default=default_services, help_text=_("The first one is the usual one.")
    )
    is_default = models.BooleanField(_("used where nothing else is said"), default=False)
    calls_per_day = models.PositiveIntegerField(
        _("calls per day"),
        null=True,
        blank=True,
        help_text=_("The carrier's daily quota of tracking calls (UTC day); empty for none."),
    )
    calls_per_second = models.DecimalField(
        _("calls per second"),
        max_digits=8,
        decimal_places=3,
        default=5,
        validators=[MinValueValidator(0.001)],
    )
    burst = models.PositiveIntegerField(_("burst"), default=10, validators=[MinValueValidator(1)])
    concurrency = models.PositiveSmallIntegerField(
        _("calls at the same time"), default=20, validators=[MinValueValidator(1)]
    )
    push_enabled = models.BooleanField(_("the carrier pushes scans"), default=False)
    time_zone = models.CharField(
        _("time zone of deliveries"),
        max_length=64,
        default="UTC",
        validators=[validate_time_zone],
        help_text=_("Nothing is polled there at night."),
    )
    poll_pace = models.PositiveIntegerField(
        _("polling pace"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("Polling intervals are divided by this; 1 is right for real carriers."),
    )

    class Meta:
        verbose_name = _("carrier account")
        verbose_name_plural = _("carrier accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                name="carrier_account_one_default",
                condition=Q(is_default=True),
            ),
            models.CheckConstraint(
                condition=Q(
                    calls_per_second__gt=0, burst__gt=0, concurrency__gt=0, poll_pace__gt=0
                ),
                name="carrier_account_limits",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AccountState(models.Model):
    """How an account's calls go: quota used, tokens, breaker. Written by the poller only.

    `window` holds the last fifty calls, 1 for a failed one. Kept apart from the account, so that
    polling leaves no history.
    """

    account = models.OneToOneField(
        CarrierAccount,
        models.PROTECT,
        primary_key=True,
        related_name="state",
        verbose_name=_("carrier account"),
    )
    lease_until = models.DateTimeField(_("leased until"), null=True)
    used_on = models.DateField(_("day counted"), null=True)
    used = models.PositiveIntegerField(_("calls today"), default=0, db_default=0)
    refused = models.PositiveIntegerField(_("refused for rate today"), default=0, db_default=0)
    tokens = models.FloatField(_("tokens"), default=0, db_default=0)
    tokens_at = models.DateTimeField(_("tokens at"), null=True)
    rate_factor = models.FloatField(_("share of the rate used"), default=1, db_default=1)
    limited_until = models.DateTimeField(_("limited until"), null=True)
    breaker = models.CharField(
        _("circuit breaker"),
        max_length=10,
        choices=BreakerState.choices,
        default=BreakerState.CLOSED,
        db_default=BreakerState.CLOSED,
    )
    breaker_until = models.DateTimeField(_("paused until"), null=True)
    breaker_seconds = models.PositiveIntegerField(default=0, db_default=0)
    window = models.CharField(max_length=50, default="", db_default="")
    timeouts = models.PositiveSmallIntegerField(default=0, db_default=0)
    last_success_at = models.DateTimeField(_("last answer at"), null=True)
    last_error = models.CharField(_("last error"), max_length=300, default="", db_default="")

    class Meta:
        verbose_name = _("state of a carrier account")
        verbose_name_plural = _("states of carrier accounts")

    def __str__(self) -> str:
        return f"{self.account_id} {self.breaker}"
