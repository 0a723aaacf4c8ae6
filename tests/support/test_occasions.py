"""What customers and agents hear of orders, parcels and delivery exceptions."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backoffice.core.actor import transaction
from backoffice.core.models import MessageTemplate, OutboundMessage
from backoffice.core.personal import erase_rows
from backoffice.core.sql import execute
from finance.services.commands import OpenRefund, RefundResult
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import open_refunds
from logistics.services.exceptions import OpenException, open_exceptions, resolve_exceptions
from orders.models import Customer, Order
from support.models import Message, Ticket
from support.texts import TEMPLATES
from tests.fixtures.finance import PAID
from tests.fixtures.logistics import SHIPPED

pytestmark = pytest.mark.usefixtures("actor")


def told() -> list[tuple[str, str]]:
    return list(OutboundMessage.objects.order_by("pk").values_list("template_key", "recipient"))


def test_templates_stand_in_two_languages():
    keys = set(MessageTemplate.objects.values_list("key", "language"))
    assert {(key, language) for key in TEMPLATES for language in ("en", "zh")} <= keys


def test_a_customer_hears_of_each_step_once(warehouse, ordered, drain):
    order = ordered()
    parcels = warehouse.send(order)
    warehouse.deliver(*parcels)
    drain()
    drain()
    assert set(told()) == {
        ("order.confirmed", "ada@example.com"),
        ("parcel.shipped", "ada@example.com"),
        ("order.delivered", "ada@example.com"),
    }
    assert len(told()) == 3
    shipped = OutboundMessage.objects.get(template_key="parcel.shipped")
    assert order.order_number in shipped.subject
    assert parcels[0].tracking_number in shipped.body
    assert "Sandbox Parcel" in shipped.body
    assert "$" not in shipped.subject + shipped.body


def test_a_chinese_customer_reads_chinese(warehouse, ordered, drain):
    order = ordered()
    Customer.objects.update(language="zh-CN", name="李雷")
    warehouse.send(order)
    drain()
    message = OutboundMessage.objects.get(template_key="parcel.shipped")
    assert message.language == "zh"
    assert message.subject == f"订单 {order.order_number} 的包裹已发出"
    assert message.body.startswith("李雷，您好！")


def test_an_exception_opens_a_ticket_and_tells_the_customer(warehouse, ordered, drain, agent):
    ann = agent("ann", skills=["DELIVERY"])
    order = ordered()
    [parcel] = warehouse.send(order)
    drain()
    OutboundMessage.objects.all().delete()
    [pk] = open_exceptions(
        [OpenException(parcel.pk, "DAMAGED", "box crushed")], now=SHIPPED + timedelta(hours=1)
    )
    drain()
    one = Ticket.objects.get()
    assert (one.for_type, one.for_id) == ("logistics.deliveryexception", pk)
    assert (one.priority, one.skill, one.order, one.customer) == (
        "HIGH",
        "DELIVERY",
        order,
        order.customer,
    )
    assert one.assignee == ann.user
    assert one.opened_at == SHIPPED + timedelta(hours=1)
    assert "box crushed" in one.messages.get().body
    message = OutboundMessage.objects.get()
    assert (message.template_key, message.for_type, message.for_id) == (
        "delivery.problem",
        "support.ticket",
        one.pk,
    )
    assert "Damaged" in message.body
    assert one.number in message.body
    resolve_exceptions([pk], now=SHIPPED + timedelta(hours=2), reason="sent again")
    drain()
    assert one.messages.order_by("-pk")[0].body == "The delivery exception is over: sent again"


def test_a_late_order_is_told_as_delayed(warehouse, ordered, drain):
    order = ordered()
    [parcel] = warehouse.send(order)
    Order.objects.filter(pk=order.pk).update(promised_on=date(2026, 3, 12))
    drain()
    open_exceptions([OpenException(parcel.pk, "LATE")], now=SHIPPED + timedelta(days=3))
    drain()
    assert Ticket.objects.get().priority == "LOW"
    message = OutboundMessage.objects.get(template_key="order.delayed")
    assert "2026-03-12" in message.body


def test_what_the_carrier_clears_up_is_not_told(warehouse, ordered, drain):
    [parcel] = warehouse.send(ordered())
    drain()
    before = OutboundMessage.objects.count()
    open_exceptions([OpenException(parcel.pk, "NO_FIRST_SCAN")], now=SHIPPED)
    drain()
    assert Ticket.objects.count() == 1
    assert OutboundMessage.objects.count() == before


def test_what_is_over_before_anybody_looked_opens_nothing(warehouse, ordered, drain):
    [parcel] = warehouse.send(ordered())
    [pk] = open_exceptions([OpenException(parcel.pk, "STUCK")], now=SHIPPED)
    resolve_exceptions([pk], now=SHIPPED, reason="moved on")
    drain()
    assert Ticket.objects.count() == 0


def test_a_refund_is_told_with_its_amount(place, pay, drain):
    order = place()
    pay(order)
    drain()
    ids = open_refunds([OpenRefund(order.pk, "LINE", Decimal("5.00"))], now=PAID).created[0]
    assert send_refunds(ids, now=PAID).blocked == {}
    results = [RefundResult(pk, "SUCCEEDED", f"r{pk}") for pk in ids]
    assert record_refund_results(results, now=PAID).blocked == {}
    drain()
    message = OutboundMessage.objects.get(template_key="refund.succeeded")
    assert "5.00 EUR" in message.body


def test_erasing_a_customer_blanks_their_words(ticket, place):
    order = place()
    one = ticket("My name is Ada", customer_id=order.customer_id, body="secret", direction="IN")
    with transaction(now=PAID):
        execute("SELECT set_config('app.erasing', 'on', true)")
        counts = erase_rows("orders.customer", order.customer_id)
        execute("SELECT set_config('app.written', '', true)")
    floor = {table: n for table, n in counts.items() if table.startswith("support")}
    assert floor == {"support_message": 1, "support_ticket": 1, "support_survey": 0}
    one.refresh_from_db()
    assert (one.subject, one.requester_email) == ("", "")
    assert Message.objects.get().body == ""
