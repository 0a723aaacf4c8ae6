"""The small demo shop: what it sells, where it lies, who helps."""

import secrets
from datetime import date, datetime, time
from decimal import Decimal

from django.conf import settings

from backoffice.core.models import Company, User
from finance.models import CommissionContract
from inventory.choices import MoveKind
from inventory.models import (
    Product,
    ReplenishmentPolicy,
    Seller,
    Sku,
    StockLevel,
    Supplier,
    SupplierItem,
    Warehouse,
)
from inventory.services.moves import Move, post_moves
from logistics.models import Carrier, CarrierAccount
from orders.models import Price, SalesChannel, TaxRate
from support.choices import Language, Skill
from support.models import AgentProfile

START = date(2020, 1, 1)
GOODS = [
    ("TEA-GREEN", "Green tea, loose 100 g", "Tea", "12.90", "4.10", 120),
    ("TEA-OOLONG", "Oolong tea, loose 100 g", "Tea", "18.50", "6.20", 80),
    ("POT-CLAY", "Clay teapot 300 ml", "Ware", "49.00", "17.00", 25),
    ("CUP-SET", "Cup set, four pieces", "Ware", "34.00", "11.50", 40),
    ("KETTLE", "Kettle with thermostat", "Electric", "79.00", "33.00", 18),
    ("TIMER", "Kitchen timer", "Electric", "14.90", "4.80", 3),
    ("SCALE", "Pocket scale 0.1 g", "Electric", "24.90", "8.90", 60),
    ("BOOK-TEA", "The book of tea", "Books", "22.00", "9.00", 35),
]
CRAFTS = [("SILK-SCARF", "Silk scarf, indigo", "89.00"), ("FAN-PAPER", "Paper fan", "19.00")]


def create_shop(*, now: datetime) -> None:
    """Create the masters of the demo shop and its opening stock."""
    Company.objects.update(name="Demo shop")
    main = Warehouse.objects.create(
        code="BER", name="Berlin", time_zone="Europe/Berlin", cut_off_at=time(15, 0)
    )
    auto = Warehouse.objects.create(
        code="SHA", name="Shanghai (3PL)", time_zone="Asia/Shanghai", fulfilment="AUTOMATIC"
    )
    web, store = _channels(main, auto)
    _tax()
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
    supplier = Supplier.objects.create(
        code="TEAHOUSE", name="Tea house wholesale", email="orders@teahouse.example"
    )
    moves = []
    for code, name, category, price, cost, units in GOODS:
        product = Product.objects.create(code=code, name=name, category=category)
        sku = Sku.objects.create(code=code, name=name, product=product)
        for channel, amount in ((web, Decimal(price)), (store, Decimal(price) * 8)):
            Price.objects.create(
                sku=sku,
                channel=channel,
                currency=channel.currency,
                unit_price=amount,
                valid_from=START,
            )
        SupplierItem.objects.create(
            supplier=supplier,
            sku=sku,
            price=Decimal(cost),
            currency="EUR",
            minimum_quantity=10,
            pack_size=5,
            lead_time_days=7,
            is_preferred=True,
        )
        for warehouse in (main, auto):
            ReplenishmentPolicy.objects.create(warehouse=warehouse, sku=sku)
            moves.append(
                Move(
                    kind=MoveKind.OPENING,
                    sku_id=sku.pk,
                    warehouse_id=warehouse.pk,
                    quantity=units,
                    unit_cost=Decimal(cost),
                )
            )
    post_moves(moves, now=now, reason="opening stock of the demo shop")
    _marketplace(web)
    _agents()
    assert StockLevel.objects.exists()


def _channels(main: Warehouse, auto: Warehouse) -> tuple[SalesChannel, SalesChannel]:
    web = SalesChannel.objects.create(
        code="web",
        name="Web shop",
        currency="EUR",
        time_zone="Europe/Berlin",
        warehouse=main,
        allows_backorders=True,
    )
    store = SalesChannel.objects.create(
        code="tmall",
        name="Tmall 旗舰店",
        currency="CNY",
        time_zone="Asia/Shanghai",
        warehouse=auto,
    )
    return web, store


def _tax() -> None:
    for country, rate in (("DE", "0.19"), ("FR", "0.20"), ("CN", "0.13")):
        TaxRate.objects.create(country=country, rate=Decimal(rate), valid_from=START)


def _marketplace(web: SalesChannel) -> None:
    seller = Seller.objects.create(
        code="SILKROAD", name="Silk road crafts", currency="EUR", time_zone="Asia/Shanghai"
    )
    CommissionContract.objects.create(
        name="Silk road crafts",
        seller=seller,
        commission_rate=Decimal("0.12"),
        settlement_delay_days=0,
        time_zone="Asia/Shanghai",
    )
    for code, name, price in CRAFTS:
        product = Product.objects.create(code=code, name=name, category="Crafts", seller=seller)
        sku = Sku.objects.create(
            code=code, name=name, product=product, seller=seller, stock_policy="UNTRACKED"
        )
        Price.objects.create(
            sku=sku, channel=web, currency="EUR", unit_price=Decimal(price), valid_from=START
        )


def _agents() -> None:
    for username, name, languages in (("mei", "Mei", ["zh", "en"]), ("anna", "Anna", ["en"])):
        user = User.objects.create_user(username=username, first_name=name, is_staff=True)
        AgentProfile.objects.create(
            user=user,
            skills=[c for c, _ in Skill.choices],
            languages=[c for c, _ in Language.choices if c[:2] in languages],
        )
