"""The work that the demo leaves for its visitor: something in every queue."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from backoffice.core.inbox import Inbound, process, receive_many
from backoffice.core.models import OutboundMessage
from backoffice.core.models.outbound import OutboundStatus
from backoffice.core.privacy import request_erasures
from backoffice.replay.demo import sales, service, warehouse
from backoffice.replay.demo.carriage import CARRIER
from backoffice.replay.demo.market import MARKETS, Market, compose
from backoffice.replay.demo.masters import REFUND_LIMITS
from backoffice.replay.demo.people import without_street
from backoffice.replay.demo.story import Story, demo_job
from backoffice.replay.inbox import SHOP, as_message
from finance.choices import RefundKind
from finance.services.commands import OpenRefund
from finance.services.payouts import create_payouts
from finance.services.refunds import open_refunds
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from inventory.choices import Fulfilment
from inventory.models import PurchaseOrder, StockLevel, Warehouse
from inventory.services.replenishment import propose_replenishment
from inventory.services.simulations import Simulate, start_simulations
from logistics.carriers.base import ParsedScan, TrackResult
from logistics.carriers.sandbox.parser import CODES
from logistics.models import Parcel
from logistics.services.pushes import Push, apply_pushes
from orders.models import Order
from orders.services.commands import LineData, PlaceOrder
from orders.services.returns import RequestedLine, RequestReturn, request_returns

MINUTE = timedelta(minutes=1)
BY_CODE = {market.code: market for market in MARKETS}


def leave_work(story: Story) -> None:
    """Let the last hours bring what only people can decide."""
    orders = [
        _without_street(story, BY_CODE["web"], 1),
        _without_street(story, BY_CODE["china"], 2),
    ]
    large = _larger_than_stock(story, BY_CODE["boutique"])
    sales.place(story, [*orders, large])
    _ask(story)
    _lose(story)
    _owe(story)
    _begin_to_pick(story)
    with demo_job():
        propose_replenishment(now=story.now)
        settle_orders(None, now=story.now)
        create_statements(now=story.now, ends_on=story.now.date() - timedelta(days=1))
        create_payouts(None, now=story.now)
    with story.role("logistics"):
        start_simulations([Simulate(fill_rate=Decimal("0.99"))], now=story.now)
    _fail(story)


def _number(story: Story, market: Market, n: int) -> str:
    return f"{market.prefix}{story.now:%y%m%d}-9{n:02d}"


def _without_street(story: Story, market: Market, n: int) -> PlaceOrder:
    placed_at = story.now - 25 * n * MINUTE
    command = compose(market, _number(story, market, n), placed_at, seed=story.seed)
    return replace(command, ship_to=without_street(command.ship_to))


def _larger_than_stock(story: Story, market: Market) -> PlaceOrder:
    levels = StockLevel.objects.filter(warehouse__code=market.warehouse).order_by(
        "-available", "pk"
    )
    code, available = levels.values_list("sku__code", "available")[0]
    command = compose(market, _number(story, market, 3), story.now - 90 * MINUTE, seed=story.seed)
    return replace(command, lines=[LineData(available + 6, code)])


def _paid(market: str, count: int) -> Sequence[Order]:
    paid = Order.objects.filter(origin="DEMO", channel__code=market, captured_amount__gt=0)
    return list(paid.select_related("customer").order_by("-placed_at", "-pk")[:count])


def _ask(story: Story) -> None:
    """Let Chinese customers ask about payments: no agent is both able and free."""
    times = (story.now - 6 * story.day, story.now - 50 * MINUTE)
    service.take_down(story, list(zip(_paid("china", 2), times, strict=False)))


def _lose(story: Story) -> None:
    """Let the carrier find no such address for two parcels on their way, and lose a third."""
    away = Parcel.objects.filter(origin="DEMO", account__code=CARRIER, status="IN_TRANSIT")
    numbers = away.order_by("-shipped_at", "-pk").values_list("tracking_number", flat=True)[:3]
    results = []
    for number, code in zip(numbers, ("ADDRESS_UNKNOWN", "ADDRESS_UNKNOWN", "LOST"), strict=False):
        text = "Cannot be found" if code == "LOST" else "No such address"
        scan = ParsedScan(story.now - 40 * MINUTE, *CODES[code], code, text, "Depot")
        results.append(TrackResult(number, [scan]))
    with demo_job():
        apply_pushes([Push(CARRIER, results)], now=story.now)


def _begin_to_pick(story: Story) -> None:
    """Leave one pick list open and some shipments packed: their labels are still to be bought."""
    houses = list(
        Warehouse.objects.filter(fulfilment=Fulfilment.MANUAL).values_list("pk", flat=True)
    )
    packed = warehouse.pick(story, houses, now=story.now, most=4, before=story.now)
    warehouse.confirm(story, packed, now=story.now)
    warehouse.pack(story, houses, now=story.now)
    warehouse.pick(story, houses, now=story.now, most=6, before=story.now)


def _owe(story: Story) -> None:
    """Let customers announce returns, and the service ask for what a second person decides."""
    delivered = Order.objects.filter(
        origin="DEMO", status="COMPLETED", refunds=None, returned_quantity=0, captured_amount__gt=0
    ).order_by("-delivered_at", "-pk")
    with demo_job():
        request_returns(
            [
                RequestReturn(
                    order.pk,
                    [RequestedLine(line.pk, 1) for line in order.lines.filter(kind="ITEM")[:1]],
                    f"back-{order.external_id}",
                    story.now - 20 * MINUTE,
                )
                for order in delivered[:2]
            ],
            now=story.now,
        )
    commands = []
    for currency, limit in REFUND_LIMITS.items():
        dear = delivered.filter(currency=currency, captured_amount__gt=limit + 1)
        for order in dear.filter(returns=None)[:2]:
            amount = min(order.captured_amount, limit + Decimal(20))
            commands.append(OpenRefund(order.pk, RefundKind.GOODWILL, amount, "arrived broken"))
    with story.role("service"):
        open_refunds(commands, now=story.now)
        customer = Order.objects.filter(origin="DEMO").order_by("placed_at", "pk")[0].customer_id
        request_erasures(
            "orders.customer",
            [customer],
            now=story.now,
            reason="the customer asked to be forgotten",
        )


def _fail(story: Story) -> None:
    """Let one channel send what cannot be read, and one mailbox be gone."""
    order = compose(BY_CODE["web"], _number(story, BY_CODE["web"], 4), story.now, seed=story.seed)
    strange = replace(order, lines=[LineData(1, "TEA-99")])
    receive_many(SHOP, [Inbound(strange.external_id, json.dumps(as_message(strange)))])
    process(SHOP, now=story.now)
    # To a mailbox that is gone: given up after the last attempt.
    letter = OutboundMessage.objects.filter(
        for_type="inventory.purchaseorder",
        for_id__in=PurchaseOrder.objects.filter(origin="DEMO").values("pk"),
    ).order_by("-pk")
    OutboundMessage.objects.filter(pk__in=letter.values("pk")[:1]).update(
        status=OutboundStatus.FAILED,
        sent_at=None,
        attempts=8,
        error="SMTPRecipientsRefused: 550 5.1.1 The mailbox is gone.",
    )
