import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from backoffice.core.inbox import process_all
from backoffice.core.models import User
from orders.models import ChannelConnection, ChannelOrder, Listing, Order
from tests.fixtures.channels import shopify_order

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def boss(client, db):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def page(client, row, tail="change/"):
    return client.get(f"/admin/orders/channelorder/{row.pk}/{tail}").content.decode()


def do(client, row, name, **values):
    url = f"/admin/orders/channelorder/{row.pk}/do/{name}/"
    return client.post(url, {"version": row.version, "key": "k", **values})


@pytest.fixture
def held(push, boss):
    order = shopify_order(1, total_price="41.00")
    order["line_items"][0]["sku"] = "GHOST"
    push(order)
    process_all(now=timezone.now())
    return ChannelOrder.objects.get()


def test_a_held_order_says_what_is_wrong_and_is_mended_by_its_buttons(client, held):
    text = page(client, held)
    assert "No SKU is known for GHOST: map the codes, or create the SKUs." in text
    assert "/admin/inventory/sku/add/" in text
    assert do(client, held, "map", code_0="NOBODY").status_code == 200
    assert not Listing.objects.exists()

    assert do(client, held, "map", code_0="IPOD-342").status_code == 302
    held.refresh_from_db()
    assert held.problem == "TOTAL"
    assert "41.00 is not the sum of the lines 39.80" in page(client, held)
    assert do(client, held, "correct_total", total="theirs").status_code == 302

    held.refresh_from_db()
    assert (held.status, Order.objects.get().total_amount) == ("PLACED", 41)
    assert "The order is as the channel has it." in page(client, held)


def test_the_address_dialog_begins_with_what_the_channel_said(client, push, boss):
    push(shopify_order(1, shipping_address={"name": "Jon", "city": "Bonn"}))
    process_all(now=timezone.now())
    row = ChannelOrder.objects.get()
    assert 'value="Bonn"' in page(client, row, "do/correct_address/")

    assert do(client, row, "correct_address", country="de", city="Bonn").status_code == 200
    values = {"country": "de", "city": "Bonn", "line1": "Street 1", "recipient": "Jon"}
    answer = do(client, row, "correct_address", **values)
    assert answer.status_code == 302, answer.context["form"].errors

    to = Order.objects.get().ship_to
    assert (to.country, to.line1, to.recipient) == ("DE", "Street 1", "Jon")


def test_the_connection_shows_how_it_is_doing_and_keeps_its_secrets(client, held):
    connection = ChannelConnection.objects.get()
    url = f"/admin/orders/channelconnection/{connection.pk}/change/"
    text = client.get(url).content.decode()
    assert "/webhooks/channels/web/" in text
    assert "shh" not in text

    values = {"channel": connection.channel_id, "adapter": "generic", "poll_minutes": 5}
    values |= {"stock_buffer": 3, "is_active": "on", "api_key": "", "webhook_secret": ""}
    answer = client.post(url, values | {"options": '{"fields": {"colour": "x"}}'})
    assert "is no field" in answer.content.decode().replace("&#x27;", "'")
    assert client.post(url, values | {"options": "{}"}).status_code == 302

    connection.refresh_from_db()
    assert (connection.adapter, connection.stock_buffer) == ("generic", 3)
    assert (connection.webhook_secret, connection.api_key) == ("shh", "key")


def test_a_call_that_fails_is_said(client, held):
    connection = ChannelConnection.objects.get()
    ChannelConnection.objects.update(base_url="http://127.0.0.1:9")
    url = f"/admin/orders/channelconnection/{connection.pk}/act/test/"

    answer = client.post(url, follow=True)

    assert "The channel does not answer as it should" in answer.content.decode()


def test_who_may_only_look_has_no_buttons(client, held):
    user = User.objects.create(username="looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_channelorder"))
    client.force_login(user)

    assert do(client, held, "map", code_0="IPOD-342").status_code == 403
    assert not Listing.objects.exists()
