"""Where orders come from, how many and what is in them; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from backoffice.replay.demo import people
from backoffice.replay.demo.catalogue import CNY_PER_EUR, Good, crafts, goods
from backoffice.replay.demo.dice import count, dice
from backoffice.replay.demo.people import Land, person
from orders.choices import LineKind
from orders.services.commands import LineData, PlaceOrder

EVENING = (1, 0.5, 0.3, 0.2, 0.2, 0.4, 1, 2, 3, 3.5, 4, 4, 4.5, 4, 4, 4, 4.5, 5, 6, 7, 8, 8, 6, 3)
OFFICE = (0, 0, 0, 0, 0, 0, 0, 1, 4, 7, 8, 7, 4, 5, 7, 6, 4, 2, 0, 0, 0, 0, 0, 0)
WORKDAYS = (1.5, 1.5, 1.4, 1.4, 1.2, 0, 0)


@dataclass(frozen=True, slots=True)
class Market:
    """A sales channel of the demo: its customers, its pace and its baskets.

    `sale` names days, counted back from today, on which twice as much is ordered.
    """

    code: str
    name: str
    prefix: str
    currency: str
    zone: str
    warehouse: str
    orders_a_day: float
    customers: int
    lands: tuple[tuple[Land, float], ...]
    week: tuple[float, ...]
    hours: tuple[float, ...]
    sale: tuple[int, ...] = ()
    is_wholesale: bool = False
    promise_days: int = 6


MARKETS = [
    Market(
        *("web", "Web shop", "W", "EUR", "Europe/Berlin", "BER", 16.0, 620),
        ((people.DE, 0.8), (people.AT, 0.09), (people.IE, 0.06), (people.CH, 0.05)),
        (1.15, 1.0, 0.95, 0.95, 0.85, 0.95, 1.15),
        EVENING,
        sale=(24, 23, 22),
    ),
    Market(
        *("boutique", "Boutique en ligne", "B", "EUR", "Europe/Paris", "LIL", 9.0, 340),
        ((people.FR, 1.0),),
        (1.0, 1.0, 1.0, 0.95, 0.9, 1.0, 1.15),
        EVENING,
        sale=(24, 23),
    ),
    Market(
        *("china", "中国官方商城", "C", "CNY", "Asia/Shanghai", "SHA", 11.0, 430),
        ((people.CN, 1.0),),
        (0.9, 0.9, 0.95, 0.95, 1.05, 1.15, 1.1),
        EVENING,
        sale=(40, 39),
        promise_days=5,
    ),
    Market(
        *("wholesale", "Wholesale", "G", "EUR", "Europe/Berlin", "BER", 2.6, 38),
        ((people.DE, 0.7), (people.AT, 0.15), (people.FR, 0.15)),
        WORKDAYS,
        OFFICE,
        is_wholesale=True,
        promise_days=8,
    ),
]


@cache
def _stand(market: str, day: date, ago: int) -> tuple[list[Good], list[float]]:
    """Return what is on offer and how much of each a day asks for."""
    return goods(), [g.family.demand(day, ago) * g.share for g in goods()]


def units_a_day(market: Market, day: date, ago: int) -> dict[str, float]:
    """Return how many units of each SKU a channel sells on an average day around a date."""
    offered, wanted = _stand(market.code, day, ago)
    per_order = 3.5 * 11 if market.is_wholesale else 1.75 * 1.3
    total = market.orders_a_day * per_order
    return {g.code: total * w / sum(wanted) for g, w in zip(offered, wanted, strict=True)}


def orders_of_day(
    market: Market, day: date, *, seed: int, ago: int, scale: float
) -> Iterator[PlaceOrder]:
    """Return what a channel's customers order on a day of its zone."""
    chance = dice(seed, market.code, day)
    mean = market.orders_a_day * market.week[day.weekday()] * (1 - 0.003 * ago) * scale
    mean *= 2 if ago in market.sale else 1
    zone = ZoneInfo(market.zone)
    for n in range(1, count(mean, chance) + 1):
        hour = chance.choices(range(24), market.hours)[0]
        at = time(hour, chance.randrange(60), chance.randrange(60))
        placed_at = datetime.combine(day, at, zone).astimezone(ZoneInfo("UTC"))
        yield compose(market, f"{market.prefix}{day:%y%m%d}-{n:03d}", placed_at, seed=seed, ago=ago)


def compose(
    market: Market, number: str, placed_at: datetime, *, seed: int, ago: int = 0
) -> PlaceOrder:
    """Return the order of a number: the same for the same seed."""
    chance = dice(seed, "order", number)
    # Some customers come again and again.
    who = int(market.customers * chance.random() ** 1.7) + 1
    lands, shares = zip(*market.lands, strict=True)
    land = dice(seed, market.code, "land", who).choices(lands, shares)[0]
    buyer = person(seed, market.code, who, land, is_firm=market.is_wholesale)
    day = placed_at.astimezone(ZoneInfo(market.zone)).date()
    is_abroad = land is not market.lands[0][0]
    lines = _basket(market, day, ago, chance)
    address = buyer.address
    if chance.random() < 0.012 and not market.is_wholesale:
        # Somebody forgot the street: such orders are held.
        address = people.without_street(address)
    return PlaceOrder(
        channel=market.code,
        external_id=number,
        placed_at=placed_at,
        customer=buyer.customer,
        ship_to=address,
        lines=lines,
        promised_on=day + timedelta(days=market.promise_days * (2 if is_abroad else 1)),
        priority=5 if market.is_wholesale and chance.random() < 0.1 else 0,
    )


def _basket(market: Market, day: date, ago: int, chance: Random) -> list[LineData]:
    offered, wanted = _stand(market.code, day, ago)
    lines: dict[str, int] = {}
    worth = Decimal(0)
    for _ in range(chance.randint(2, 5) if market.is_wholesale else min(count(0.9, chance), 4) + 1):
        good = chance.choices(offered, wanted)[0]
        units = chance.randint(4, 18) if market.is_wholesale else chance.choice((1, 1, 1, 1, 2, 2))
        lines[good.code] = lines.get(good.code, 0) + units
        worth += good.price * units
    basket = [LineData(units, code) for code, units in lines.items()]
    if market.code == "web" and chance.random() < 0.2:
        seller = chance.choice(list(crafts()))
        basket.append(LineData(chance.choice((1, 1, 2)), chance.choice(crafts()[seller])[0]))
    if market.is_wholesale:
        return basket
    rate = CNY_PER_EUR if market.currency == "CNY" else Decimal(1)
    if worth < 50:
        fee = (Decimal("4.90") * rate).quantize(Decimal("0.1"))
        basket.append(LineData(kind=LineKind.SHIPPING, unit_price=fee, description="Shipping"))
    elif chance.random() < 0.08:
        off = -(5 * rate).quantize(Decimal(1))
        basket.append(LineData(kind=LineKind.DISCOUNT, unit_price=off, description="Voucher"))
    return basket
