"""The masters of the demo shop: where it keeps, sells and sends what."""

import secrets
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.conf import settings

from backoffice.core.models import Address, Company
from backoffice.replay.demo.catalogue import CNY_PER_EUR, MARKETPLACE, Good, crafts, goods
from backoffice.replay.demo.dice import dice
from backoffice.replay.demo.market import MARKETS, units_a_day
from finance.models import CommissionContract, RefundPolicy
from inventory.choices import LocationKind, MoveKind
from inventory.models import (
    KitComponent,
    Location,
    Product,
    ReplenishmentPolicy,
    Seller,
    Sku,
    Supplier,
    SupplierItem,
    Warehouse,
)
from inventory.services.moves import Move, post_moves
from logistics.models import Carrier, CarrierAccount
from orders.choices import PaymentTerms
from orders.models import Price, SalesChannel, TaxRate

START = date(2020, 1, 1)
# (code, name, zone, hour of the cut-off, who works there)
WAREHOUSES = [
    ("BER", "Berlin", "Europe/Berlin", 15, "MANUAL"),
    ("LIL", "Lille", "Europe/Paris", 14, "MANUAL"),
    ("SHA", "Shanghai (3PL)", "Asia/Shanghai", 16, "AUTOMATIC"),
]
# (street, city, postal code, country)
ADDRESSES = {
    "BER": ("Am Hafen 7", "Berlin", "12277", "DE"),
    "LIL": ("12 rue du Canal", "Lille", "59000", "FR"),
    "SHA": ("临港大道 900 号", "上海", "201306", "CN"),
}
# (code, name, currency, days from order to receipt)
SUPPLIERS = [
    ("TEAHOUSE", "Tea House Wholesale", "CNY", 9),
    ("KILN", "Kiln & Clay", "EUR", 6),
    ("ROASTERY", "Nordic Roastery", "EUR", 3),
    ("VOLTA", "Volta Appliances", "CNY", 10),
    ("LOOM", "Loom & Garden", "EUR", 5),
    ("PAPERMILL", "Old Paper Mill", "EUR", 4),
]
TAX = [
    *(("DE", "STANDARD", "0.19"), ("DE", "REDUCED", "0.07"), ("FR", "STANDARD", "0.20")),
    *(("FR", "REDUCED", "0.055"), ("AT", "STANDARD", "0.20"), ("AT", "REDUCED", "0.10")),
    *(("IE", "STANDARD", "0.23"), ("CN", "STANDARD", "0.13"), ("CN", "REDUCED", "0.09")),
]
KIT = ("SET-TEA", "Tea for two, a set", ("TEA-02", "POT-04", "BOK-01"), "54.90")
# A refund above this waits for a second person.
REFUND_LIMITS = {"EUR": Decimal(60), "CNY": Decimal(450)}
AISLES, BAYS = "ABCD", 8


def create_masters(*, now: datetime, seed: int, days: int, scale: float) -> None:
    """Create all that the demo shop's history refers to, with its stock of the first day."""
    Company.objects.update(name="Demo shop")
    for currency, limit in REFUND_LIMITS.items():
        RefundPolicy.objects.filter(currency=currency).update(approval_above=limit)
    houses = {row[0]: _warehouse(*row) for row in WAREHOUSES}
    channels = _channels(houses)
    for country, category, rate in TAX:
        TaxRate.objects.create(
            country=country, category=category, rate=Decimal(rate), valid_from=START
        )
    _carriers()
    skus = _goods(channels.values())
    _suppliers(skus)
    _kit(skus, channels["web"])
    _marketplace(channels["web"])
    ReplenishmentPolicy.objects.create(fill_rate=Decimal("0.97"), order_rhythm_days=14)
    _opening(skus, houses, now=now, seed=seed, days=days, scale=scale)


def _warehouse(code: str, name: str, zone: str, cut_off: int, fulfilment: str) -> Warehouse:
    line1, city, postal_code, country = ADDRESSES[code]
    address = Address.objects.create(
        recipient="Demo shop", line1=line1, city=city, postal_code=postal_code, country=country
    )
    house = Warehouse.objects.create(
        code=code,
        name=name,
        time_zone=zone,
        cut_off_at=time(cut_off),
        fulfilment=fulfilment,
        address=address,
    )
    bins = [("GOODS-IN", LocationKind.RECEIVING, 0), ("QUARANTINE", LocationKind.QUARANTINE, 999)]
    bins += [
        (f"{aisle}-{bay:02d}", LocationKind.STORAGE, 10 * n + bay)
        for n, aisle in enumerate(AISLES, 1)
        for bay in range(1, BAYS + 1)
    ]
    Location.objects.bulk_create(
        Location(warehouse=house, code=code, kind=kind, pick_order=order, is_default=code == "A-01")
        for code, kind, order in bins
    )
    return house


def _channels(houses: dict[str, Warehouse]) -> dict[str, SalesChannel]:
    return {
        market.code: SalesChannel.objects.create(
            code=market.code,
            name=market.name,
            currency=market.currency,
            time_zone=market.zone,
            warehouse=houses[market.warehouse],
            payment_terms=PaymentTerms.ON_ACCOUNT if market.is_wholesale else PaymentTerms.PREPAID,
            prices_include_tax=not market.is_wholesale,
            # Firms' orders are looked at by the order desk.
            confirms_by_itself=not market.is_wholesale,
            allows_backorders=market.code != "boutique",
            ships_partially=market.code == "web",
        )
        for market in MARKETS
    }


def _carriers() -> None:
    carrier = Carrier.objects.create(code="sandbox", name="Sandbox carrier")
    CarrierAccount.objects.create(
        code="sandbox",
        name="Sandbox carrier",
        carrier=carrier,
        adapter="sandbox",
        base_url=settings.SANDBOX_CARRIER_URL,
        api_key="sandbox",
        push_enabled=True,
        webhook_secret=secrets.token_hex(16),
        is_default=True,
    )
    post = Carrier.objects.create(code="sellers-post", name="Sellers' own post")
    CarrierAccount.objects.create(code="sellers-post", name="Sellers' own post", carrier=post)


def _goods(channels: Iterable[SalesChannel]) -> dict[str, Sku]:
    shops = list(channels)
    products = Product.objects.bulk_create(
        Product(code=g.code, name=g.name, category=g.family.name) for g in goods()
    )
    skus = Sku.objects.bulk_create(
        Sku(
            code=g.code,
            name=g.name,
            product=product,
            tax_category=g.family.tax,
            weight_grams=g.weight,
            barcode=_barcode(n),
        )
        for n, (g, product) in enumerate(zip(goods(), products, strict=True), 1)
    )
    Price.objects.bulk_create(
        Price(
            sku=sku,
            channel=shop,
            currency=shop.currency,
            unit_price=_price(good, shop),
            valid_from=START,
        )
        for good, sku in zip(goods(), skus, strict=True)
        for shop in shops
    )
    return {sku.code: sku for sku in skus}


def _barcode(number: int) -> str:
    """Return an EAN-13 of the range that is kept for use within a shop."""
    body = f"21{number:010d}"
    check = -sum(int(d) * (3 if n % 2 else 1) for n, d in enumerate(body)) % 10
    return f"{body}{check}"


def _price(good: Good, shop: SalesChannel) -> Decimal:
    if shop.prices_include_tax:
        return good.in_currency(shop.currency)
    return (good.price * Decimal("0.58")).quantize(Decimal("0.01"))


def _suppliers(skus: dict[str, Sku]) -> None:
    rates = {"EUR": Decimal(1), "CNY": (1 / CNY_PER_EUR).quantize(Decimal("0.00000001"))}
    suppliers = {
        code: Supplier.objects.create(
            code=code,
            name=name,
            currency=currency,
            exchange_rate=rates[currency],
            email=f"orders@{code.lower()}.example",
        )
        for code, name, currency, _days in SUPPLIERS
    }
    lead = {code: days for code, _name, _currency, days in SUPPLIERS}
    SupplierItem.objects.bulk_create(
        SupplierItem(
            supplier=(supplier := suppliers[good.family.supplier]),
            sku=skus[good.code],
            supplier_code=f"{good.family.supplier[:2]}{n:04d}",
            price=(good.cost / supplier.exchange_rate).quantize(Decimal("0.01")),
            currency=supplier.currency,
            minimum_quantity=6,
            pack_size=6,
            lead_time_days=lead[good.family.supplier],
            is_preferred=True,
        )
        for n, good in enumerate(goods(), 1)
    )


def _kit(skus: dict[str, Sku], web: SalesChannel) -> None:
    code, name, parts, price = KIT
    product = Product.objects.create(code=code, name=name, category="Sets")
    kit = Sku.objects.create(code=code, name=name, product=product, is_kit=True)
    KitComponent.objects.bulk_create(
        KitComponent(kit=kit, component=skus[part], quantity=1) for part in parts
    )
    Price.objects.create(
        sku=kit, channel=web, currency="EUR", unit_price=Decimal(price), valid_from=START
    )


def _marketplace(web: SalesChannel) -> None:
    for code, name, zone, rate, days, _offer in MARKETPLACE:
        seller = Seller.objects.create(
            code=code,
            name=name,
            currency="EUR",
            time_zone=zone,
            email=f"office@{code.lower()}.example",
        )
        CommissionContract.objects.create(
            name=name,
            seller=seller,
            currency="EUR",
            commission_rate=Decimal(rate),
            line_fee=Decimal("0.30"),
            settlement_delay_days=days,
            reserve_share=Decimal("0.05"),
            reserve_days=30,
            minimum_payout=Decimal(25),
            time_zone=zone,
        )
        for sku_code, sku_name, price in crafts()[code]:
            product = Product.objects.create(
                code=sku_code, name=sku_name, category="Crafts", seller=seller
            )
            sku = Sku.objects.create(
                code=sku_code,
                name=sku_name,
                product=product,
                seller=seller,
                stock_policy="UNTRACKED",
            )
            Price.objects.create(
                sku=sku, channel=web, currency="EUR", unit_price=price, valid_from=START
            )


def home_bins(house: Warehouse) -> dict[str, int]:
    """Return the bin in which each SKU has its place."""
    bins = house.locations.filter(kind=LocationKind.STORAGE).order_by("pick_order")
    ids = list(bins.values_list("pk", flat=True))
    return {good.code: ids[n % len(ids)] for n, good in enumerate(goods())}


def _opening(
    skus: dict[str, Sku],
    houses: dict[str, Warehouse],
    *,
    now: datetime,
    seed: int,
    days: int,
    scale: float,
) -> None:
    """Post the stock of the first day: some weeks of what each place will sell."""
    begins = now.date() + timedelta(days=7)
    wanted: dict[tuple[str, str], float] = {}
    for market in MARKETS:
        for code, units in units_a_day(market, begins, days).items():
            key = (market.warehouse, code)
            wanted[key] = wanted.get(key, 0) + units * scale
    moves = []
    for house in houses.values():
        bins = home_bins(house)
        for good in goods():
            weeks = dice(seed, "opening", house.code, good.code).uniform(2, 5)
            units = 2 + round(wanted[house.code, good.code] * 7 * weeks)
            moves.append(
                Move(
                    kind=MoveKind.OPENING,
                    sku_id=skus[good.code].pk,
                    warehouse_id=house.pk,
                    quantity=units,
                    location_id=bins[good.code],
                    unit_cost=good.cost,
                )
            )
    post_moves(moves, now=now, reason="stock of the first day")
