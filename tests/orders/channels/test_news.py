from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from backoffice.core.events import deliver
from inventory.models import KitComponent, Product, Sku
from orders.models import ChannelConnection, ChannelNews, ConnectionState, Listing, Order, StockTold
from orders.services.channel_news import News, queue_news, retry_news
from orders.services.channel_stock import stock_connections
from orders.services.lifecycle import cancel_orders
from orders.telling import tell_news, tell_stock
from tests.fixtures.channels import recorded, shopify_order
from tests.fixtures.orders import add_stock

pytestmark = pytest.mark.usefixtures("proven", "actor")
NOW = timezone.now().replace(microsecond=0)
PARCEL = {
    "carrier": "DHL",
    "tracking_number": "T1",
    "tracking_url": "https://track.example/T1",
    "units": {"466157049": 2},
    "is_last": False,
}


@pytest.fixture
def shop(open_shop, shopify):
    opened = open_shop("shopify", "web", "shh")
    ChannelConnection.objects.update(
        base_url=opened.url, api_secret="secret", tells_back=True, tells_stock=True
    )
    return opened


@pytest.fixture
def order(shop, hear):
    shop.control(lose=1.0)
    shop.change(shopify_order(1))
    hear(shopify_order(1))
    shop.control()
    return Order.objects.get()


def queue(order, kind, key="PA-1", **data):
    return queue_news([News(order.pk, kind, key, data)], now=NOW)


def tell(at=NOW):
    return tell_news(clock=lambda: at)


def told(shop):
    return [(t["method"], t["path"].split("/")[-1], t["data"]) for t in shop.show()["told"]]


def settle():
    while deliver(now=timezone.now()):
        pass


def test_a_cancellation_here_is_told_and_one_of_the_channel_is_not(order, shop, hear):
    hear(shopify_order(2), shopify_order(2, at=2, cancelled_at="2026-03-10T10:00:00+01:00"))
    cancel_orders([order.pk], now=NOW, reason="customer called")
    settle()

    news = ChannelNews.objects.get()
    assert (news.order_id, news.kind, news.key, news.status) == (
        *(order.pk, "CANCELLED", str(order.pk)),
        "QUEUED",
    )
    assert tell(timezone.now()) == 1
    assert told(shop) == [("POST", "cancel.json", {"reason": "other", "email": False})]
    news.refresh_from_db()
    assert (news.status, news.attempts, news.result) == ("SENT", 1, "")


def test_a_parcel_is_told_with_its_number_and_once(order, shop):
    queue(order, "SHIPPED", **PARCEL)
    assert queue(order, "SHIPPED", **PARCEL) == []

    assert tell() == 1
    # The answer was lost: it is told again.
    ChannelNews.objects.update(status="QUEUED", next_attempt_at=NOW)
    assert tell() == 1

    ((method, path, data),) = told(shop)
    assert (method, path) == ("POST", "fulfillments.json")
    assert data["fulfillment"] == {
        "line_items_by_fulfillment_order": [
            {
                "fulfillment_order_id": 9,
                "fulfillment_order_line_items": [{"id": 1, "quantity": 2}],
            }
        ],
        "notify_customer": False,
        "tracking_info": {"number": "T1", "company": "DHL", "url": "https://track.example/T1"},
    }


def test_a_refund_is_told_once(order, shop):
    queue(order, "REFUNDED", key="RF-1", amount="4.00")
    assert tell() == 1
    ChannelNews.objects.update(status="QUEUED", next_attempt_at=NOW)
    assert tell() == 1

    ((_method, path, data),) = told(shop)
    assert path == "refunds.json"
    assert (data["refund"]["note"], data["refund"]["transactions"][0]["amount"]) == ("RF-1", "4.00")


def test_what_fails_is_tried_again_and_given_up_at_last(order, shop):
    shop.control(fail=1.0)
    queue(order, "CANCELLED")
    assert tell() == 0
    news = ChannelNews.objects.get()
    assert (news.status, news.attempts, news.result) == ("QUEUED", 1, "HTTP 503")
    assert timedelta(seconds=22) < news.next_attempt_at - NOW < timedelta(seconds=38)

    ChannelNews.objects.update(attempts=11, next_attempt_at=NOW)
    tell()
    news.refresh_from_db()
    assert (news.status, news.attempts) == ("FAILED", 12)
    shop.control()
    assert retry_news([news.pk], now=NOW) == 1
    assert tell() == 1


def test_a_limit_lets_the_whole_connection_rest(order, shop):
    shop.control(limit=1.0)
    queue(order, "CANCELLED", key="1")
    queue(order, "REFUNDED", key="2", amount="1.00")
    assert tell() == 0
    assert shop.show()["calls"]["limited"] == 1
    assert ConnectionState.objects.get().rest_until == NOW + timedelta(seconds=1)

    shop.control()
    assert tell() == 0
    assert tell(NOW + timedelta(minutes=2)) == 2


def test_what_a_channel_cannot_take_is_said(order):
    ChannelConnection.objects.update(adapter="youzan")
    queue(order, "SHIPPED", **PARCEL)

    assert ChannelNews.objects.get().status == "NOT_TAKEN"
    assert tell() == 0


def test_nothing_is_told_where_nobody_wants_it(order, place):
    ChannelConnection.objects.update(tells_back=False)
    assert queue(order, "CANCELLED") == []
    ChannelConnection.objects.update(tells_back=True)
    Order.objects.filter(pk=order.pk).update(origin="IMPORT")
    assert queue(order, "CANCELLED") == []
    # It did not come from the channel.
    assert queue(place("77"), "CANCELLED") == []


def test_woocommerce_gets_a_note_and_says_what_it_has_no_place_for(open_shop, shopify, hear):
    hear(shopify_order(1))
    order = Order.objects.get()
    shop = open_shop("woocommerce", "web", "shh")
    ChannelConnection.objects.update(
        adapter="woocommerce", base_url=shop.url, api_secret="s", tells_back=True
    )
    queue(order, "SHIPPED", **PARCEL)
    queue(order, "SHIPPED", "PA-2", **PARCEL | {"is_last": True})
    queue(order, "CANCELLED")
    assert tell() == 3

    assert list(ChannelNews.objects.order_by("pk").values_list("result", flat=True)) == [
        "WooCommerce knows no partial shipment: it was told by a note.",
        "WooCommerce knows no tracking numbers: they were told by a note.",
        "",
    ]
    note = {"note": "DHL T1 https://track.example/T1 [PA-1]", "customer_note": True}
    assert told(shop) == [
        ("POST", "notes", note),
        ("POST", "notes", note | {"note": note["note"].replace("PA-1", "PA-2")}),
        ("PUT", "1", {"status": "completed"}),
        ("PUT", "1", {"status": "cancelled"}),
    ]


def test_stock_levels_are_told_where_they_changed_less_what_is_held_back(shop, channel, stocked):
    ChannelConnection.objects.update(options={"location_id": 5}, stock_buffer=2)
    one, other = stocked("ONE", 10), stocked("OTHER", 7)
    kit = Sku.objects.create(
        code="KIT", name="Kit", product=Product.objects.get(code="P2"), is_kit=True
    )
    KitComponent.objects.create(kit=kit, component=one, quantity=3)
    KitComponent.objects.create(kit=kit, component=other, quantity=1)
    for sku, number, buffer in ((one, "11", None), (other, "12", 0), (kit, "13", 0)):
        Listing.objects.create(
            channel=channel, code=sku.code, sku=sku, external_id=number, buffer=buffer
        )
    connection = stock_connections()[0]

    assert tell_stock(connection, clock=lambda: NOW) == 3
    assert tell_stock(connection, clock=lambda: NOW) == 0
    add_stock(other, channel.warehouse_id, 1)
    assert tell_stock(connection, clock=lambda: NOW) == 1

    levels = [(d["inventory_item_id"], d["available"]) for _m, _p, d in told(shop)]
    assert levels == [("11", 8), ("12", 7), ("13", 3), ("12", 8)]
    assert set(StockTold.objects.values_list("quantity", "error")) == {(8, ""), (3, "")}


def test_stock_without_a_location_is_said(shop, channel, stocked):
    Listing.objects.create(channel=channel, code="A", sku=stocked("A", 1), external_id="1")

    assert tell_stock(stock_connections()[0], clock=lambda: NOW) == 0

    assert ConnectionState.objects.get().last_error == (
        "Name the location in the options: location_id."
    )


def test_the_recorded_refund_is_of_the_recorded_order():
    assert recorded("shopify_refund.json")["order_id"] == recorded("shopify_order.json")["id"]
    assert Decimal(recorded("shopify_order.json")["total_price"]) == Decimal("44.70")
