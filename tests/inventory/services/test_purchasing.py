from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from backoffice.core.models import Event, OutboundMessage
from inventory.models import (
    Location,
    Lot,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    ReceiptLine,
    StockLevel,
    StockMove,
)
from inventory.services.purchasing import (
    NO_PRICE,
    NO_RATE,
    NO_SUPPLIER,
    NOT_STOCKED,
    TWICE,
    CreatePurchaseOrder,
    PurchaseLine,
    approve_purchase_orders,
    cancel_purchase_orders,
    close_purchase_orders,
    create_purchase_orders,
    send_purchase_orders,
)
from inventory.services.receiving import ReceivedGoods, ReceiveGoods, receive_goods
from tests.fixtures.inventory import level

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def command(house, supplier, new_sku, supply):
    a, b = new_sku("A"), new_sku("B")
    supply(a, price="2.50", lead_time_days=5)
    supply(b, price="0.3333", lead_time_days=3)
    return CreatePurchaseOrder(
        supplier.pk, house.pk, [PurchaseLine(a.pk, 10), PurchaseLine(b.pk, 7)]
    )


@pytest.fixture
def sent(command, now):
    [pk] = create_purchase_orders([command], now=now).ids.values()
    approve_purchase_orders([pk], now=now)
    send_purchase_orders([pk], now=now)
    return PurchaseOrder.objects.get(pk=pk)


def lines(order):
    return list(PurchaseOrderLine.objects.filter(purchase_order=order).order_by("position"))


def delivery(order, *units, **changes):
    rows = zip(lines(order), units, strict=False)
    goods = [ReceivedGoods(line.pk, n) for line, n in rows if n]
    return replace(ReceiveGoods(order.pk, goods), **changes)


def test_prices_totals_and_the_expected_day(command, house, now):
    created = create_purchase_orders([command], now=now)

    order = PurchaseOrder.objects.get(pk=created.ids[0])
    assert (order.status, order.currency) == ("DRAFT", "EUR")
    # 25.00 + 2.3331, each line rounded to cents.
    assert order.total_amount == Decimal("27.33")
    assert order.expected_on == date(2026, 3, 15)
    event = Event.objects.get(kind="purchase_order.created")
    assert (event.subject_id, event.data["total"], event.data["lines"]) == (order.pk, "27.33", 2)


def test_bad_commands_are_refused_one_by_one(command, supplier, new_sku, now):
    strange = new_sku("N")
    first = command.lines[0]
    bad = [
        replace(command, supplier_id=0),
        replace(command, lines=[PurchaseLine(strange.pk, 1)]),
        replace(command, lines=[PurchaseLine(0, 1, Decimal(1))]),
        replace(command, lines=[first, first]),
        replace(command, currency="JPY", lines=[replace(first, unit_price=Decimal(1))]),
        command,
    ]

    created = create_purchase_orders(bad, now=now)

    assert created.refused == {
        0: [NO_SUPPLIER],
        1: [NO_PRICE],
        2: [NOT_STOCKED],
        3: [TWICE],
        4: [NO_RATE],
    }
    assert list(created.ids) == [5]
    assert PurchaseOrder.objects.count() == 1


def test_sending_writes_the_letter_once(sent):
    letter = OutboundMessage.objects.get()

    assert letter.recipient == "sales@supplier.example"
    assert letter.subject == f"Purchase order {sent.number}"
    assert "1. 10 x A A @ 2.5 EUR" in letter.body
    assert "Total: 27.33 EUR" in letter.body


def test_parts_then_the_rest_then_too_much(sent, house, now):
    a, b = (line.sku for line in lines(sent))

    receive_goods([delivery(sent, 4)], now=now)
    sent.refresh_from_db()
    assert sent.status == "PARTIALLY_RECEIVED"
    assert level(a, house) == (4, 0, 4)

    receive_goods([delivery(sent, 6, 7)], now=now)
    sent.refresh_from_db()
    assert (sent.status, sent.received_at) == ("RECEIVED", now)

    receive_goods([delivery(sent, 0, 2)], now=now)
    sent.refresh_from_db()
    assert sent.status == "RECEIVED"
    assert level(b, house) == (9, 0, 9)
    data = Event.objects.filter(kind="purchase_order.received").latest("pk").data
    assert (data["units"], data["over_units"], data["is_complete"]) == (2, 2, True)


def test_receipts_carry_cost_lot_and_bin(sent, house, now):
    shelf = Location.objects.create(warehouse=house, code="S1")
    first, _second = lines(sent)
    goods = ReceivedGoods(first.pk, 10, shelf.pk, "L-7", date(2027, 1, 31), Decimal("2.75"))

    result = receive_goods([ReceiveGoods(sent.pk, [goods])], now=now)

    line = ReceiptLine.objects.get()
    move = StockMove.objects.get()
    assert line.receipt_id == result.created[0]
    assert Lot.objects.get(pk=move.lot_id).expires_on == date(2027, 1, 31)
    assert (move.for_type, move.for_id) == ("inventory.receiptline", line.pk)
    assert (move.location_id, move.quantity, move.unit_cost) == (shelf.pk, 10, Decimal("2.7500"))


def test_a_foreign_currency_is_turned_into_our_own(command, supplier, now):
    supplier.currency, supplier.exchange_rate = "USD", Decimal("0.9")
    supplier.save()
    [line] = [replace(command.lines[0], unit_price=Decimal("3.3333"))]
    [pk] = create_purchase_orders([replace(command, lines=[line])], now=now).ids.values()
    approve_purchase_orders([pk], now=now)
    send_purchase_orders([pk], now=now)

    receive_goods([delivery(PurchaseOrder.objects.get(pk=pk), 10)], now=now)

    assert StockLevel.objects.get().average_cost == Decimal("3.0000")


def test_a_delivery_note_is_booked_once(sent, now):
    note = delivery(sent, 4, delivery_note="DN-1")

    first = receive_goods([note, note], now=now)
    again = receive_goods([note], now=now)

    assert first.created == {0: Receipt.objects.get().pk}
    assert first.existing == {1: first.created[0]}
    assert again.existing == {0: first.created[0]}
    assert StockMove.objects.count() == 1


def test_what_may_not_be_received_changes_nothing(sent, command, now):
    [draft] = create_purchase_orders([command], now=now).ids.values()
    other = PurchaseOrder.objects.get(pk=draft)
    foreign = replace(delivery(other, 1), purchase_order_id=sent.pk)

    result = receive_goods([delivery(other, 1), foreign], now=now)

    assert result.created == {}
    assert sorted(result.refused) == [0, 1]
    assert not Receipt.objects.exists()
    assert not StockMove.objects.exists()


def test_closing_and_cancelling(sent, command, now):
    receive_goods([delivery(sent, 4)], now=now)
    [draft] = create_purchase_orders([command], now=now).ids.values()

    assert list(cancel_purchase_orders([sent.pk, draft], now=now).blocked) == [sent.pk]
    assert close_purchase_orders([sent.pk, draft], now=now).moved == [sent.pk]
    statuses = dict(PurchaseOrder.objects.values_list("pk", "status"))
    assert statuses == {sent.pk: "CLOSED", draft: "CANCELLED"}
