"""What the demo shop sells: families of goods with their own season, trend and week; pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from math import cos, pi

from backoffice.replay.demo.dice import dice

CNY_PER_EUR = Decimal("7.8")
# Monday to Sunday: what people buy at home, and what firms order at work.
HOME_WEEK = (1.15, 1.0, 0.95, 0.95, 0.9, 0.95, 1.1)
WEEKEND = (0.8, 0.8, 0.85, 0.9, 1.1, 1.35, 1.2)


@dataclass(frozen=True, slots=True)
class Family:
    """Goods that sell alike; `best_day` is the day of the year on which they sell best."""

    code: str
    name: str
    supplier: str
    units_a_day: float
    best_day: int
    swing: float
    growth: float
    week: tuple[float, ...]
    prices: tuple[float, float]
    cost_share: float
    weight: int
    goods: str
    tax: str = "STANDARD"

    def demand(self, day: date, ago: int) -> float:
        """Return the units that a day sells on average, so many days before today."""
        season = 1 + self.swing * cos(2 * pi * (day.timetuple().tm_yday - self.best_day) / 365)
        return self.units_a_day * season * self.week[day.weekday()] * (1 - self.growth * ago)


@dataclass(frozen=True, slots=True)
class Good:
    """One SKU: its share of what its family sells, price and cost in EUR."""

    code: str
    name: str
    family: Family
    share: float
    price: Decimal
    cost: Decimal
    weight: int

    def in_currency(self, currency: str) -> Decimal:
        """Return the price in one of the shop's two currencies, whole yuan."""
        if currency == "CNY":
            return (self.price * CNY_PER_EUR).quantize(Decimal(1))
        return self.price


FAMILIES = [
    Family(
        *("TEA", "Tea", "TEAHOUSE", 20, 15, 0.35, 0.002, HOME_WEEK, (6.5, 24), 0.34, 120),
        "Sencha|Dragon Well|White Peony|Tieguanyin|Jasmine pearls|Pu-erh 2019|Darjeeling|Assam"
        "|Earl Grey|Rooibos vanilla|Peppermint|Chamomile|Lapsang|Genmaicha",
    ),
    Family(
        *("POT", "Teaware", "KILN", 7, 340, 0.4, 0.001, WEEKEND, (18, 89), 0.38, 850),
        "Clay teapot 300 ml|Glass teapot 600 ml|Gaiwan|Cup set, four|Matcha bowl|Bamboo whisk"
        "|Tea tray|Travel flask|Strainer|Tea tin, two",
    ),
    Family(
        *("COF", "Coffee", "ROASTERY", 12, 330, 0.2, 0.004, HOME_WEEK, (8.5, 32), 0.42, 500),
        "House blend|Espresso forte|Ethiopia filter|Colombia|Decaf|Cold brew bags|Drip bags"
        "|Sumatra|Guatemala|Advent box",
    ),
    Family(
        *("KIT", "Kitchen electrics", "VOLTA", 5, 335, 0.5, 0.003, WEEKEND, (15, 189), 0.5, 1600),
        "Kettle with thermostat|Burr grinder|Pocket scale 0.1 g|Milk frother|Timer|Hand blender"
        "|Toaster|Egg cooker",
    ),
    Family(
        *("TEX", "Home textiles", "LOOM", 8, 320, 0.3, 0.0, WEEKEND, (9, 59), 0.36, 420),
        "Linen napkins, four|Tea towel|Apron|Table runner|Wool throw|Cushion cover|Oven glove"
        "|Bath towel|Blanket, cotton|Tote bag",
    ),
    Family(
        *("PAP", "Stationery", "PAPERMILL", 11, 245, 0.35, 0.001, HOME_WEEK, (3, 29), 0.3, 180),
        "Notebook A5|Notebook A6|Fountain pen|Ink, blue-black|Brush set|Rice paper, 50|Wax seals"
        "|Desk calendar|Greeting cards|Pencil case|Washi tape|Letter set",
    ),
    Family(
        *("GAR", "Garden", "LOOM", 7, 130, 0.7, 0.002, WEEKEND, (4, 69), 0.4, 700),
        "Herb seeds|Watering can|Secateurs|Plant labels|Terracotta pot|Gloves|Bee hotel"
        "|Hand fork|Raised bed|Bulb mix",
    ),
    Family(
        *("OUT", "Travel and outdoor", "VOLTA", 6, 170, 0.5, 0.003, WEEKEND, (8, 99), 0.45, 640),
        "Enamel mug|Camping kettle|Picnic rug|Lunch box|Head torch|Dry bag|Folding cup|Cool bag"
        "|Pocket stove|Spork, two",
    ),
    Family(
        *("BOK", "Books", "PAPERMILL", 5, 345, 0.45, 0.0, HOME_WEEK, (12, 39), 0.55, 560),
        "The book of tea|Brewing notes|Table settings|A year of herbs|Paper folding|茶之书",
        "REDUCED",
    ),
]
# (seller, name, city's zone, what share it pays, days to settle, goods with prices in EUR)
MARKETPLACE = [
    (
        *("SILKROAD", "Silk Road Crafts", "Asia/Shanghai", "0.12", 1),
        "Silk scarf=89|Paper fan=19|Lacquer box=64|Ink stone=48",
    ),
    (
        *("ALPENHOLZ", "Alpenholz Werkstatt", "Europe/Vienna", "0.10", 2),
        "Cutting board=39|Salad bowl=56|Coat hooks=27|Wooden spoon=9.5",
    ),
    (
        *("ATELIER-LUNE", "Atelier Lune", "Europe/Paris", "0.15", 0),
        "Scented candle=24|Soap trio=18|Ceramic vase=72|Wall print=33",
    ),
    (
        *("HARBOUR", "Harbour Wool", "Europe/Dublin", "0.11", 1),
        "Wool socks=16|Beanie=28|Mittens=25|Fisherman scarf=44",
    ),
]


@cache
def goods() -> list[Good]:
    """Return every SKU that is kept in stock; within a family the first ones sell best."""
    found = []
    for family in FAMILIES:
        names = family.goods.split("|")
        weights = [1 / (n + 1.5) for n in range(len(names))]
        for n, name in enumerate(names):
            chance = dice("price", family.code, n)
            low, high = family.prices
            price = Decimal(round(low + (high - low) * chance.random() ** 1.6)) - Decimal("0.10")
            cost = (price * Decimal(str(family.cost_share))).quantize(Decimal("0.01"))
            share = weights[n] / sum(weights)
            weight = int(family.weight * chance.uniform(0.6, 1.6))
            code = f"{family.code}-{n + 1:02d}"
            found.append(Good(code, name, family, share, price, cost, weight))
    return found


@cache
def crafts() -> dict[str, list[tuple[str, str, Decimal]]]:
    """Return what sellers offer: (code, name, price in EUR) by seller; they ship it themselves."""
    return {
        seller: [
            (f"{seller[:6]}-{n}", name, Decimal(price))
            for n, (name, _sep, price) in enumerate(
                (item.partition("=") for item in offer.split("|")), 1
            )
        ]
        for seller, _name, _zone, _rate, _days, offer in MARKETPLACE
    }
