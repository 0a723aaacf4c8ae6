"""One order through all floors: handlers do what follows, staff and carriers do the rest."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Count, Q

from backoffice.core.actor import acting_job
from backoffice.core.invariants import check_invariants
from backoffice.core.models import Event, OutboundMessage
from finance.models import OrderSettlement, Payment, Payout, Refund, SellerStatement
from finance.services.commands import RefundResult
from finance.services.payouts import (
    approve_payouts,
    create_payouts,
    pay_payouts,
    send_payouts,
)
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from inventory.models import Sku
from logistics.models import DeliveryException, Shipment
from logistics.services.scans import apply_scans
from orders.choices import PaymentTerms
from orders.models import Order, OrderLine, Return, SalesChannel
from orders.services.lifecycle import cancel_orders
from orders.services.returns import (
    RequestedLine,
    RequestReturn,
    receive_returns,
    request_returns,
)
from support.models import Ticket
from support.services.commands import SurveyAnswer
from support.services.lifecycle import solve_tickets
from support.services.surveys import answer_surveys
from tests.fixtures.inventory import level
from tests.fixtures.logistics import Warehouse, scan
from tests.fixtures.orders import add_stock, lines

DELIVERED = datetime(2026, 3, 12, 15, 0, tzinfo=UTC)
MONDAY = datetime(2026, 3, 15, 23, 0, tzinfo=UTC)


@pytest.fixture
def shop(channel: SalesChannel) -> SalesChannel:
    """A shop that is paid beforehand and does by itself what may be done."""
    channel.payment_terms = PaymentTerms.PREPAID
    channel.confirms_by_itself = channel.releases_by_itself = True
    channel.save()
    return channel


@pytest.fixture
def sold_sku(shop: SalesChannel, seller: object) -> Sku:
    """Ten units of the seller's in the warehouse."""
    sku = Sku.objects.get(code="S-SOLD")
    sku.stock_policy = "TRACKED"
    sku.save()
    add_stock(sku, shop.warehouse_id, 10)
    return sku


@pytest.fixture
def origin() -> str:
    """Return where the order comes from; whoever works on it later is live."""
    return "LIVE"


@pytest.fixture
def released(
    origin: str,
    place: Callable[..., Order],
    pay: Callable[..., Payment],
    drain: Callable[[], int],
    sold_sku: Sku,
) -> Order:
    """Place an order of two units and pay it; the handlers confirm, reserve, release and plan."""
    with acting_job("demo", origin=origin):
        order = place("1", lines=lines(("S-SOLD", 2)))
    drain()
    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("PENDING", "UNPAID")
    pay(order)
    drain()
    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("RELEASED", "PAID")
    return order


@pytest.fixture
def delivered(released: Order, warehouse: Warehouse, drain: Callable[[], int]) -> Order:
    """Pick, pack, label and hand over what was planned; the carrier delivers it late."""
    shipment = Shipment.objects.get(order=released)
    assert (shipment.status, level_of(released)) == ("PLANNED", (10, 2, 8))
    warehouse.pick(shipment)
    [parcel] = warehouse.pack(shipment)
    warehouse.hand_over(parcel)
    drain()
    assert level_of(released) == (8, 0, 8)
    parcel.refresh_from_db()
    failed = DELIVERED - timedelta(hours=5)
    apply_scans([scan(parcel, "EXCEPTION", failed, kind="ATTEMPT_FAILED")], now=failed)
    drain()
    warehouse.deliver(parcel, at=DELIVERED)
    drain()
    released.refresh_from_db()
    return released


def level_of(order: Order) -> tuple[int, int, int]:
    """Return what is on hand, reserved and available of an order's goods."""
    line = OrderLine.objects.get(order=order)
    assert line.sku
    assert line.warehouse
    return level(line.sku, line.warehouse)


def kinds(order: Order) -> list[str]:
    """Return what happened to an order, in turn."""
    return list(
        Event.objects.filter(order_id=order.pk).order_by("pk").values_list("kind", flat=True)
    )


def pay_back(order: Order, now: datetime = DELIVERED) -> Decimal:
    """Let the bank pay an order's approved refunds."""
    ids = list(Refund.objects.filter(order=order, status="APPROVED").values_list("pk", flat=True))
    assert send_refunds(ids, now=now).blocked == {}
    results = [RefundResult(pk, "SUCCEEDED", f"r{pk}") for pk in ids]
    assert record_refund_results(results, now=now).blocked == {}
    order.refresh_from_db()
    return order.refunded_amount


def test_from_cart_to_payout(delivered, drain):
    assert (delivered.status, delivered.fulfilment_status) == ("COMPLETED", "DELIVERED")
    settle_orders(None, now=MONDAY)
    [settlement] = OrderSettlement.objects.filter(order_id=delivered.pk)
    # 20.00, less 10 % commission and 0.50 for the line.
    assert (settlement.gross_amount, settlement.payable_amount) == (20, Decimal("17.50"))
    create_statements(now=MONDAY + timedelta(days=7))
    create_payouts(None, now=MONDAY + timedelta(days=7))
    drain()
    [statement] = SellerStatement.objects.all()
    [payout] = Payout.objects.all()
    assert statement.closing_amount == payout.amount == Decimal("17.50")
    assert payout.status == "DRAFT"
    story = kinds(delivered)
    steps = [
        "order.placed",
        "payment.captured",
        "order.confirmed",
        "order.released",
        "shipment.planned",
        "shipment.picking",
        "shipment.packed",
        "parcel.labelled",
        "parcel.shipped",
        "order.shipped",
        "delivery_exception.opened",
        "ticket.opened",
        "parcel.delivered",
        "order.delivered",
        "order.completed",
        "invoice.issued",
        "order.settled",
    ]
    assert [story.count(kind) for kind in steps] == [1] * len(steps)
    first = [
        story.index(kind) for kind in steps if kind not in ("order.completed", "invoice.issued")
    ]
    assert [kind for kind in steps if kind not in story] == []
    assert first == sorted(first)
    assert check_invariants() == []


def test_each_mail_is_queued_once(delivered, drain):
    keys = list(OutboundMessage.objects.values_list("dedupe_key", flat=True))
    assert len(keys) == len(set(keys)) > 2
    drain()
    assert OutboundMessage.objects.count() == len(keys)
    assert check_invariants() == []


def test_an_exception_becomes_a_ticket_and_a_survey(delivered, drain):
    [problem] = DeliveryException.objects.all()
    [ticket] = Ticket.objects.filter(order=delivered)
    assert problem.status == "RESOLVED"
    assert solve_tickets([ticket.pk], now=DELIVERED).blocked == {}
    drain()
    survey = ticket.survey
    mail = OutboundMessage.objects.get(dedupe_key__contains="survey")
    assert delivered.customer.email in str(mail.recipient)
    assert answer_surveys([SurveyAnswer(survey.pk, 5)], now=DELIVERED).blocked == {}
    drain()
    assert check_invariants() == []


@pytest.mark.parametrize("origin", ["DEMO"])
def test_what_serves_a_demo_order_is_demo(delivered, drain):
    settle_orders(None, now=MONDAY)
    create_statements(now=MONDAY + timedelta(days=7))
    payouts = list(create_payouts(None, now=MONDAY + timedelta(days=7)).created.values())
    with acting_job("events"):
        assert approve_payouts(payouts, now=MONDAY).moved == payouts
    assert send_payouts(payouts, now=MONDAY).moved == pay_payouts(payouts, now=MONDAY).moved
    [ticket] = Ticket.objects.filter(order=delivered)
    solve_tickets([ticket.pk], now=DELIVERED)
    drain()
    answer_surveys([SurveyAnswer(ticket.survey.pk, 1)], now=DELIVERED)
    [line] = delivered.lines.all()
    command = RequestReturn(delivered.pk, [RequestedLine(line.pk, 1, "DAMAGED")], "r1")
    asked = request_returns([command], now=MONDAY)
    receive_returns(list(asked.created.values()), now=MONDAY)
    drain()
    assert pay_back(delivered, MONDAY) == 10
    drain()

    made = {m._meta.label: origins_of(m) for m in apps.get_models() if hasattr(m, "origin")}
    made = {name: origins for name, origins in made.items() if origins and "Hist" not in name}
    # The goods were there before the order, and their level serves all orders.
    assert made.pop("inventory.StockMove") == {"LIVE": 1, "DEMO": 2}
    made["core.Event"] = origins_of(Event, ~Q(subject_type="inventory.stocklevel"))
    assert set(made) == {
        *("core.Event", "core.OutboundMessage", "orders.Order", "orders.Return"),
        *("logistics.Shipment", "logistics.PickList", "logistics.Parcel"),
        *("logistics.DeliveryException", "finance.Payment", "finance.Refund", "finance.Invoice"),
        *("finance.CreditNote", "finance.OrderSettlement", "finance.JournalEntry"),
        *("finance.SellerStatement", "finance.Payout", "support.Ticket", "support.Survey"),
    }
    assert {name: list(origins) for name, origins in made.items()} == {n: ["DEMO"] for n in made}
    assert check_invariants() == []


def origins_of(model: Any, condition: Q | None = None) -> dict[str, int]:
    """Return how many rows of a model come from where."""
    rows = model._default_manager.filter(condition or Q()).order_by().values_list("origin")
    return dict(rows.annotate(n=Count("pk")))


def test_cancelled_with_money(released, drain):
    assert cancel_orders([released.pk], now=DELIVERED, reason="customer").blocked == {}
    drain()
    assert level_of(released) == (10, 0, 10)
    assert Shipment.objects.get(order=released).status == "CANCELLED"
    assert pay_back(released) == released.total_amount == 20
    drain()
    assert (released.status, released.payment_status) == ("CANCELLED", "REFUNDED")
    assert check_invariants() == []


def test_returned(delivered, drain):
    line = OrderLine.objects.get(order=delivered)
    settle_orders(None, now=MONDAY)
    command = RequestReturn(delivered.pk, [RequestedLine(line.pk, 1, "DAMAGED")], "r1")
    asked = request_returns([command], now=MONDAY)
    assert receive_returns(list(asked.created.values()), now=MONDAY).blocked == {}
    drain()
    assert level_of(delivered) == (9, 0, 9)
    assert pay_back(delivered, MONDAY) == 10
    drain()
    assert Return.objects.get().status == "CLOSED"
    assert kinds(delivered).count("credit_note.issued") == 1
    assert check_invariants() == []
