"""Whatever is done in whatever order, the books agree with a small model of what money is."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backoffice.core.actor import acting, acting_job
from backoffice.core.invariants import REGISTRY, check_invariants
from backoffice.core.models import User
from finance.choices import OPEN_PAYOUTS
from finance.models import DailyBalance, Payment, Payout, Refund
from finance.services.commands import OpenRefund, RecordPayment, RefundResult
from finance.services.payments import record_payments
from finance.services.payouts import (
    approve_payouts,
    cancel_payouts,
    create_payouts,
    fail_payouts,
    pay_payouts,
    send_payouts,
)
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import cancel_refunds, open_refunds
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from orders.models import Order, OrderLine
from orders.services.fulfilment import LineUnits, record_delivered, record_shipped
from orders.services.intake import place_orders
from orders.services.lifecycle import cancel_orders, confirm_orders, release_orders
from tests.fixtures.finance import DELIVERED, broken_books, sold_lines
from tests.fixtures.orders import order_command

EUR = Decimal
PROOFS = [name for name in REGISTRY if name.startswith("finance.")]
AMOUNTS = st.integers(1, 20_000).map(lambda n: EUR(n) / 100)


class Money(RuleBasedStateMachine):
    """The product under test beside a dictionary of balances, credits positive."""

    second: User

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.acting = acting_job("system")
        self.acting.__enter__()
        self.now = DELIVERED
        self.model: dict[str, Decimal] = defaultdict(Decimal)
        self.orders: list[int] = []
        self.payments = 0

    def teardown(self) -> None:
        broken = broken_books()
        self.acting.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        assert broken == []

    def order(self, data: Any) -> Order:
        return Order.objects.get(pk=data.draw(st.sampled_from(self.orders)))

    @initialize(
        price=AMOUNTS,
        story=st.permutations(["settle", "refund", "close", "pay out", "refund"]),
        verb=st.sampled_from([pay_payouts, fail_payouts]),
    )
    def begin(self, price: Decimal, story: list[str], verb: Any) -> None:
        """Let the usual happen in an unusual order, so that every example begins with a past."""
        self.sell(price, True, True)
        for step in story:
            if step == "settle":
                settle_orders(self.orders, now=self.now)
            elif step == "refund":
                self._ask_back(Order.objects.get(), "LINE", EUR("0.01"), "SUCCEEDED")
            elif step == "close":
                self.close_periods(False)
            else:
                for pk in list(Payout.objects.values_list("pk", flat=True)):
                    self._pay_out(pk, verb)
            self.books_agree()

    @rule(price=AMOUNTS, paid=st.booleans(), delivered=st.booleans())
    def sell(self, price: Decimal, paid: bool, delivered: bool) -> None:
        command = order_command(f"n{len(self.orders)}", lines=sold_lines(str(price)))
        self.orders.append(place_orders([command], now=self.now).created[0])
        order = Order.objects.get(pk=self.orders[-1])
        if paid:
            self._pay(order, order.total_amount)
        if delivered:
            self._deliver(order)

    def _pay(self, order: Order, amount: Decimal, twice: bool = False) -> None:
        self.payments += 1
        command = RecordPayment(
            "manual", f"p{self.payments}", "CAPTURED", amount, "EUR", order.pk, at=self.now
        )
        done = record_payments([command] * (1 + twice), now=self.now)
        assert len(done.created) == 1
        self.model["clearing"] += amount

    @rule(data=st.data(), amount=AMOUNTS, twice=st.booleans())
    def pay(self, data: Any, amount: Decimal, twice: bool) -> None:
        self._pay(self.order(data), amount, twice)

    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        order = self.order(data)
        if cancel_orders([order.pk], now=self.now).moved:
            open_refunds([OpenRefund(order.pk, "CANCELLATION")], now=self.now)

    @rule(data=st.data())
    def deliver(self, data: Any) -> None:
        self._deliver(self.order(data))

    def _deliver(self, order: Order) -> None:
        confirm_orders([order.pk], now=self.now)
        if release_orders([order.pk], now=self.now).moved:
            lines = OrderLine.objects.filter(order=order).order_by("pk")
            units = [LineUnits(line.pk, line.quantity, self.now) for line in lines]
            record_shipped(units, now=self.now)
            record_delivered(units, now=self.now)

    @rule(data=st.data(), all_of_them=st.booleans())
    def settle(self, data: Any, all_of_them: bool) -> None:
        settle_orders(self.orders if all_of_them else [self.order(data).pk], now=self.now)

    @rule(
        data=st.data(),
        kind=st.sampled_from(["LINE", "LINE", "LINE", "GOODWILL", "OVERPAYMENT", "CANCELLATION"]),
        amount=st.none() | st.integers(1, 300).map(lambda n: EUR(n) / 100),
        status=st.sampled_from(["SUCCEEDED", "SUCCEEDED", "FAILED", ""]),
    )
    def ask_back(self, data: Any, kind: str, amount: Decimal | None, status: str) -> None:
        self._ask_back(self.order(data), kind, amount, status)

    def _ask_back(self, order: Order, kind: str, amount: Decimal | None, status: str) -> None:
        left = sum(
            p.captured_amount - p.refunded_amount - p.pending_refund_amount
            for p in Payment.objects.filter(order=order)
        )
        opened = open_refunds([OpenRefund(order.pk, kind, amount)], now=self.now)
        asked = sum(
            Refund.objects.filter(pk__in=opened.created.get(0, [])).values_list("amount", flat=True)
        )
        assert asked <= left
        for pk in opened.created.get(0, []) if status else []:
            self._pay_back(pk, status)

    @rule(data=st.data(), status=st.sampled_from(["SUCCEEDED", "SUCCEEDED", "FAILED", "UNKNOWN"]))
    def pay_back(self, data: Any, status: str) -> None:
        ids = list(Refund.objects.order_by("pk").values_list("pk", flat=True))
        if not ids:
            return
        self._pay_back(data.draw(st.sampled_from(ids)), status)

    def _pay_back(self, pk: int, status: str) -> None:
        send_refunds([pk], now=self.now)
        if record_refund_results([RefundResult(pk, status)], now=self.now).moved:
            amount = Refund.objects.get(pk=pk).amount
            self.model["clearing"] -= amount if status == "SUCCEEDED" else 0

    @rule(data=st.data())
    def call_off(self, data: Any) -> None:
        ids = list(Refund.objects.order_by("pk").values_list("pk", flat=True))
        if ids:
            cancel_refunds([data.draw(st.sampled_from(ids))], now=self.now)

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(settles=st.booleans())
    def close_periods(self, settles: bool) -> None:
        if settles:
            settle_orders(self.orders, now=self.now)
        self.now += timedelta(days=7)
        create_statements(now=self.now)
        create_payouts(None, now=self.now)

    @precondition(lambda self: Payout.objects.filter(status__in=OPEN_PAYOUTS).exists())
    @rule(data=st.data(), verb=st.sampled_from([pay_payouts, fail_payouts, None]))
    def pay_out(self, data: Any, verb: Any) -> None:
        rows = Payout.objects.filter(status__in=OPEN_PAYOUTS).order_by("pk")
        self._pay_out(data.draw(st.sampled_from(list(rows.values_list("pk", flat=True)))), verb)

    def _pay_out(self, pk: int, verb: Any) -> None:
        with acting(self.second.pk):
            approve_payouts([pk], now=self.now)
        send_payouts([pk], now=self.now)
        if verb and verb([pk], now=self.now).moved and verb is pay_payouts:
            self.model["bank"] -= Payout.objects.get(pk=pk).amount

    @precondition(lambda self: Payout.objects.exists())
    @rule()
    def keep_back(self) -> None:
        cancel_payouts(list(Payout.objects.values_list("pk", flat=True)), now=self.now)

    @invariant()
    def books_agree(self) -> None:
        rows = DailyBalance.objects.values_list("account__code", "amount")
        booked: dict[str, Decimal] = defaultdict(Decimal)
        for code, amount in rows:
            booked[code] += amount
        assert booked["1100"] == self.model["clearing"]
        assert booked["1000"] == self.model["bank"]
        others = sum(v for k, v in booked.items() if k not in ("1000", "1100"))
        assert -others == self.model["clearing"] + self.model["bank"]
        assert check_invariants(PROOFS) == []


@pytest.mark.slow
def test_any_order_of_things(db, channel, service_sku, seller):
    Money.second = User.objects.create(username="bob")
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=40,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
