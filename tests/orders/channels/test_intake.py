from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.core.inbox import process_all, replay
from backoffice.core.models import ApprovalPolicy, Event, InboundMessage
from inventory.models import Sku
from orders.models import ChannelConnection, ChannelOrder, ConnectionState, Order, OrderLine
from orders.services.channel_corrections import (
    correct_channel_order,
    dismiss_channel_orders,
    leave_channel_orders,
    map_codes,
    reopen_channel_orders,
    waiting_orders,
)
from orders.services.channel_intake import retry_channel_orders
from orders.services.commands import Change, EditOrder
from orders.services.edits import commit_edits, draft_edits
from orders.services.lifecycle import cancel_orders
from tests.fixtures.channels import START, recorded, shopify_order

pytestmark = pytest.mark.usefixtures("proven", "actor")
EUR = Decimal
NOW = datetime(2026, 3, 12, tzinfo=UTC)


def kinds():
    return list(
        Event.objects.filter(kind__startswith="channel_order")
        .order_by("pk")
        .values_list("kind", flat=True)
    )


def items(order):
    rows = OrderLine.objects.filter(order=order, kind="ITEM").order_by("position")
    return [(x.sku.code, x.quantity - x.cancelled) for x in rows if x.quantity > x.cancelled]


def problems(row):
    return [p["kind"] for p in row.problems]


def test_a_push_is_stored_answered_and_placed_from_the_inbox(push):
    assert push(shopify_order(1), "orders/create").json() == {"detail": "stored"}
    assert not Order.objects.exists()

    assert process_all(now=timezone.now()) == 1

    row = ChannelOrder.objects.get()
    order = row.order
    assert (order.external_id, order.channel.code, order.total_amount) == ("1", "web", EUR("39.80"))
    assert order.placed_at == START
    assert (row.status, row.problem, row.reference, row.number) == (
        "PLACED",
        "",
        "#1",
        f"CO-{row.pk:08}",
    )
    assert row.message_id == row.followed_id == InboundMessage.objects.get().pk
    assert kinds() == ["channel_order.placed"]
    state = ConnectionState.objects.get()
    assert (state.heard_at, state.last_error) == (InboundMessage.objects.get().received_at, "")


@pytest.mark.parametrize(
    ("secret", "url", "setting", "status"),
    [
        ("other", "web", "shh", 401),
        ("shh", "nobody", "shh", 404),
        ("shh", "web", "", 500),
    ],
)
def test_what_is_not_signed_is_refused(client, shopify, secret, url, setting, status):
    import json

    from tests.fixtures.channels import shopify_headers

    ChannelConnection.objects.update(webhook_secret=setting)
    body = json.dumps(shopify_order(1)).encode()
    headers = shopify_headers(body, "orders/create", secret)

    answer = client.post(
        f"/webhooks/channels/{url}/", body, content_type="application/json", headers=headers
    )

    assert answer.status_code == status
    assert not InboundMessage.objects.exists()


def test_the_same_push_again_is_stored_once(push):
    for _ in range(3):
        push(shopify_order(1), **{"X-Shopify-Webhook-Id": "b54557e4"})

    assert InboundMessage.objects.get().external_id == "web:b54557e4"


@pytest.mark.parametrize("order", ["newest first", "oldest first"])
def test_the_channels_own_time_decides(hear, order):
    told = [shopify_order(1, at=5, units=3), shopify_order(1, at=1, units=1)]

    for data in told if order == "newest first" else told[::-1]:
        hear(data)

    made = Order.objects.get()
    assert (items(made), made.total_amount) == ([("IPOD-342", 3)], EUR("59.70"))


def test_a_cancellation_that_comes_first_wins(hear):
    hear(shopify_order(1, at=9, cancelled_at="2026-03-10T10:00:00+01:00"))
    hear(shopify_order(1, at=1))

    assert Order.objects.get().status == "CANCELLED"
    assert ChannelOrder.objects.get().status == "PLACED"


def test_a_cancellation_cancels(hear):
    hear(shopify_order(1))
    hear(shopify_order(1, at=3, cancelled_at="2026-03-10T10:00:00+01:00"))

    assert Order.objects.get().status == "CANCELLED"
    assert kinds() == ["channel_order.placed", "channel_order.followed"]


def test_a_deletion_without_the_order_waits_for_it(hear):
    hear({"id": 1}, topic="orders/delete")
    row = ChannelOrder.objects.get()
    assert (row.status, problems(row), row.is_deleted) == ("HELD", ["AWAITED"], True)

    hear(shopify_order(1))

    assert (Order.objects.get().status, ChannelOrder.objects.get().problem) == ("CANCELLED", "")


def test_payments_and_refunds_are_told_once(hear):
    hear(recorded("shopify_refund.json") | {"order_id": 1}, topic="refunds/create")
    assert kinds() == ["channel_order.held"]
    hear(shopify_order(1, financial_status="paid"))
    hear(recorded("shopify_refund.json") | {"order_id": 1, "note": "again"}, topic="refunds/create")
    hear(shopify_order(1, at=2, financial_status="partially_refunded"))

    order = Order.objects.get()
    paid, refunded = Event.objects.filter(
        kind__in=["channel_order.paid", "channel_order.refunded"]
    ).order_by("kind")
    assert (paid.order_id, paid.data) == (
        order.pk,
        {"amount": "39.8", "payment": "1:39.8", "channel": "web"},
    )
    assert refunded.data == {"amount": "4.00", "refund": "890088186047892300", "channel": "web"}


def test_changes_are_followed_and_own_edits_stay(hear):
    ApprovalPolicy.objects.create(kind="orders.edit", currency="EUR", above=5)
    two = shopify_order(1)
    other = two["line_items"][0] | {"id": 2, "quantity": 1, "current_quantity": 1}
    hear(two)
    order = Order.objects.get()
    edit = draft_edits(
        [EditOrder(order.pk, [Change("ADJUST_TOTAL", amount=EUR("-1.00"))])], now=NOW
    )
    assert commit_edits(list(edit.created.values()), now=NOW).blocked == {}

    hear(shopify_order(1, at=2, note="no change"))
    order.refresh_from_db()
    assert order.total_amount == EUR("38.80")
    changed = shopify_order(1, at=4, units=1)
    changed["line_items"].append(other)
    changed |= {"total_price": "39.80"}
    changed["shipping_address"] |= {"address1": "New Street 9"}
    hear(changed)

    order.refresh_from_db()
    assert items(order) == [("IPOD-342", 1), ("IPOD-342", 1)]
    assert (order.total_amount, order.ship_to.line1) == (EUR("38.80"), "New Street 9")
    assert ChannelOrder.objects.get().problem == ""


def test_a_changed_price_is_an_adjustment(hear):
    hear(shopify_order(1))
    cheaper = shopify_order(1, at=3)
    cheaper["line_items"][0]["price"] = "15.00"
    hear(cheaper | {"total_price": "30.00"})

    order = Order.objects.get()
    assert order.total_amount == EUR("30.00")
    assert list(order.lines.order_by("position").values_list("kind", "gross_amount")) == [
        ("ITEM", EUR("39.80")),
        ("DISCOUNT", EUR("-9.80")),
    ]


def test_what_cannot_be_followed_is_said_and_may_be_left(hear):
    hear(shopify_order(1))
    order = Order.objects.get()
    Order.objects.filter(pk=order.pk).update(status="COMPLETED")
    hear(shopify_order(1, at=2, units=5))
    hear(shopify_order(1, at=3, units=5, cancelled_at="2026-03-10T10:00:00+01:00"))

    row = ChannelOrder.objects.get()
    assert (row.status, problems(row)) == ("DIFFERS", ["CANCEL"])
    assert row.problems[0]["data"]["reasons"] == [
        "Only possible in state Pending / Confirmed / Released."
    ]
    assert row.followed_id != row.message_id
    assert leave_channel_orders([row.pk], now=NOW).moved == [row.pk]
    row.refresh_from_db()
    assert (row.status, row.problem, row.followed_id) == ("PLACED", "", row.message_id)


def test_a_change_that_could_not_be_followed_is_tried_again(hear):
    hear(shopify_order(1))
    order = Order.objects.get()
    Order.objects.filter(pk=order.pk).update(status="RELEASED")
    hear(shopify_order(1, at=2, units=5))
    row = ChannelOrder.objects.get()
    assert (row.status, problems(row), items(order)) == ("DIFFERS", ["CHANGE"], [("IPOD-342", 2)])

    Order.objects.filter(pk=order.pk).update(status="PENDING")
    retry_channel_orders([row.pk], now=NOW)

    row.refresh_from_db()
    assert (row.status, row.problem, items(order)) == ("PLACED", "", [("IPOD-342", 5)])


def test_an_order_cancelled_here_is_not_changed_and_not_brought_back(hear):
    hear(shopify_order(1))
    cancel_orders([Order.objects.get().pk], now=NOW)
    hear(shopify_order(1, at=2, units=5))

    row = ChannelOrder.objects.get()
    assert (row.status, row.order.status) == ("PLACED", "CANCELLED")

    hear(shopify_order(1, at=3, cancelled_at="2026-03-10T10:00:00+01:00"))
    hear(shopify_order(1, at=4))
    row.refresh_from_db()
    assert (row.status, problems(row)) == ("DIFFERS", ["CHANGE"])


def test_an_unknown_sku_holds_until_its_code_is_mapped(hear, channel):
    unknown = shopify_order(1)
    unknown["line_items"][0]["sku"] = "X-9"
    second = shopify_order(2)
    second["line_items"][0]["sku"] = "X-9"
    hear(unknown, second)
    row = ChannelOrder.objects.get(external_id="1")
    assert (row.status, row.problem, row.problems) == (
        "HELD",
        "SKU",
        [{"kind": "SKU", "data": {"codes": ["X-9"]}}],
    )
    assert not Order.objects.exists()

    assert map_codes(channel.pk, {"X-9": "IPOD-342"}, now=NOW) == 2

    assert sorted(Order.objects.values_list("external_id", flat=True)) == ["1", "2"]
    assert [items(o) for o in Order.objects.all()] == [[("IPOD-342", 2)]] * 2
    assert set(ChannelOrder.objects.values_list("status", "problem")) == {("PLACED", "")}


def test_a_new_sku_lets_what_waited_go_on(hear):
    unknown = shopify_order(1)
    unknown["line_items"][0]["sku"] = "X-9"
    hear(unknown)
    Sku.objects.create(
        code="X-9", name="X", product=Sku.objects.get().product, stock_policy="UNTRACKED"
    )

    retry_channel_orders(waiting_orders(), now=NOW)

    assert Order.objects.get().status == "PENDING"


DEAR = {"theirs": "41.00", "ours": "39.80"}
CHEAP = {"theirs": "35.00", "ours": "39.80"}
ADDRESS = {"country": "DE", "line1": "Street 1", "city": "Bonn"}


@pytest.mark.parametrize(
    ("changes", "kind", "data", "correction", "total"),
    [
        ({"currency": "XBT"}, "CURRENCY", {"code": "XBT"}, {"currency": "EUR"}, "39.80"),
        ({"total_price": "41.00"}, "TOTAL", DEAR, {"total": "theirs"}, "41.00"),
        ({"total_price": "35.00"}, "TOTAL", CHEAP, {"total": "theirs"}, "35.00"),
        ({"total_price": "41.00"}, "TOTAL", DEAR, {"total": "ours"}, "39.80"),
        (
            {"shipping_address": {"name": "Jon"}},
            "ADDRESS",
            {"missing": ["line1", "city", "country"]},
            {"ship_to": ADDRESS},
            "39.80",
        ),
    ],
)
def test_what_is_put_right_goes_on_by_itself(hear, changes, kind, data, correction, total):
    hear(shopify_order(1, **changes))
    row = ChannelOrder.objects.get()
    assert (row.status, row.problems) == ("HELD", [{"kind": kind, "data": data}])

    outcome = correct_channel_order(row.pk, correction, now=NOW)

    row.refresh_from_db()
    assert (outcome.moved, row.status, row.problems) == ([row.pk], "PLACED", [])
    assert (row.order.total_amount, row.order.currency) == (EUR(total), "EUR")
    # The next message has the same fault: what was put right stays.
    hear(shopify_order(1, at=5, **changes))
    row.refresh_from_db()
    assert (row.status, row.order.total_amount) == ("PLACED", EUR(total))


def test_a_net_shop_is_adjusted_without_tax(hear, channel):
    channel.prices_include_tax = False
    channel.save()
    hear(shopify_order(1, total_price="50.00"))
    row = ChannelOrder.objects.get()
    assert row.problems[0]["data"] == {"theirs": "50.00", "ours": "47.36"}

    correct_channel_order(row.pk, {"total": "theirs"}, now=NOW)

    assert Order.objects.get().total_amount == EUR("50.00")


def test_what_is_dismissed_stays_out_until_it_is_reopened(hear):
    hear(shopify_order(1, currency="XBT"))
    row = ChannelOrder.objects.get()
    assert dismiss_channel_orders([row.pk], now=NOW, reason="a test").moved == [row.pk]
    hear(shopify_order(1, at=2))
    assert not Order.objects.exists()

    reopen_channel_orders([row.pk], now=NOW)

    row.refresh_from_db()
    assert (row.status, row.order.currency) == ("PLACED", "EUR")


def test_an_order_that_cannot_be_read_is_held_with_the_reason(hear):
    hear(shopify_order(1, total_price="much"))

    row = ChannelOrder.objects.get()
    assert row.problems == [
        {
            "kind": "CONTENT",
            "data": {"reasons": ["This cannot be read: total_price 'much' is no amount."]},
        }
    ]


def test_what_is_no_order_stays_in_the_inbox_and_is_taken_in_after_a_fix(push, shopify):
    push(b"[]")
    push(shopify_order(1))
    ChannelConnection.objects.update(adapter="woocommerce")
    process_all(now=timezone.now())
    assert set(InboundMessage.objects.values_list("status", flat=True)) == {"REFUSED"}
    assert "no order of WooCommerce" in ConnectionState.objects.get().last_error

    ChannelConnection.objects.update(adapter="shopify")
    replay(list(InboundMessage.objects.values_list("pk", flat=True)), now=timezone.now())
    process_all(now=timezone.now())

    assert Order.objects.get().external_id == "1"
    assert InboundMessage.objects.get(status="REFUSED").reason == "The message is no object."


def test_replaying_what_was_done_changes_nothing(hear):
    hear(shopify_order(1))
    before = list(Event.objects.values_list("pk", flat=True))
    InboundMessage.objects.update(status="NEW")

    process_all(now=timezone.now())

    assert list(Event.objects.values_list("pk", flat=True)) == before


def test_an_order_that_was_placed_otherwise_is_attached(hear, place):
    order = place("1")
    hear(shopify_order(1))

    row = ChannelOrder.objects.get()
    assert row.order_id == order.pk
    assert Order.objects.count() == 1


def statements(hear, push, numbers):
    for n in numbers:
        push(shopify_order(n))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        process_all(now=timezone.now())
    return len(queries)


def test_the_number_of_statements_does_not_depend_on_the_orders(hear, push):
    statements(hear, push, [1])

    few, many = statements(hear, push, range(10, 12)), statements(hear, push, range(20, 50))

    assert few == many
