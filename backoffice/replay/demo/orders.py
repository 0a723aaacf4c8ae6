"""The orders of the demo shop; what happens to them, the running system decides."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from backoffice.replay.demo.masters import CRAFTS, GOODS
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder

EUROPE = [
    ("Ada Krüger", "DE", "Berlin", "10115", "Torstraße 12"),
    ("Jonas Weber", "DE", "Hamburg", "20095", "Mönckebergstraße 3"),
    ("Claire Martin", "FR", "Lyon", "69002", "Rue de la République 8"),
    ("Lena Hoffmann", "DE", "München", "80331", "Sendlinger Straße 21"),
]
CHINA = [
    ("王芳", "CN", "上海", "200030", "衡山路 88 号"),
    ("李雷", "CN", "杭州", "310000", "南山路 12 号"),
    ("陈静", "CN", "成都", "610000", "锦江路 5 号"),
]


def demo_orders(count: int, *, now: datetime, seed: int = 7) -> Iterator[PlaceOrder]:
    """Return orders of the last hours, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311
    for n in range(count):
        is_chinese = n % 3 == 2
        name, country, city, code, street = chance.choice(CHINA if is_chinese else EUROPE)
        goods = [row[0] for row in GOODS]
        skus = chance.sample(goods, chance.randint(1, 3))
        if not is_chinese and chance.random() < 0.3:
            skus.append(chance.choice(CRAFTS)[0])
        yield PlaceOrder(
            channel="tmall" if is_chinese else "web",
            external_id=f"DEMO-{seed}-{n + 1:04d}",
            placed_at=now - timedelta(minutes=chance.randint(1, 300)),
            customer=CustomerData(
                f"demo-{name}",
                name,
                f"customer{hash_of(name)}@example.com",
                language="zh-hans" if is_chinese else "en",
            ),
            ship_to=AddressData(country, recipient=name, line1=street, city=city, postal_code=code),
            lines=[LineData(chance.randint(1, 2), sku) for sku in skus],
        )


def hash_of(text: str) -> int:
    """Return a number of a text that is the same in every process."""
    return sum(ord(letter) * (n + 1) for n, letter in enumerate(text))
