"""A shop in which every document exists: two warehouses, two sellers, orders of each in each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from backoffice.core.actor import acting, acting_job
from backoffice.core.approvals import AskApproval, request_approvals
from backoffice.core.events import deliver
from backoffice.core.models import Rule, RuleAct, User, WebhookEndpoint
from backoffice.core.privacy import ERASURE
from backoffice.core.rules.switching import write_rule
from backoffice.insights.services.bottleneck import find_bottlenecks
from backoffice.insights.services.checking import run_checks
from backoffice.insights.services.rollup import refresh_times
from finance.choices import RefundKind
from finance.models import (
    CommissionContract,
    LedgerAccount,
    PayoutAccount,
    ReconciliationPolicy,
    ReconciliationRule,
)
from finance.services.bank_details import (
    ProposeDetails,
    approve_bank_details,
    propose_bank_details,
)
from finance.services.commands import OpenRefund, RecordPayment
from finance.services.matching import match_due_file
from finance.services.payments import record_payments
from finance.services.payout_batches import cancel_batches, gather_payouts
from finance.services.payouts import create_payouts
from finance.services.periods import open_periods
from finance.services.provider_files import import_file
from finance.services.refund_results import pay_refunds_by_hand
from finance.services.refunds import approve_refunds, open_refunds
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from inventory.choices import MoveKind
from inventory.models import (
    AlertPolicy,
    CountPlan,
    KitComponent,
    Product,
    ReplenishmentPolicy,
    Seller,
    Sku,
    Supplier,
    SupplierItem,
    Warehouse,
)
from inventory.services.alerts import refresh_alerts
from inventory.services.classes import classify_stock
from inventory.services.counts import StartCount, start_counts
from inventory.services.moves import Move, post_moves
from inventory.services.purchasing import (
    CreatePurchaseOrder,
    PurchaseLine,
    approve_purchase_orders,
    create_purchase_orders,
    send_purchase_orders,
)
from inventory.services.receiving import receive_missing
from inventory.services.replenishment import propose_replenishment
from inventory.services.simulations import Simulate, start_simulations
from logistics.choices import ExceptionKind
from logistics.models import Carrier, CarrierAccount, Parcel, Shipment
from logistics.services.exceptions import OpenException, open_exceptions
from logistics.services.handover import hand_over_parcels
from logistics.services.packing import NewParcel, PackShipment, pack_shipments
from logistics.services.picking import confirm_picks, create_pick_lists
from logistics.services.scans import Scan, apply_scans
from orders.models import Lane, Order, Price, SalesChannel, TaxRate
from orders.services.commands import (
    AddressData,
    Change,
    CustomerData,
    EditOrder,
    LineData,
    PlaceOrder,
)
from orders.services.edits import draft_edits
from orders.services.holds import place_holds
from orders.services.intake import place_orders
from orders.services.lifecycle import confirm_orders, release_orders
from orders.services.returns import RequestedLine, RequestReturn, request_returns
from support.models import AgentProfile, BusinessCalendar, Macro
from support.services.commands import OpenTicket
from support.services.lifecycle import solve_tickets
from support.services.opening import open_tickets
from support.services.surveys import send_surveys
from tests.fixtures.settlement import SAMPLES

# Events are due at the clock of the database: the past is played before today.
LATER = datetime.now(UTC) + timedelta(hours=1)
NOW = LATER - timedelta(days=40)
SENT = NOW + timedelta(hours=6)
ARRIVED = NOW + timedelta(days=2)
HOUSES, SELLERS = ("W1", "W2"), ("S1", "S2")
RULE = {
    "name": "Hold what is dear",
    "document": "orders.order",
    "trigger": "EVENT",
    "event": "order.placed",
    "filter": "total_min=20",
    "action": "orders.hold",
    "parameters": {"hold": "FRAUD"},
}
CELLS = [(house, seller) for house in HOUSES for seller in SELLERS]


@dataclass
class World:
    """The shop's rows, by code and by cell of warehouse and seller."""

    houses: dict[str, Warehouse] = field(default_factory=dict)
    sellers: dict[str, Seller] = field(default_factory=dict)
    skus: dict[str, Sku] = field(default_factory=dict)
    delivered: dict[tuple[str, str], Order] = field(default_factory=dict)
    picking: dict[tuple[str, str], Order] = field(default_factory=dict)
    pending: dict[tuple[str, str], Order] = field(default_factory=dict)
    mixed: Order | None = None
    fresh: Order | None = None


def build() -> World:
    """Make the shop through the services that live orders go through."""
    world = World()
    with acting_job("system"):
        _masters(world)
        _purchasing(world)
        _place(world)
        _deliver(world)
        _money(world)
        _support(world)
        _figures()
        asked = [AskApproval(ERASURE, "orders.customer", 1)]
    with acting(User.objects.create(username="asker").pk):
        request_approvals(asked, now=NOW)
    _rules(world)
    return world


def _rules(world: World) -> None:
    owner = User.objects.create(username="owner", is_staff=True, is_superuser=True)
    with acting(owner.pk):
        rule = write_rule(Rule(**RULE), now=NOW)
    RuleAct.objects.create(
        rule=rule,
        rule_version=1,
        subject_type="orders.order",
        subject_id=world.fresh.pk,
        slot_at=NOW,
        mode="SHADOW",
        result="SHADOW",
        acted_at=NOW,
    )


def _masters(world: World) -> None:
    house_rows = {code: Warehouse.objects.create(code=code, name=code) for code in HOUSES}
    world.houses |= house_rows
    for code in SELLERS:
        seller = Seller.objects.create(code=code, name=code, currency="EUR")
        product = Product.objects.create(code=f"P-{code}", name=code, seller=seller)
        sku = Sku.objects.create(code=f"A-{code}", name=code, product=product, seller=seller)
        CommissionContract.objects.create(
            name=code, seller=seller, currency="EUR", commission_rate=Decimal("0.1")
        )
        world.sellers[code], world.skus[code] = seller, sku
    own = Product.objects.create(code="P-OWN", name="Own")
    kit = Sku.objects.create(code="KIT", name="Kit", product=own, is_kit=True)
    KitComponent.objects.create(kit=kit, component=world.skus["S1"])
    SalesChannel.objects.create(
        code="web",
        name="Web",
        currency="EUR",
        payment_terms="ON_ACCOUNT",
        confirms_by_itself=False,
        releases_by_itself=False,
    )
    carrier = Carrier.objects.create(code="OWN", name="Own van")
    CarrierAccount.objects.create(
        code="own", name="Own", carrier=carrier, adapter="manual", is_default=True
    )
    Price.objects.create(sku=kit, currency="EUR", unit_price=Decimal(5), valid_from=NOW.date())
    TaxRate.objects.create(country="DE", rate=Decimal("0.19"), valid_from=NOW.date())
    for house in house_rows.values():
        Lane.objects.create(warehouse=house, country="DE", service="VAN", currency="EUR")
    WebhookEndpoint.objects.create(
        description="Shop", url="https://hooks.example.com/", kinds=["order.placed"]
    )
    calendar = BusinessCalendar.objects.create(name="Office")
    agent = User.objects.create(username="agent", is_staff=True)
    AgentProfile.objects.create(user=agent, calendar=calendar)
    Macro.objects.create(code="hello", title="Hello", body="Hello $name")


def _purchasing(world: World) -> None:
    supplier = Supplier.objects.create(code="SUP", name="Supplier", currency="EUR")
    moves = []
    for code, sku in world.skus.items():
        SupplierItem.objects.create(supplier=supplier, sku=sku, price=Decimal(4), currency="EUR")
        for house in world.houses.values():
            moves.append(Move(MoveKind.OPENING, sku.pk, house.pk, 20, unit_cost=Decimal(4)))
            ReplenishmentPolicy.objects.create(
                warehouse=house, sku=sku, minimum=900 if code == "S1" else 800
            )
    post_moves(moves, now=NOW, reason="opening")
    commands = [
        CreatePurchaseOrder(
            supplier.pk, house.pk, [PurchaseLine(sku.pk, 5) for sku in world.skus.values()]
        )
        for house in world.houses.values()
        for _turn in range(3)
    ]
    ids = list(create_purchase_orders(commands, now=NOW).ids.values())
    done, sent = ids[::3], ids[1::3]
    approve_purchase_orders(done + sent, now=NOW)
    send_purchase_orders(done + sent, now=NOW)
    assert receive_missing(done, now=NOW).blocked == {}
    propose_replenishment(now=NOW)
    changes = [Simulate(house.pk, fill_rate=Decimal("0.99")) for house in world.houses.values()]
    start_simulations(changes, now=NOW)
    for house in world.houses.values():
        CountPlan.objects.create(warehouse=house, every_days=30)
    skus = [sku.pk for sku in world.skus.values()]
    classify_stock([house.pk for house in world.houses.values()], now=NOW)
    for code in world.houses:
        AlertPolicy.objects.create(warehouse=world.houses[code], slow_days=0)
    assert refresh_alerts(now=NOW) == (4, 0)
    counts = [StartCount(h.pk, sku_ids=[pk]) for h in world.houses.values() for pk in skus]
    assert start_counts(counts, now=NOW).refused == {}


def _order(name: str, lines: Sequence[LineData]) -> PlaceOrder:
    return PlaceOrder(
        channel="web",
        external_id=name,
        placed_at=NOW,
        customer=CustomerData(f"c-{name}", f"Ada {name}", f"{name.lower()}@example.com"),
        ship_to=AddressData("DE", "Ada", line1="Street 1", city="Berlin"),
        lines=lines,
    )


def _line(house: str, seller: str) -> LineData:
    return LineData(
        1,
        f"A-{seller}",
        unit_price=Decimal("11.90"),
        tax_rate=Decimal("0.19"),
        warehouse=house,
    )


def _place(world: World) -> None:
    commands = [
        _order(f"{stage}-{house}-{seller}", [_line(house, seller)])
        for stage in ("DELIVERED", "PICKING", "PENDING")
        for house, seller in CELLS
    ]
    commands.append(_order("MIXED", [_line("W1", "S1"), _line("W2", "S2")]))
    commands.append(_order("FRESH", [_line("W1", "S1")]))
    placed = place_orders(commands, now=NOW)
    assert placed.refused == {}
    orders = Order.objects.in_bulk(placed.created.values())
    made = [orders[placed.created[n]] for n in range(len(commands))]
    for n, rows in enumerate((world.delivered, world.picking, world.pending)):
        rows |= dict(zip(CELLS, made[n * 4 : n * 4 + 4], strict=True))
    world.mixed, world.fresh = made[-2:]


def _deliver(world: World) -> None:
    delivered = [order.pk for order in world.delivered.values()]
    going = [*delivered, *(order.pk for order in world.picking.values()), world.mixed.pk]
    assert confirm_orders(going, now=NOW).blocked == {}
    assert release_orders(going, now=NOW).blocked == {}
    deliver(now=LATER)
    shipments = Shipment.objects.filter(order_id__in=going)
    ready = list(shipments.filter(order_id__in=delivered).values_list("pk", flat=True))
    picked = create_pick_lists(ready, now=NOW)
    assert confirm_picks(picked.pick_list_ids, now=NOW).blocked == {}
    rest = shipments.exclude(order_id__in=delivered).values_list("pk", flat=True)
    assert create_pick_lists(list(rest), now=NOW).blocked == {}
    numbered = [PackShipment(pk, [NewParcel(tracking_number=f"T{pk}")]) for pk in ready]
    packed = pack_shipments(numbered, now=NOW)
    parcels = [pk for ids in packed.parcel_ids.values() for pk in ids]
    assert hand_over_parcels(parcels, now=SENT).blocked == {}
    scans = [
        Scan(row.account_id, row.tracking_number, ARRIVED, "DELIVERED", code="D")
        for row in Parcel.objects.filter(pk__in=parcels)
    ]
    assert apply_scans(scans, now=ARRIVED).refused == {}
    problems = [OpenException(pk, ExceptionKind.DAMAGED, "wet") for pk in parcels]
    open_exceptions(problems, now=ARRIVED)
    deliver(now=LATER)


def _money(world: World) -> None:
    orders = list(world.delivered.values())
    open_periods(now=ARRIVED)
    payments = [
        RecordPayment(
            provider="manual",
            external_id=f"pay-{order.pk}",
            status="CAPTURED",
            amount=order.total_amount,
            currency="EUR",
            order_id=order.pk,
            at=NOW,
        )
        for order in orders
    ]
    assert record_payments(payments, now=NOW).refused == {}
    settle_orders([order.pk for order in orders], now=LATER)
    opened = open_refunds(
        [OpenRefund(order.pk, RefundKind.GOODWILL, Decimal(1), key="world") for order in orders],
        now=LATER,
    )
    refunds = [pk for ids in opened.created.values() for pk in ids]
    done = refunds[: len(refunds) // 2 * 2]
    with acting(User.objects.create(username="second").pk):
        approve_refunds(done, now=LATER)
    pay_refunds_by_hand(done, now=LATER)
    deliver(now=LATER)
    create_statements(now=LATER)
    create_payouts(None, now=LATER)
    _banks(world)
    import_file("mt940", "bank.sta", SAMPLES["mt940"].content, now=LATER)
    match_due_file(now=LATER)
    import_file("stripe", "payout.csv", SAMPLES["stripe-payout"].content, now=LATER)
    match_due_file(now=LATER)
    import_file("ofx", "due.ofx", SAMPLES["ofx"].content, now=LATER)
    ReconciliationPolicy.objects.create(currency="USD")
    ReconciliationRule.objects.create(
        format="stripe-payout", category="tax", account=LedgerAccount.objects.get(code="5100")
    )
    returns = [
        RequestReturn(order.pk, [RequestedLine(order.lines.get(kind="ITEM").pk, 1)])
        for order in orders[:3]
    ]
    refused = request_returns(returns, now=LATER).refused
    assert refused == {}, refused
    edits = [
        EditOrder(order.pk, [Change("ADJUST_TOTAL", amount=Decimal(-1))])
        for order in world.pending.values()
    ]
    drafted = draft_edits(edits, now=LATER).refused
    assert drafted == {}, drafted
    place_holds([order.pk for order in world.pending.values()], now=LATER, reason="look")


def _banks(world: World) -> None:
    """One seller's account is in use, the other's waits; a batch was called off."""
    ours = "DE89370400440532013000"
    account = PayoutAccount.objects.create(
        code="main", name="Shop", currency="EUR", account_number=ours
    )
    commands = [
        ProposeDetails(world.sellers[code].pk, "EUR", code, "NL91ABNA0417164300")
        for code in ("S1", "S2")
    ]
    _waits, used = propose_bank_details(commands, now=LATER).created.values()
    with acting(User.objects.get(username="second").pk):
        assert approve_bank_details([used], now=LATER).moved == [used]
    batches = gather_payouts([account.pk], execute_on=LATER.date(), now=LATER).created
    assert cancel_batches(list(batches.values()), now=LATER).moved


def _support(world: World) -> None:
    orders = list(world.delivered.values())
    commands = [
        OpenTicket(
            "Where is it?",
            "Hello",
            "IN",
            order_id=order.pk,
            customer_id=order.customer_id,
            requester_email="ada@example.com",
        )
        for order in orders
    ]
    asked = list(open_tickets(commands, now=LATER).created.values())
    solved = list(open_tickets(commands, now=LATER).created.values())
    assert solve_tickets(solved, now=LATER).blocked == {}
    send_surveys(solved, now=LATER)
    open_tickets([OpenTicket("No order", requester_email="x@example.com")], now=LATER)
    deliver(now=LATER)
    assert len(asked) == len(orders)


def _figures() -> None:
    refresh_times(now=LATER)
    # While the orders of that day are new enough to be judged by what had arrived since.
    find_bottlenecks(now=ARRIVED + timedelta(days=1))
    run_checks(["orders.has_lines"], now=LATER)
