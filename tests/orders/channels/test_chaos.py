"""Shops that duplicate, reorder, delay, lose and limit end like a quiet one."""

import copy
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from backoffice.core.inbox import process_all
from orders.models import ChannelConnection, ChannelOrder, ConnectionState, Order, SalesChannel
from orders.polling import poll_connection
from orders.services.channel_corrections import map_codes
from orders.services.channel_polling import due_connections
from tests.fixtures.channels import recorded, shopify_order

pytestmark = pytest.mark.usefixtures("proven", "actor")
CHAOS = {"lose": 0.15, "duplicate": 0.3, "delay": 0.4, "limit": 0.6, "fail": 0.2}
START = timezone.now() - timedelta(hours=2)


def stamp(minute):
    return (START + timedelta(minutes=minute)).isoformat(timespec="seconds")


def shopify_story(number):
    """Return an order as it was at each of its changes."""
    order = shopify_order(number, units=1 + number % 3)
    order["updated_at"] = stamp(number % 5)
    told = [order]
    if number % 3 == 0:
        more = shopify_order(number, units=4)
        more["shipping_address"] |= {"address1": f"New Street {number}"}
        told.append(more | {"updated_at": stamp(10 + number % 7)})
    if number % 7 == 0:
        ended = copy.deepcopy(told[-1]) | {"cancelled_at": stamp(20)}
        told.append(ended | {"updated_at": stamp(20)})
    if number % 11 == 0:
        unknown = copy.deepcopy(told[-1])
        unknown["line_items"][0] |= {"id": 77, "sku": "NOBODY-KNOWS"}
        told.append(unknown | {"updated_at": stamp(30)})
    return told


def woo_story(number):
    order = recorded("woocommerce_order.json") | {"id": number, "number": str(number)}
    order |= {"line_items": order["line_items"][:1], "refunds": [], "total": "28.70"}
    order["date_modified_gmt"] = stamp(number % 5)[:19]
    told = [order]
    if number % 2 == 0:
        told.append(order | {"status": "cancelled", "date_modified_gmt": stamp(20)[:19]})
    return told


STORIES = {"shopify": shopify_story, "woocommerce": woo_story}


@pytest.fixture
def connect(channel, sellable, open_shop):
    """Open a shop for a channel of its own."""

    def run(code, style, **faults):
        shop_channel, _ = SalesChannel.objects.get_or_create(
            code=code,
            defaults={"name": code, "currency": "EUR", "warehouse": channel.warehouse},
        )
        shop_channel.confirms_by_itself = False
        shop_channel.save()
        shop = open_shop(style, code, "shh", seed=7)
        shop.control(**faults)
        connection = ChannelConnection.objects.create(
            channel=shop_channel,
            adapter=style,
            base_url=shop.url,
            api_key="key",
            api_secret="secret",
            webhook_secret="shh",
            polls=True,
        )
        return shop, connection

    return run


def settle(connection):
    """Ask the channel, as beat would, until a round came to its end after the last failure."""
    now, asked = timezone.now(), 0
    while True:
        asked += 1
        assert asked < 200
        assert connection.pk in due_connections(now)
        poll_connection(connection.pk, clock=partial(lambda at: at, now), pages=2)
        state = ConnectionState.objects.get(pk=connection.pk)
        process_all(now=now)
        if not state.cursor and not state.last_error:
            return state
        now += timedelta(hours=2)


def as_they_are(connection):
    told = {}
    for row in ChannelOrder.objects.filter(channel=connection.channel).select_related(
        "order__ship_to"
    ):
        order = row.order
        lines = order.lines.filter(kind="ITEM").select_related("sku")
        told[row.external_id] = (
            row.status,
            [p["kind"] for p in row.problems],
            row.version_at,
            order.status,
            order.total_amount if order.status != "CANCELLED" else None,
            order.ship_to.line1,
            sorted(
                (x.sku.code, x.quantity - x.cancelled) for x in lines if x.quantity > x.cancelled
            ),
        )
    return told


@pytest.mark.parametrize(("style", "count"), [("shopify", 300), ("woocommerce", 120)])
def test_a_chaotic_shop_ends_like_a_quiet_one(connect, bring, relay, style, count):
    loud, loud_connection = connect("loud", style, **CHAOS)
    quiet, quiet_connection = connect("quiet", style)
    stories = [STORIES[style](number) for number in range(1, count + 1)]
    for step in range(max(map(len, stories))):
        changes = [story[step] for story in stories if len(story) > step]
        quiet.change(*changes)
        loud.change(*changes)
        bring(quiet)
        process_all(now=timezone.now())
    bring(loud)
    process_all(now=timezone.now())
    lost = count - ChannelOrder.objects.filter(channel=loud_connection.channel).count()

    state = settle(loud_connection)
    before = settle(quiet_connection)

    for connection in (loud_connection, quiet_connection):
        if style == "shopify":
            map_codes(connection.channel_id, {"NOBODY-KNOWS": "IPOD-342"}, now=timezone.now())

    assert relay.counts["loud"] != relay.counts["quiet"] == sum(map(len, stories))
    assert (lost > 0, state.caught > 0, before.caught) == (True, True, 0)
    assert loud.show()["calls"]["limited"] > 0
    assert as_they_are(loud_connection) == as_they_are(quiet_connection)
    assert Order.objects.count() == 2 * count
