"""Sales channels, prices, tax rates and lanes: what an order is taken in and routed by."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import SettingsModel
from backoffice.core.money import amount_field, currency_field
from backoffice.core.validators import validate_time_zone
from inventory.models import Sku, Warehouse
from orders.choices import PaymentTerms


def weight(label: object, default: int, help_text: object) -> models.DecimalField:
    """Return the column of what one unit of something counts for when warehouses are chosen."""
    return models.DecimalField(
        label,  # type: ignore[arg-type]
        max_digits=10,
        decimal_places=2,
        default=default,
        db_default=default,
        validators=[MinValueValidator(0)],
        help_text=help_text,  # type: ignore[arg-type]
    )


class SalesChannel(SettingsModel):
    """Where orders come from, and how far they flow without hands."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    currency = currency_field()
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, null=True, blank=True, verbose_name=_("warehouse")
    )
    payment_terms = models.CharField(
        _("payment terms"),
        max_length=12,
        choices=PaymentTerms.choices,
        default=PaymentTerms.PREPAID,
    )
    prices_include_tax = models.BooleanField(_("prices include tax"), default=True)
    confirms_by_itself = models.BooleanField(_("confirms by itself"), default=True)
    releases_by_itself = models.BooleanField(_("releases by itself"), default=True)
    allows_backorders = models.BooleanField(_("allows back-orders"), default=False)
    ships_partially = models.BooleanField(_("ships partially"), default=False)
    unpaid_expiry_hours = models.PositiveIntegerField(
        _("hours until an unpaid order is cancelled"), null=True, blank=True, default=72
    )
    routes_orders = models.BooleanField(
        _("chooses among several warehouses"),
        default=False,
        db_default=False,
        help_text=_(
            "Lines that name no warehouse get one of the channel's when they are reserved."
        ),
    )
    parcel_weight = weight(_("weight of a parcel"), 10, _("What one parcel more counts for."))
    cost_weight = weight(_("weight of cost"), 1, _("What one of the lane's cost counts for."))
    distance_weight = weight(
        _("weight of distance"), 1, _("Twice for another country, once for another region.")
    )
    day_weight = weight(_("weight of a day"), 1, _("What one of the lane's days counts for."))

    class Meta:
        verbose_name = _("sales channel")
        verbose_name_plural = _("sales channels")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(parcel_weight__gte=0, cost_weight__gte=0)
                & models.Q(distance_weight__gte=0, day_weight__gte=0),
                name="channel_weights_not_negative",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ChannelWarehouse(SettingsModel):
    """A warehouse that orders of a channel may be sent from."""

    channel = models.ForeignKey(
        SalesChannel, models.PROTECT, related_name="serving", verbose_name=_("sales channel")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="serves", verbose_name=_("warehouse")
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Where all else is equal, the lower one is chosen.")
    )

    class Meta:
        verbose_name = _("warehouse of a channel")
        verbose_name_plural = _("warehouses of channels")
        constraints = [
            models.UniqueConstraint(fields=["channel", "warehouse"], name="channel_warehouse_once")
        ]

    def __str__(self) -> str:
        return f"{self.channel} ← {self.warehouse}"


class Price(SettingsModel):
    """The unit price of a SKU in a currency, for one channel or for all."""

    sku = models.ForeignKey(Sku, models.PROTECT, related_name="prices", verbose_name=_("SKU"))
    channel = models.ForeignKey(
        SalesChannel, models.PROTECT, null=True, blank=True, verbose_name=_("sales channel")
    )
    currency = currency_field()
    unit_price = amount_field(_("unit price"))
    valid_from = models.DateField(_("valid from"))

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(
                fields=["sku", "channel", "currency", "valid_from"],
                name="price_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(unit_price__gte=0), name="price_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.unit_price} {self.currency}"


class TaxRate(SettingsModel):
    """The rate of a tax category in a place from a day on."""

    country = models.CharField(_("country"), max_length=2)
    region = models.CharField(_("region"), max_length=120, blank=True, default="")
    category = models.CharField(_("category"), max_length=40, default="STANDARD")
    rate = models.DecimalField(_("rate"), max_digits=7, decimal_places=5)
    valid_from = models.DateField(_("valid from"))

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        constraints = [
            models.UniqueConstraint(
                fields=["country", "region", "category", "valid_from"], name="tax_rate_once"
            ),
            models.CheckConstraint(
                condition=models.Q(rate__gte=0, rate__lt=1), name="tax_rate_is_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.category} {self.rate:.2%}"


class Lane(SettingsModel):
    """What a warehouse, region and service cost and take; written by logistics."""

    warehouse = models.ForeignKey(Warehouse, models.PROTECT, verbose_name=_("warehouse"))
    country = models.CharField(_("country"), max_length=2)
    region = models.CharField(_("region"), max_length=120, blank=True, default="")
    service = models.CharField(_("service"), max_length=40)
    cost = amount_field(_("cost"), default=0)
    currency = currency_field()
    p50_days = models.DecimalField(_("median days"), max_digits=7, decimal_places=2, null=True)
    p90_days = models.DecimalField(_("p90 days"), max_digits=7, decimal_places=2, null=True)
    parcels = models.IntegerField(_("parcels measured"), default=0)

    class Meta:
        verbose_name = _("lane")
        verbose_name_plural = _("lanes")
        constraints = [
            models.UniqueConstraint(
                fields=["warehouse", "country", "region", "service"], name="lane_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.warehouse} → {self.country} {self.region} {self.service}"
