"""Customers who never lived: names and addresses put together from common parts."""

from dataclasses import dataclass, replace
from random import Random

from backoffice.replay.demo.dice import dice
from orders.services.commands import AddressData, CustomerData


@dataclass(frozen=True, slots=True)
class Land:
    """What people of a country are called and where they live: streets, then (city, code)s."""

    country: str
    language: str
    first: str
    last: str
    streets: str
    cities: tuple[tuple[str, str], ...]

    def name(self, chance: Random) -> str:
        first, last = chance.choice(self.first.split()), chance.choice(self.last.split())
        return f"{last}{first}" if self.country == "CN" else f"{first} {last}"

    def street(self, chance: Random) -> str:
        street, house = chance.choice(self.streets.split("|")), chance.randint(1, 148)
        if self.country == "CN":
            return f"{street} {house} 号 {chance.randint(1, 18)} 室"
        return f"{house} {street}" if self.country in ("FR", "IE") else f"{street} {house}"


DE = Land(
    "DE",
    "de",
    "Anna Jonas Lena Felix Marie Paul Clara Emil Greta Oskar Nele Anton Ida Hannes Rosa Mats",
    "Krüger Weber Hoffmann Brandt Lindner Voigt Seidel Arndt Kessler Thoma Baumann Reuter",
    "Torstraße|Gartenweg|Lindenallee|Am Mühlbach|Bergstraße|Rosengasse|Uferweg|Schulstraße",
    (
        ("Berlin", "10115"),
        ("Hamburg", "20095"),
        ("München", "80331"),
        ("Köln", "50667"),
        ("Leipzig", "04109"),
        ("Freiburg", "79098"),
    ),
)
AT = Land(
    "AT",
    "de",
    DE.first,
    "Gruber Pichler Steiner Moser Haas Egger Wallner Aigner",
    "Ringgasse|Kirchengasse|Am Graben|Seestraße|Marktplatz",
    (("Wien", "1010"), ("Graz", "8010"), ("Linz", "4020")),
)
IE = Land(
    "IE",
    "en",
    "Aoife Liam Niamh Conor Saoirse Finn Orla Cian Maeve Eoin",
    "Byrne Kelly Nolan Doyle Keane Walsh Quinn Brady",
    "Harbour Road|Mill Lane|Church Street|Quay Street|Meadow View",
    (("Dublin", "D02 X285"), ("Cork", "T12 W8KV"), ("Galway", "H91 K8RT")),
)
FR = Land(
    "FR",
    "fr",
    "Claire Hugo Manon Louis Chloé Jules Inès Théo Camille Nathan Zoé Arthur Élise Gabin",
    "Martin Fournier Girard Lambert Rousseau Mercier Blanc Garnier Chevalier Perrin Renard",
    "rue des Lilas|avenue du Port|rue Basse|chemin des Vignes|place du Marché|rue de l'Église",
    (
        ("Lyon", "69002"),
        ("Lille", "59000"),
        ("Nantes", "44000"),
        ("Toulouse", "31000"),
        ("Rennes", "35000"),
    ),
)
CH = Land(
    "CH",
    "de",
    DE.first,
    "Frei Meier Schmid Keller Bühler Zürcher Ammann",
    "Bahnhofstrasse|Seeweg|Dorfplatz|Alpenblick",
    (("Zürich", "8001"), ("Bern", "3011"), ("Basel", "4051")),
)
CN = Land(
    "CN",
    "zh-hans",
    "芳 静 磊 伟 敏 婷 浩 宇轩 子涵 雨桐 梓晨 思远 佳怡 俊杰 欣然 明哲",
    "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙",
    "衡山路|南山路|锦江路|中山北路|滨河大道|文三路|湖滨路|建设路",
    (
        ("上海", "200030"),
        ("杭州", "310000"),
        ("成都", "610000"),
        ("广州", "510000"),
        ("南京", "210000"),
        ("武汉", "430000"),
    ),
)
REGIONS = {"上海": "上海", "杭州": "浙江", "成都": "四川", "广州": "广东", "南京": "江苏"} | {
    "武汉": "湖北"
}
FIRMS = ["Café", "Hotel", "Bistro", "Kontor", "Atelier", "Pension", "Teestube", "Laden"]


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with their address."""

    customer: CustomerData
    address: AddressData


def person(seed: int, channel: str, number: int, land: Land, *, is_firm: bool = False) -> Person:
    """Return a channel's customer of a number: the same for the same seed."""
    chance = dice(seed, channel, "customer", number)
    name = land.name(chance)
    city, code = chance.choice(land.cities)
    company = f"{chance.choice(FIRMS)} {land.last.split()[number % 7]}" if is_firm else ""
    customer = CustomerData(
        f"{channel}-{number}",
        company or name,
        f"{channel}.customer{number}@example.com",
        phone=f"+00 555 {number:06d}",
        language=land.language,
    )
    address = AddressData(
        land.country,
        recipient=name,
        company=company,
        line1=land.street(chance),
        city=city,
        region=REGIONS.get(city, ""),
        postal_code=code,
        phone=customer.phone,
    )
    return Person(customer, address)


def without_street(address: AddressData) -> AddressData:
    """Return an address that no parcel reaches."""
    return replace(address, line1="")
