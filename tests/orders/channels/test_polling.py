from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.core.calls import RefusedError
from backoffice.core.inbox import process_all
from backoffice.core.models import InboundMessage
from orders import polling
from orders.channels.shopify import client
from orders.models import ConnectionState, Order
from orders.polling import poll_connection
from orders.services.channel_polling import close_round, due_connections, open_round
from tests.fixtures.channels import shopify_order

pytestmark = pytest.mark.usefixtures("proven", "actor")
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def shop(open_shop, shopify):
    """A shop that loses every message."""
    opened = open_shop("shopify", "web", "shh")
    opened.control(lose=1.0)
    shopify.base_url, shopify.polls = opened.url, True
    shopify.save()
    return opened


def ask(connection, at=NOW, **options):
    return poll_connection(connection.pk, clock=lambda: at, **options)


def changed(number, minutes_ago=5):
    return shopify_order(number) | {
        "updated_at": (NOW - timedelta(minutes=minutes_ago)).isoformat()
    }


def state():
    return ConnectionState.objects.get()


def test_lost_orders_are_found_once_and_again_when_they_change(shop, shopify):
    shop.change(changed(1), changed(2))

    assert ask(shopify) == 2
    process_all(now=NOW)
    assert Order.objects.count() == 2
    assert (state().polled_until, state().caught, state().cursor) == (NOW, 2, "")

    later = NOW + timedelta(minutes=5)
    assert ask(shopify, later) == 0
    shop.change(changed(1, minutes_ago=2))
    assert ask(shopify, later + timedelta(minutes=5)) == 1


def test_an_unfinished_round_goes_on_where_it_stopped(shop, shopify, monkeypatch):
    monkeypatch.setattr(client, "PAGE", 2)
    shop.change(*[changed(n) for n in range(1, 6)])

    assert ask(shopify, pages=1) == 2
    assert state().cursor
    assert state().polled_until is None
    assert due_connections(NOW) == [shopify.pk]
    assert ask(shopify, pages=1) == 2
    assert ask(shopify, pages=1) == 1

    assert (state().cursor, state().polled_until) == ("", NOW)
    assert InboundMessage.objects.count() == 5
    assert due_connections(NOW) == []
    assert due_connections(NOW + timedelta(minutes=5)) == [shopify.pk]


def test_a_limit_is_waited_for(shop, shopify):
    shop.control(limit=1.0)
    assert ask(shopify) == 0
    assert state().rest_until == NOW + timedelta(seconds=1)
    assert state().last_error == "rate limited for 1 s"
    assert due_connections(NOW) == []
    assert due_connections(NOW + timedelta(minutes=6)) == [shopify.pk]


def test_failures_rest_longer_each_time_and_a_refusal_longest(shop, shopify):
    shop.control(fail=1.0)
    rests, at = [], NOW
    for _ in range(3):
        ask(shopify, at)
        rests.append((state().rest_until - at).seconds)
        at = state().rest_until
    assert rests == [30, 60, 120]

    close_round(shopify.pk, now=NOW, error="HTTP 401", is_final=True)
    assert state().rest_until == NOW + timedelta(hours=1)


def test_one_worker_at_a_time_asks(shop, shopify):
    assert open_round(shopify.pk, now=NOW) is not None
    assert open_round(shopify.pk, now=NOW) is None
    assert open_round(shopify.pk, now=NOW + timedelta(minutes=3)) is not None


def test_a_test_call_says_whose_shop_it_is_and_ends_the_rest(shop, shopify):
    close_round_after_error(shopify)

    assert polling.test_connection(shopify, now=NOW) == "Sandbox"

    assert (state().rest_until, state().last_error) == (None, "")
    shopify.api_key = ""
    with pytest.raises(RefusedError):
        polling.test_connection(shopify, now=NOW)


def close_round_after_error(connection):
    open_round(connection.pk, now=NOW)
    close_round(connection.pk, now=NOW, error="HTTP 401", is_final=True)


@pytest.mark.parametrize(
    ("used", "seconds"),
    [("32/40", 0.0), ("40/40", 4.0), ("1/40", 0.0), ("", 0.0), ("x/y", 0.0), ("9/0", 0.0)],
)
def test_the_bucket_is_left_a_fifth_empty(used, seconds):
    assert client.pause(used) == seconds
