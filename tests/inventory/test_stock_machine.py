"""Stock against a model of plain dictionaries, with every invariant after each step."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backoffice.core.actor import acting, acting_job
from backoffice.core.invariants import check_invariants
from backoffice.core.models import User
from inventory.choices import MoveKind
from inventory.models import (
    Allocation,
    BinStock,
    Location,
    Product,
    Reservation,
    Sku,
    StockCount,
    StockLevel,
    Warehouse,
)
from inventory.services.allocation import allocate_bins, release_bins
from inventory.services.counted import Counted, approve_counts, count_stock
from inventory.services.counts import StartCount, start_counts
from inventory.services.levels import InsufficientStockError
from inventory.services.moves import Move, Transfer, post_moves, transfer_stock
from inventory.services.picks import mark_picked
from inventory.services.places import default_bins
from inventory.services.reservations import Need, release_stock, reserve_stock
from inventory.services.shipping import ShipItem, ship_stock
from tests.fixtures.core import NOW
from tests.fixtures.inventory import LINE

CHECKED = [
    "inventory.levels_are_moves",
    "inventory.bins_are_moves",
    "inventory.levels_are_bins",
    "inventory.reserved_is_promised",
    "inventory.allocated_is_set_aside",
    "inventory.counts_are_moves",
    "inventory.count_status",
]
skus = st.integers(0, 1)
# Mostly one warehouse, so that promises meet.
houses = st.sampled_from([0, 0, 0, 1])
units = st.integers(1, 6)


@dataclass
class Promise:
    pair: tuple[int, int]
    units: int


class Stock(RuleBasedStateMachine):
    """Receive, reserve, set aside, pick, ship, release, adjust, transfer, count and return."""

    def __init__(self) -> None:
        super().__init__()
        self.actor = acting_job("system")
        self.actor.__enter__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.second = User.objects.create(username="second").pk
        product = Product.objects.create(code="P", name="P")
        self.skus = [Sku.objects.create(code=c, name=c, product=product).pk for c in ("A", "B")]
        self.houses = [Warehouse.objects.create(code=c, name=c).pk for c in ("X", "Y")]
        self.shelves = {
            w: Location.objects.create(warehouse_id=w, code="SHELF").pk for w in self.houses
        }
        self.on_hand = {(s, w): 0 for s in self.skus for w in self.houses}
        self.promises: dict[int, Promise] = {}
        self.line = 0
        self.now = NOW
        for sku in (0, 1):
            self.bring(sku, 0, 8, MoveKind.OPENING)
            self.reserve([(sku, 0, 2), (sku, 0, 1), (sku, 0, 3)], partial=False)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)
        self.actor.__exit__(None, None, None)

    def tick(self):
        self.now += timedelta(minutes=1)
        return self.now

    def pair(self, sku: int, house: int) -> tuple[int, int]:
        return self.skus[sku], self.houses[house]

    def reserved(self, pair: tuple[int, int]) -> int:
        return sum(p.units for p in self.promises.values() if p.pair == pair)

    @rule(sku=skus, house=houses, n=units, kind=st.sampled_from(["RECEIPT", "RETURN", "OPENING"]))
    def bring(self, sku, house, n, kind):
        pair = self.pair(sku, house)
        post_moves([Move(kind, *pair, n)], now=self.tick())
        self.on_hand[pair] += n

    @rule(data=st.data(), sku=skus, house=houses, n=st.integers(1, 10))
    def lose(self, data, sku, house, n):
        # Rather where something is promised: that is where a loss hurts.
        line = self.some_line(data)
        pair = self.promises[line].pair if line else self.pair(sku, house)
        loss = Move(MoveKind.ADJUSTMENT, *pair, -n)
        if n > self.on_hand[pair]:
            with pytest.raises(InsufficientStockError):
                post_moves([loss], now=self.tick())
            return
        post_moves([loss], now=self.tick())
        self.on_hand[pair] -= n
        self.lose_promises(pair)

    def lose_promises(self, pair: tuple[int, int]) -> None:
        short = self.reserved(pair) - self.on_hand[pair]
        for line in sorted(self.promises, reverse=True):
            promise = self.promises[line]
            if short > 0 and promise.pair == pair:
                lost = min(short, promise.units)
                short -= lost
                promise.units -= lost
        self.forget()

    def forget(self) -> None:
        self.promises = {line: p for line, p in self.promises.items() if p.units}

    @rule(
        wanted=st.lists(st.tuples(skus, houses, st.integers(1, 3)), min_size=2, max_size=5),
        partial=st.booleans(),
    )
    def reserve(self, wanted, partial):
        lines = []
        for sku, house, n in wanted:
            self.line += 1
            lines.append((self.line, self.pair(sku, house), n))
        needs = [Need(LINE, line, 1, *pair, n) for line, pair, n in lines]
        got = reserve_stock(needs, now=self.tick(), partial=partial).quantities
        free = {p: self.on_hand[p] - self.reserved(p) for p in self.on_hand}
        demand: dict[tuple[int, int], int] = {}
        for _line, pair, n in lines:
            demand[pair] = demand.get(pair, 0) + n
        expected = {}
        if partial or all(n <= free[p] for p, n in demand.items()):
            for line, pair, n in lines:
                share = min(n, free[pair])
                free[pair] -= share
                if share:
                    expected[line] = share
        assert got == expected
        pairs = {line: pair for line, pair, _n in lines}
        self.promises |= {line: Promise(pairs[line], n) for line, n in got.items()}

    @rule(sku=skus, house=houses, n=st.integers(1, 9), there=st.booleans())
    def transfer(self, sku, house, n, there):
        source, target = self.pair(sku, house), self.pair(sku, 1 - house)
        # To the other warehouse, or to the shelf behind the default bin of the same.
        to = default_bins([target[1]])[target[1]] if there else self.shelves[source[1]]
        bin_ = default_bins([source[1]])[source[1]]
        [lying] = BinStock.objects.filter(sku=source[0], location=bin_).values_list("on_hand") or [
            (0,)
        ]
        move = [Transfer(source[0], n, bin_, to)]
        if n > lying[0]:
            with pytest.raises(InsufficientStockError):
                transfer_stock(move, now=self.tick())
            return
        transfer_stock(move, now=self.tick())
        if there:
            self.on_hand[source] -= n
            self.on_hand[target] += n
            self.lose_promises(source)

    @rule(sku=skus, house=houses, off=st.integers(-3, 3), is_late=st.booleans())
    def count(self, sku, house, off, is_late):
        """Count what really lies there, `off` from the book, while goods come in."""
        pair = self.pair(sku, house)
        command = StartCount(pair[1], sku_ids=[pair[0]], tolerance_value=Decimal(10**9))
        command = replace(command, tolerance_percent=Decimal(100))
        started = start_counts([command], now=self.tick())
        if started.refused:
            return
        [[pk]] = started.ids.values()
        at = self.tick()
        lines = list(StockCount.objects.get(pk=pk).lines.order_by("position"))
        found = {line.pk: self.lying(line, at) for line in lines}
        off = max(off, -found[lines[0].pk])
        found[lines[0].pk] += off
        if is_late:
            self.bring(sku, house, 2, "RECEIPT")
        counted = [Counted(n, line, at=at) for line, n in found.items()]
        assert count_stock([pk], lines=counted, now=self.tick()).moved == [pk]
        if off and StockCount.objects.get(pk=pk).status == "REVIEW":
            with acting(self.second):
                assert approve_counts([pk], now=self.tick()).moved == [pk]
        assert StockCount.objects.get(pk=pk).status == "DONE"
        self.on_hand[pair] += off
        self.lose_promises(pair)

    def lying(self, line, at) -> int:
        place = {"sku": line.sku_id, "location": line.location_id, "lot": line.lot_id}
        gone = Allocation.objects.filter(**place, picked_at__lte=at)
        picked = gone.aggregate(n=Sum("quantity"))["n"] or 0
        return BinStock.objects.get(**place).on_hand - picked

    @precondition(lambda self: Allocation.objects.exists())
    @rule()
    def pick(self):
        mark_picked(LINE, list(Allocation.objects.values_list("for_id", flat=True)), now=self.now)

    @precondition(lambda self: self.promises)
    @rule(data=st.data(), n=units)
    def release(self, data, n):
        line = self.some_line(data)
        if line:
            release_stock(LINE, [line], now=self.tick(), quantities={line: n})
            self.promises[line].units -= min(n, self.promises[line].units)
            self.forget()

    def some_line(self, data) -> int:
        return data.draw(st.sampled_from(sorted(self.promises))) if self.promises else 0

    @precondition(lambda self: self.promises)
    @rule(data=st.data(), n=units)
    def set_aside(self, data, n):
        line = self.some_line(data)
        if line:
            allocate_bins([Need(LINE, line, 1, *self.promises[line].pair, n)], now=self.tick())

    @precondition(lambda self: Allocation.objects.exists())
    @rule()
    def clear_bins(self):
        ids = list(Allocation.objects.values_list("for_id", flat=True))
        release_bins(LINE, ids, now=self.tick())

    @precondition(lambda self: self.promises)
    @rule(data=st.data(), n=units)
    def ship(self, data, n):
        line = self.some_line(data)
        if not line:
            return
        promise = self.promises[line]
        item = ShipItem(LINE, line, *promise.pair, min(n, promise.units))
        # What others have set aside without a promise of their own stands in the way.
        others = list(Allocation.objects.exclude(for_id=line).values_list("for_id", flat=True))
        release_bins(LINE, others, now=self.tick())
        ship_stock([item], now=self.tick())
        self.on_hand[promise.pair] -= item.quantity
        promise.units -= item.quantity
        self.forget()

    @invariant()
    def the_database_is_the_model(self):
        rows = StockLevel.objects.values_list("sku_id", "warehouse_id", "on_hand", "reserved")
        found = {(s, w): (on_hand, reserved) for s, w, on_hand, reserved in rows}
        for pair, on_hand in self.on_hand.items():
            assert found.get(pair, (0, 0)) == (on_hand, self.reserved(pair))
        held = dict(Reservation.objects.values_list("for_id", "quantity"))
        assert held == {line: p.units for line, p in self.promises.items()}
        assert check_invariants(CHECKED) == []


def test_stock_is_its_model(db):
    run_state_machine_as_test(
        Stock,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
