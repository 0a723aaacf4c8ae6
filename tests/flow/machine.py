"""What the people and programs around a back office may do, in any order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from backoffice.core.actor import acting_job
from backoffice.core.events import deliver
from backoffice.core.invariants import REGISTRY, check_invariants
from backoffice.core.models import ApprovalPolicy, EventDelivery
from finance.models import Refund
from finance.services.commands import RefundResult
from finance.services.payments import record_payments
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from inventory.choices import MoveKind
from inventory.models import Product, Sku, StockLevel, Warehouse
from inventory.services.moves import Move, post_moves
from logistics.carriers.base import Label
from logistics.models import Carrier, CarrierAccount, Parcel, PickLine, PickList, Shipment
from logistics.services.cancelling import cancel_shipments
from logistics.services.giving_up import refund_parcels, send_again
from logistics.services.handover import hand_over_parcels
from logistics.services.labels import LabelAnswer, record_labels
from logistics.services.packing import PackShipment, pack_shipments
from logistics.services.picking import confirm_picks, create_pick_lists
from logistics.services.planning import plan_shipments, unplanned_orders
from logistics.services.scans import apply_scans
from orders.choices import EditKind, ReturnReason
from orders.models import Order, OrderLine, Return, SalesChannel
from orders.services.commands import AddressData, Change, EditOrder
from orders.services.edits import commit_edits, draft_edits
from orders.services.holds import place_holds, release_holds
from orders.services.intake import place_orders
from orders.services.lifecycle import cancel_orders, confirm_orders, release_orders
from orders.services.returns import (
    ReceivedLine,
    RequestedLine,
    RequestReturn,
    cancel_returns,
    receive_returns,
    request_returns,
)
from tests.fixtures.finance import payment_command
from tests.fixtures.logistics import scan
from tests.fixtures.orders import lines, order_command

# Later than the clock of the database, by which new events are due.
START = datetime(2040, 3, 10, 8, 0, tzinfo=UTC)
# These are true once what has happened was told to everybody.
AFTER_DELIVERY = {
    *("orders.reservations", "logistics.planned", "logistics.covered", "logistics.listed"),
}
BETWEEN = [name for name in REGISTRY if name not in AFTER_DELIVERY]

wishes = st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 3)), min_size=1, max_size=3)
VERBS: dict[str, Callable[..., Any]] = {
    "confirm": confirm_orders,
    "release": release_orders,
    "hold": place_holds,
    "release_hold": release_holds,
    "cancel": cancel_orders,
}


class Shop(RuleBasedStateMachine):
    """A shop with two SKUs, where anything may happen at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.actor = acting_job("system")
        self.actor.__enter__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.now = START
        self.placed = 0

    def teardown(self) -> None:
        try:
            self.tell_everybody()
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)
            self.actor.__exit__(None, None, None)

    def tick(self) -> datetime:
        self.now += timedelta(hours=1)
        return self.now

    def one(self, data: st.DataObject, queryset: Any) -> Any:
        """Draw one of some documents, if there is any."""
        found = list(queryset.order_by("pk"))
        return found[data.draw(st.integers(0, len(found) - 1))] if found else None

    @initialize(alone=st.booleans(), prepaid=st.booleans(), partial=st.booleans(), b=st.booleans())
    def open(self, alone: bool, prepaid: bool, partial: bool, b: bool) -> None:
        """Open the shop with a warehouse, two SKUs and a carrier."""
        ApprovalPolicy.objects.create(kind="orders.edit", currency="EUR", above=10**6)
        self.house = Warehouse.objects.create(code="W", name="W")
        product = Product.objects.create(code="P", name="P")
        self.skus = [Sku.objects.create(code=c, name=c, product=product).pk for c in ("A", "B")]
        SalesChannel.objects.create(
            code="web",
            name="Web",
            currency="EUR",
            warehouse=self.house,
            payment_terms="PREPAID" if prepaid else "ON_ACCOUNT",
            confirms_by_itself=alone,
            releases_by_itself=alone,
            ships_partially=partial,
            allows_backorders=b,
        )
        carrier = Carrier.objects.create(code="C", name="C")
        CarrierAccount.objects.create(
            code="c", name="C", carrier=carrier, adapter="manual", is_default=True, services=["S"]
        )
        for sku in self.skus:
            self.bring(sku, 4)

    def bring(self, sku: int, units: int) -> None:
        move = Move(MoveKind.RECEIPT, sku, self.house.pk, units, unit_cost=Decimal(3))
        post_moves([move], now=self.tick())

    @rule(sku=st.integers(0, 1), units=st.integers(1, 5))
    def receive_stock(self, sku: int, units: int) -> None:
        self.bring(self.skus[sku], units)

    @rule(sku=st.integers(0, 1), units=st.integers(1, 5))
    def lose_stock(self, sku: int, units: int) -> None:
        level = StockLevel.objects.get(sku=self.skus[sku], warehouse=self.house)
        if units <= level.on_hand:
            move = Move(MoveKind.ADJUSTMENT, self.skus[sku], self.house.pk, -units)
            post_moves([move], now=self.tick())

    @rule(
        wanted=st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 3)), min_size=1, max_size=3)
    )
    def place(self, wanted: list[tuple[str, int]]) -> None:
        self.placed += 1
        now = self.tick()
        command = replace(order_command(str(self.placed), lines=lines(*wanted)), placed_at=now)
        assert place_orders([command, command], now=now).refused == {}

    @rule(data=st.data(), status=st.sampled_from(["CAPTURED", "CAPTURED", "AUTHORISED", "FAILED"]))
    def pay(self, data: st.DataObject, status: str) -> None:
        if order := self.one(data, Order.objects.all()):
            now = self.tick()
            command = payment_command(order, status=status, at=now)
            record_payments([command, command], now=now)

    @rule(data=st.data(), verb=st.sampled_from(sorted(VERBS)))
    def decide(self, data: st.DataObject, verb: str) -> None:
        if order := self.one(data, Order.objects.all()):
            VERBS[verb]([order.pk], now=self.tick(), reason="decided")

    @rule(
        data=st.data(),
        kind=st.sampled_from(list(EditKind)),
        units=st.integers(1, 4),
        amount=st.integers(-9, 9),
    )
    def edit(self, data: st.DataObject, kind: str, units: int, amount: int) -> None:
        order = self.one(data, Order.objects.filter(status__in=["PENDING", "CONFIRMED"]))
        if order is None:
            return
        line = self.one(data, OrderLine.objects.filter(order=order))
        change = {
            EditKind.ADD_LINE: Change(
                kind, sku="AB"[units % 2], quantity=units, unit_price=Decimal(7)
            ),
            EditKind.REMOVE_LINE: Change(kind, line_id=line.pk),
            EditKind.CHANGE_QUANTITY: Change(kind, line_id=line.pk, quantity=units),
            EditKind.CHANGE_ADDRESS: Change(kind, address=AddressData("DE", city="Bonn")),
            EditKind.ADJUST_TOTAL: Change(kind, amount=Decimal(amount)),
        }[kind]
        drafted = draft_edits([EditOrder(order.pk, [change])], now=self.tick())
        commit_edits(list(drafted.created.values()), now=self.tick())

    @rule(verb=st.sampled_from(["confirm", "release"]))
    def decide_all(self, verb: str) -> None:
        VERBS[verb](list(Order.objects.values_list("pk", flat=True)), now=self.tick())

    @rule()
    def pick(self) -> None:
        waiting = Shipment.objects.filter(status="PLANNED").values_list("pk", flat=True)
        create_pick_lists(list(waiting), now=self.tick())

    @rule(missing=st.sampled_from([0, 0, 0, 1]))
    def confirm_pick(self, missing: int) -> None:
        tasks = PickLine.objects.filter(pick_list__status="OPEN")
        picked = {pk: max(0, n - missing) for pk, n in tasks.values_list("pk", "quantity")}
        lists = list(PickList.objects.filter(status="OPEN").values_list("pk", flat=True))
        confirm_picks(lists, now=self.tick(), picked=picked)

    @rule()
    def pack_and_label(self) -> None:
        picking = Shipment.objects.filter(status="PICKING").values_list("pk", flat=True)
        packed = pack_shipments([PackShipment(pk) for pk in picking], now=self.tick())
        made = [pk for parcels in packed.parcel_ids.values() for pk in parcels]
        record_labels([LabelAnswer(pk, Label(f"T{pk}")) for pk in made], now=self.now)

    @rule()
    def hand_over(self) -> None:
        ready = Parcel.objects.filter(status="LABELLED").values_list("pk", flat=True)
        hand_over_parcels(list(ready), now=self.tick())

    @rule(scanned=st.booleans())
    def work_through(self, scanned: bool) -> None:
        """Take everything as far as it goes, so that later steps have something to do."""
        for verb in ("confirm", "release"):
            self.decide_all(verb)
        self.plan_what_waits()
        self.pick()
        self.confirm_pick(0)
        self.pack_and_label()
        self.hand_over()
        if scanned:
            now = self.tick()
            gone = Parcel.objects.filter(shipped_at__isnull=False, delivered_at=None)
            apply_scans([scan(p, "DELIVERED", now) for p in gone], now=now)

    @rule(data=st.data())
    def call_off(self, data: st.DataObject) -> None:
        if shipment := self.one(data, Shipment.objects.exclude(status="CANCELLED")):
            cancel_shipments([shipment.pk], now=self.tick(), reason="called off")

    @rule()
    def plan_what_waits(self) -> None:
        plan_shipments(unplanned_orders(), now=self.tick())

    @rule(
        data=st.data(),
        status=st.sampled_from(["DELIVERED"] * 3 + ["IN_TRANSIT", "LOST", "RETURNED", "EXCEPTION"]),
    )
    def scan_parcel(self, data: st.DataObject, status: str) -> None:
        if parcel := self.one(data, Parcel.objects.filter(shipped_at__isnull=False)):
            now = self.tick()
            seen = scan(parcel, status, now)
            apply_scans([seen, seen], now=now)

    @rule(data=st.data(), remedy=st.sampled_from([send_again, refund_parcels]))
    def give_up(self, data: st.DataObject, remedy: Callable[..., Any]) -> None:
        if parcel := self.one(data, Parcel.objects.filter(shipped_at__isnull=False)):
            for verb in (remedy, send_again, refund_parcels):
                verb([parcel.pk], now=self.tick(), reason="given up")

    @rule(data=st.data(), units=st.integers(1, 2))
    def ask_to_return(self, data: st.DataObject, units: int) -> None:
        if line := self.one(data, OrderLine.objects.filter(delivered__gt=0)):
            asked = [RequestedLine(line.pk, units, ReturnReason.OTHER)]
            request_returns([RequestReturn(line.order_id, asked)], now=self.tick())

    @rule(data=st.data(), sellable=st.integers(0, 1), damaged=st.integers(0, 1))
    def take_back(self, data: st.DataObject, sellable: int, damaged: int) -> None:
        if back := self.one(data, Return.objects.filter(status="REQUESTED")):
            line = back.lines.order_by("pk").first()
            if sellable + damaged == 0:
                cancel_returns([back.pk], now=self.tick())
            elif sellable + damaged <= line.quantity:
                received = [ReceivedLine(line.pk, sellable, damaged)]
                receive_returns([back.pk], now=self.tick(), received=received)

    @rule(data=st.data(), status=st.sampled_from(["SUCCEEDED", "SUCCEEDED", "FAILED", "UNKNOWN"]))
    def pay_back(self, data: st.DataObject, status: str) -> None:
        approved = Refund.objects.filter(status="APPROVED").values_list("pk", flat=True)
        send_refunds(list(approved), now=self.tick())
        if refund := self.one(data, Refund.objects.filter(status__in=["SENT", "UNKNOWN"])):
            result = RefundResult(refund.pk, status, f"r{refund.pk}")
            record_refund_results([result, result], now=self.tick())

    @rule(days=st.sampled_from([0, 7]))
    def settle(self, days: int) -> None:
        self.now += timedelta(days=days)
        settle_orders(None, now=self.tick())
        create_statements(now=self.now)

    @rule()
    def tell(self) -> None:
        """Deliver to each handler what waits now, but not what follows from it."""
        deliver(now=self.tick(), until_empty=False)

    @rule()
    def tell_everybody(self) -> None:
        # What failed is tried again a little later.
        deliver(now=self.tick() + timedelta(days=1))
        assert list(EventDelivery.objects.values_list("handler", "error")) == []
        assert check_invariants() == []

    @invariant()
    def holds_at_any_moment(self) -> None:
        broken = check_invariants(BETWEEN)
        assert broken == [], broken
