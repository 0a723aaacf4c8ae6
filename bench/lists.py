"""The order list at a million orders: against itself at ten thousand, and against Django's admin.

Costs are CPU seconds of server and database together, interleaved, medians. `list_*_ratio` is the
cost at a million ÷ that at ten thousand. `search_*_ms` is the database's part of a page found by
the search box, `search_*_ratio` how many times that a search by `icontains` takes.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from statistics import median
from urllib.parse import quote

from bench.databases import filled
from bench.serving import PLAIN, THEMED, Server
from bench.shop import name_of

BIG, SMALL, ROUNDS = 1_000_000, 10_000, 9
ORDERS, SKUS = "/admin/orders/order/", "/admin/inventory/sku/"
# A page's address in both shops. The small one ends where the big one's page 2,000 is far from it.
PAGES = {
    "first": ("", ""),
    "filtered": ("?status=RELEASED", "?status=RELEASED"),
    "search": ("?q=SO-00005000", "?q=SO-00005000"),
    "page_2000": ("?p=2000", "?p=200"),
}
# What else staff ask for: the tabs of the list, and filters that lead to another table.
OTHERS = [
    "?status=PENDING&is_held=false",
    "?is_held=true&status=PENDING&status=CONFIRMED",
    "?is_short=true&status=PENDING&status=CONFIRMED",
    "?status=RELEASED&fulfilment_status=UNFULFILLED",
    "?status=CONFIRMED&status=RELEASED",
    "?payment_status=REFUNDED&payment_status=PARTIALLY_REFUNDED",
    "?fulfilment_status=RETURNED",
    "?priority_min=5",
    "?channel=c1",
    "?customer_id=777",
    "?sku=SKU-0005000",
    "?o=total_amount",
]
LIMITED = ["warehouse_user", "seller_user"]
# The search box of a list, and what a search for any part of a text would look through.
SEARCHES = {
    "number": (ORDERS, "SO-00500000", "orders.order", ["order_number", "external_id"]),
    "customer": (ORDERS, name_of(77_777), "orders.order", ["customer__name", "customer__email"]),
    "email": (ORDERS, "person77777@", "orders.order", ["customer__name", "customer__email"]),
    "sku": (SKUS, "SKU-0500000", "inventory.sku", ["code", "name"]),
    "tracking": (ORDERS, "TRACK0000500000", "logistics.parcel", ["number", "tracking_number"]),
}
TARGETS = {
    **{f"list_{name}_ratio": (None, 1.3) for name in PAGES},
    "list_default_ratio": (20, None),
    "list_tuned_ratio": (None, 2),
    "list_limited_warehouse_ratio": (None, 1.3),
    **{f"search_{name}_ms": (None, 5) for name in SEARCHES},
    **{f"search_{name}_ratio": (20, None) for name in SEARCHES},
}


def run() -> dict[str, float]:
    """Measure, print each figure beside its target, and fail where a statement reads too much."""
    small, big = filled(SMALL), filled(BIG)
    with ExitStack() as running:

        def serve(database: str, user: str = "boss", templates: str = "") -> Server:
            return running.enter_context(closing(Server(database, user, templates)))

        servers = serve(small), serve(big)
        results = dict(pages(*servers))
        results |= rivals(servers[1], serve(big, templates=THEMED), serve(big, templates=PLAIN))
        for user in LIMITED:
            results |= limited(user, servers[1], serve(small, user), serve(big, user))
        results |= searches(servers[1])
    for name, (least, most) in TARGETS.items():
        value = results[name]
        is_met = (least is None or value >= least) and (most is None or value <= most)
        wanted = f"≥ {least}" if most is None else f"≤ {most}"
        print(f"{'ok' if is_met else 'MISSED':6}  {name} {value} ({wanted})")
    return results


def costs(*asked: tuple[Server, str]) -> list[list[float]]:
    """Return what each page cost in each round, in turns."""
    rounds = [[server.cost(path) for server, path in asked] for _ in range(ROUNDS)]
    return [list(column) for column in zip(*rounds, strict=True)]


def ratio(over: list[float], under: list[float]) -> float:
    return round(median(over) / median(under), 2)


def pages(small: Server, big: Server) -> Iterator[tuple[str, float]]:
    """Yield what each page costs in the big shop, and beside the small one."""
    for other in OTHERS:
        big.warm(ORDERS + other, rows=None)
        check(big, ORDERS + other)
    for name, (there, here) in PAGES.items():
        rows = 1 if name == "search" else 50
        big.warm(ORDERS + there, rows)
        small.warm(ORDERS + here, rows)
        check(big, ORDERS + there)
        far, near = costs((big, ORDERS + there), (small, ORDERS + here))
        yield f"list_{name}_cpu_ms", round(median(far) * 1000, 1)
        yield f"list_{name}_ratio", ratio(far, near)


def check(server: Server, path: str) -> None:
    """Fail where a page counts rows or reads a big table as a whole."""
    faults = server.ask("faults", path)
    assert faults == [], f"{path}: {faults}"


def rivals(ours: Server, themed: Server, plain: Server) -> dict[str, float]:
    """Compare the first page with Django's admin as it comes, and with what it can be made."""
    asked = [
        (ours, ORDERS),
        (themed, "/default/orders/order/"),
        (plain, "/tuned/orders/order/"),
    ]
    for server, path in asked:
        server.warm(path)
    own, default, tuned = costs(*asked)
    return {
        "list_default_ratio": ratio(default, own),
        "list_default_cpu_ms": round(median(default) * 1000, 1),
        "list_tuned_ratio": ratio(own, tuned),
        "list_tuned_cpu_ms": round(median(tuned) * 1000, 1),
    }


def limited(user: str, whole: Server, small: Server, big: Server) -> dict[str, float]:
    """Compare what somebody limited to few orders waits with the small shop, and with the boss."""
    for server in (small, big):
        server.warm(ORDERS, rows=None)
    check(big, ORDERS)
    far, near, boss = costs((big, ORDERS), (small, ORDERS), (whole, ORDERS))
    name = f"list_limited_{user.removesuffix('_user')}"
    return {
        f"{name}_cpu_ms": round(median(far) * 1000, 1),
        f"{name}_ratio": ratio(far, near),
        f"{name}_boss_ratio": ratio(far, boss),
    }


def searches(server: Server) -> dict[str, float]:
    """Compare what the search box costs the database with a search for any part."""
    found = {}
    for name, (page, term, label, fields) in SEARCHES.items():
        path = f"{page}?q={quote(term)}"
        server.warm(path, rows=None)
        assert 0 < server.ask("rows", path) <= 50, path
        check(server, path)
        own = [server.database(path) for _ in range(ROUNDS)]
        parts = [server.ask("any_part", label, fields, term) for _ in range(5)]
        found[f"search_{name}_ms"] = round(median(own) * 1000, 2)
        found[f"search_{name}_ratio"] = ratio(parts, own)
    return found
