"""Whether the data can be trusted: checks and their runs."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import AppendOnlyModel, SettingsModel
from backoffice.insights.checks import CHECKS
from backoffice.insights.choices import CheckState, Domain, Quality


class DataCheck(SettingsModel):
    """A check that the product brings; staff decide how much may fail, and whether it runs."""

    code = models.CharField(_("code"), max_length=60, unique=True, editable=False)
    domain = models.CharField(_("domain"), max_length=10, choices=Domain.choices, editable=False)
    quality = models.CharField(
        _("dimension"), max_length=12, choices=Quality.choices, editable=False
    )
    tolerated_ratio = models.FloatField(
        _("tolerated ratio"),
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("Share of rows that may fail: 0.01 is 1 %."),
    )
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)

    class Meta:
        verbose_name = _("data check")
        verbose_name_plural = _("data checks")

    @property
    def text(self) -> str:
        """Say what is checked; a check that is gone goes by its code."""
        check = CHECKS.get(self.code)
        return str(check.text) if check else self.code

    def __str__(self) -> str:
        return self.code


class CheckRun(AppendOnlyModel):
    """What a check found at one time."""

    # Not named `check`: Django's models have a method of that name.
    data_check = models.ForeignKey(
        DataCheck, models.PROTECT, related_name="runs", db_constraint=False, verbose_name=_("check")
    )
    ran_at = models.DateTimeField(_("ran at"))
    state = models.CharField(_("state"), max_length=6, choices=CheckState.choices)
    n = models.BigIntegerField(_("rows"), default=0)
    failed = models.BigIntegerField(_("failed"), default=0)
    ratio = models.FloatField(_("ratio"), default=0)
    sample_ids = ArrayField(models.BigIntegerField(), verbose_name=_("examples"), default=list)
    duration_ms = models.IntegerField(_("milliseconds"), default=0)
    error = models.CharField(_("error"), max_length=500, default="", db_default="")

    class Meta:
        verbose_name = _("check run")
        verbose_name_plural = _("check runs")
        indexes = [models.Index("ran_at", name="check_run_at")]

    def __str__(self) -> str:
        return f"{self.data_check_id} {self.ran_at:%Y-%m-%d %H:%M}"


class InvariantRun(AppendOnlyModel):
    """Whether an invariant held at one time; `rows` stops at the limit of a board."""

    name = models.CharField(_("name"), max_length=80)
    ran_at = models.DateTimeField(_("ran at"))
    rows = models.IntegerField(_("violations"))
    sample = models.JSONField(_("examples"), default=list)
    duration_ms = models.IntegerField(_("milliseconds"), default=0)
    error = models.CharField(_("error"), max_length=500, default="", db_default="")

    class Meta:
        verbose_name = _("invariant run")
        verbose_name_plural = _("invariant runs")
        indexes = [models.Index("ran_at", name="invariant_run_at")]

    def __str__(self) -> str:
        return self.name
