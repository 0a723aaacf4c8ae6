"""What intake looks up once per batch: channels, SKUs, prices, rates."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from backoffice.core.sql import execute, load
from inventory.models import KitComponent, Seller, Warehouse
from orders.models import Price, SalesChannel, TaxRate
from orders.services.commands import PlaceOrder


@dataclass(frozen=True, slots=True)
class SkuFacts:
    """The columns of a SKU that a line needs."""

    id: int
    code: str
    seller_id: int | None
    is_stocked: bool
    is_kit: bool
    tax_category: str
    name: str


@dataclass(slots=True)
class Catalogue:
    """Everything that a batch of orders refers to, read in a fixed number of queries."""

    channels: dict[str, SalesChannel]
    skus: dict[str, SkuFacts]
    components: dict[int, list[tuple[SkuFacts, int]]]
    prices: dict[tuple[int, str], list[tuple[date, int | None, Decimal]]]
    rates: dict[tuple[str, str], list[tuple[date, str, Decimal]]]
    warehouses: dict[str, int]
    sellers: dict[str, int]
    zones: dict[str, ZoneInfo]

    def price(self, sku_id: int, channel_id: int, currency: str, day: date) -> Decimal | None:
        """Return the latest price valid on a day, the channel's own before the general one."""
        valid = [
            (channel is not None, start, price)
            for start, channel, price in self.prices.get((sku_id, currency), ())
            if start <= day and channel in (None, channel_id)
        ]
        return max(valid)[2] if valid else None

    def rate(self, country: str, region: str, category: str, day: date) -> Decimal | None:
        """Return the latest tax rate valid on a day, the region's own before the country's."""
        valid = [
            (place == region, start, rate)
            for start, place, rate in self.rates.get((country, category), ())
            if start <= day and place in ("", region)
        ]
        return max(valid)[2] if valid else None


def read_catalogue(commands: Sequence[PlaceOrder], *, all_rates: bool = True) -> Catalogue:
    """Read what a batch refers to; else than `all_rates`, those of lines that name none."""
    named = {"codes": sorted({c.channel for c in commands})}
    channels = {c.code: c for c in load(SalesChannel, "t.code = ANY(%(codes)s)", named)}
    skus = _skus({line.sku for c in commands for line in c.lines if line.sku})
    components = _components([s.id for s in skus.values() if s.is_kit])
    return Catalogue(
        channels=channels,
        skus=skus,
        components=components,
        prices=_prices(commands, skus),
        rates=_rates({c.ship_to.country for c in commands if all_rates or _needs_rate(c)}),
        warehouses=_warehouses(commands),
        sellers=_sellers(commands),
        zones={code: ZoneInfo(channel.time_zone) for code, channel in channels.items()},
    )


def _needs_rate(command: PlaceOrder) -> bool:
    return any(line.tax_rate is None for line in command.lines)


def _warehouses(commands: Sequence[PlaceOrder]) -> dict[str, int]:
    if not any(line.warehouse for c in commands for line in c.lines):
        return {}
    return dict(Warehouse.objects.filter(is_active=True).values_list("code", "pk"))


def _sellers(commands: Sequence[PlaceOrder]) -> dict[str, int]:
    named = {line.seller for c in commands for line in c.lines if line.seller}
    sellers = Seller.objects.filter(code__any=list(named), is_active=True)
    return dict(sellers.values_list("code", "pk")) if named else {}


COLUMNS = ("pk", "code", "seller_id", "stock_policy", "is_kit", "tax_category", "name", "is_active")


def _facts(row: tuple) -> SkuFacts:
    pk, code, seller, policy, is_kit, category, name, _active = row
    return SkuFacts(pk, code, seller, policy == "TRACKED" and not is_kit, is_kit, category, name)


def _skus(codes: set[str]) -> dict[str, SkuFacts]:
    columns = ", ".join("id" if name == "pk" else name for name in COLUMNS)
    asked = f"SELECT {columns} FROM inventory_sku WHERE is_active AND code = ANY(%s)"
    return {row[1]: _facts(row) for row in execute(asked, [sorted(codes)])} if codes else {}


def _components(kit_ids: Sequence[int]) -> dict[int, list[tuple[SkuFacts, int]]]:
    found: dict[int, list[tuple[SkuFacts, int]]] = defaultdict(list)
    if kit_ids:
        columns = [f"component__{c}" for c in COLUMNS]
        rows = KitComponent.objects.filter(kit_id__any=list(kit_ids)).order_by("pk")
        for kit_id, quantity, *component in rows.values_list("kit_id", "quantity", *columns):
            found[kit_id].append((_facts(tuple(component)), quantity))
    return found


def _prices(
    commands: Sequence[PlaceOrder], skus: dict[str, SkuFacts]
) -> dict[tuple[int, str], list[tuple[date, int | None, Decimal]]]:
    unpriced = {
        skus[line.sku].id
        for c in commands
        for line in c.lines
        if line.unit_price is None and line.sku in skus
    }
    prices: dict[tuple[int, str], list[tuple[date, int | None, Decimal]]] = defaultdict(list)
    if unpriced:
        rows = Price.objects.filter(sku_id__any=list(unpriced), is_active=True)
        for sku_id, currency, start, channel_id, price in rows.values_list(
            "sku_id", "currency", "valid_from", "channel_id", "unit_price"
        ):
            prices[sku_id, currency].append((start, channel_id, price))
    return prices


def _rates(countries: set[str]) -> dict[tuple[str, str], list[tuple[date, str, Decimal]]]:
    rates: dict[tuple[str, str], list[tuple[date, str, Decimal]]] = defaultdict(list)
    if not countries:
        return rates
    rows = TaxRate.objects.filter(country__any=list(countries), is_active=True)
    for country, category, start, region, rate in rows.values_list(
        "country", "category", "valid_from", "region", "rate"
    ):
        rates[country, category].append((start, region, rate))
    return rates
