"""How long things take: single times, their rollup by day, and the bottleneck."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.insights.choices import Dimension, Metric, Stage


class Watermark(models.Model):
    """How far a rollup has read its log."""

    name = models.CharField(_("name"), max_length=40, unique=True)
    recorded_at = models.DateTimeField(_("read up to"), null=True)
    last_id = models.BigIntegerField(_("last id"), default=0, db_default=0)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("watermark")
        verbose_name_plural = _("watermarks")

    def __str__(self) -> str:
        return self.name


class StageTime(models.Model):
    """One time that was measured on one subject: an order, parcel, ticket or settlement."""

    metric = models.CharField(_("metric"), max_length=3, choices=Metric.choices)
    subject_id = models.BigIntegerField(_("subject"))
    order_id = models.BigIntegerField(_("order"), null=True)
    started_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("to"))
    day = models.DateField(_("day"))
    seconds = models.FloatField(_("seconds"))
    channel_id = models.BigIntegerField(null=True)
    warehouse_id = models.BigIntegerField(null=True)
    carrier_id = models.BigIntegerField(null=True)
    seller_id = models.BigIntegerField(null=True)
    origin = models.CharField(_("origin"), max_length=6, choices=Origin.choices)

    class Meta:
        verbose_name = _("measured time")
        verbose_name_plural = _("measured times")
        constraints = [models.UniqueConstraint("metric", "subject_id", name="stage_time_once")]
        indexes = [models.Index("metric", "day", name="stage_time_day")]

    def __str__(self) -> str:
        return f"{self.metric} {self.subject_id}"


class DailyMetric(models.Model):
    """One metric over the `span` days that end with `day`, for one part of the business.

    Times are in seconds. `errors` counts the measurements that ended before they began; they are
    in no other figure. `key` is the id within the dimension, 0 for all.
    """

    day = models.DateField(_("day"))
    span = models.PositiveSmallIntegerField(_("days"), default=1)
    metric = models.CharField(_("metric"), max_length=3, choices=Metric.choices)
    dimension = models.CharField(_("dimension"), max_length=9, choices=Dimension.choices)
    key = models.BigIntegerField(_("key"), default=0)
    origin = models.CharField(_("origin"), max_length=6, choices=Origin.choices)
    n = models.IntegerField(_("measurements"))
    errors = models.IntegerField(_("errors"), default=0)
    median = models.FloatField(_("median"), null=True)
    p90 = models.FloatField(_("p90"), null=True)
    mean = models.FloatField(_("mean"), null=True)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("metric")
        verbose_name_plural = _("metrics")
        constraints = [
            models.UniqueConstraint(
                "metric", "span", "day", "dimension", "key", "origin", name="metric_once"
            ),
            models.CheckConstraint(condition=Q(n__gte=0, errors__gte=0), name="metric_counts"),
        ]
        indexes = [models.Index("day", name="metric_day")]

    def __str__(self) -> str:
        return f"{self.metric} {self.day}"


class DailyStock(models.Model):
    """What the stock ledger did on a day in one warehouse, at cost."""

    day = models.DateField(_("day"))
    warehouse_id = models.BigIntegerField(_("warehouse"))
    origin = models.CharField(_("origin"), max_length=6, choices=Origin.choices)
    value_change = models.DecimalField(_("value change"), max_digits=20, decimal_places=4)
    cost_of_goods = models.DecimalField(_("cost of goods sold"), max_digits=20, decimal_places=4)
    moves = models.IntegerField(_("moves"))

    class Meta:
        verbose_name = _("stock of a day")
        verbose_name_plural = _("stock by day")
        constraints = [
            models.UniqueConstraint("day", "warehouse_id", "origin", name="daily_stock_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.warehouse_id}"


class Bottleneck(models.Model):
    """What a stage has to do with how long orders take, over a window that ends with `day`.

    Shares are of all stages: of the time, of the variance, and of what made the slowest tenth
    slower than the median. `open_orders` were placed in the window and have not arrived, so
    recent windows look too fast.
    """

    day = models.DateField(_("day"))
    window_days = models.PositiveSmallIntegerField(_("days"))
    origin = models.CharField(_("origin"), max_length=6, choices=Origin.choices)
    stage = models.CharField(_("stage"), max_length=10, choices=Stage.choices)
    n = models.IntegerField(_("orders"))
    errors = models.IntegerField(_("errors"))
    open_orders = models.IntegerField(_("open orders"))
    mean = models.FloatField(_("mean"))
    median = models.FloatField(_("median"))
    p90 = models.FloatField(_("p90"))
    time_share = models.FloatField(_("share of time"))
    variance_share = models.FloatField(_("share of variance"), null=True)
    tail_share = models.FloatField(_("share of the slow tenth"), null=True)
    is_controllable = models.BooleanField(_("controllable"))
    is_bottleneck = models.BooleanField(_("bottleneck"))

    class Meta:
        verbose_name = _("bottleneck")
        verbose_name_plural = _("bottlenecks")
        constraints = [
            models.UniqueConstraint(
                "day", "window_days", "origin", "stage", name="bottleneck_stage_once"
            ),
            models.UniqueConstraint(
                fields=["day", "window_days", "origin"],
                name="bottleneck_one",
                condition=Q(is_bottleneck=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.stage}"
