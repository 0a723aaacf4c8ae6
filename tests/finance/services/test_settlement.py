"""Settlement: exact parts, on the contract's day, once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core.actor import acting_job
from backoffice.core.models import Event
from finance.models import (
    CommissionContract,
    JournalEntry,
    OrderSettlement,
    Posting,
    SettlementDue,
)
from finance.services.settlement import settle_orders
from orders.models import OrderLine
from orders.services.commands import LineData
from tests.fixtures.finance import DELIVERED, sold_lines

pytestmark = pytest.mark.usefixtures("sound")
EUR = Decimal
# The eighth day begins in Berlin.
DAY_8 = datetime(2026, 3, 18, 23, tzinfo=UTC)


def lines(order) -> list[tuple]:
    rows = Posting.objects.filter(order_id=order.pk).exclude(entry__kind="CAPTURE")
    return list(
        rows.order_by("entry_id", "position").values_list("account__code", "party_id", "amount")
    )


def test_each_gets_their_part(sold, seller):
    order = sold()
    done = settle_orders([order.pk], now=DELIVERED)
    assert len(done.settlements) == 2
    assert lines(order) == [
        ("2000", None, EUR("119.00")),
        ("2200", None, EUR("-19.00")),
        ("4100", None, EUR("-11.90")),
        ("4200", None, EUR("-0.50")),
        ("2100", seller.pk, EUR("-87.60")),
        ("2000", None, EUR("11.90")),
        ("2200", None, EUR("-1.90")),
        ("4000", None, EUR("-10.00")),
    ]
    settled = OrderSettlement.objects.get(seller_id=seller.pk)
    assert (settled.delivered_on, settled.settles_on) == (date(2026, 3, 12), date(2026, 3, 12))
    events = Event.objects.filter(kind="order.settled", order_id=order.pk).order_by("subject_id")
    assert [(e.subject_id, e.data["payable"], e.occurred_at) for e in events] == [
        (settled.pk, "87.6000", DELIVERED),
        (settled.pk + 1, "10.0000", DELIVERED),
    ]


def test_settling_again_changes_nothing(sold):
    order = sold()
    settle_orders([order.pk], now=DELIVERED)
    before = (JournalEntry.objects.count(), Posting.objects.count(), Event.objects.count())
    again = settle_orders([order.pk, 999_999], now=DELIVERED + timedelta(days=400))
    # What is settled whole is not even locked.
    assert (again.orders, again.settlements) == ([], [])
    assert before == (JournalEntry.objects.count(), Posting.objects.count(), Event.objects.count())


def test_what_is_left_of_an_order_is_put_in_line(sold, seller):
    CommissionContract.objects.filter(seller=seller).update(settlement_delay_days=7)
    order = sold()
    assert len(settle_orders([order.pk], now=DELIVERED).settlements) == 1
    assert SettlementDue.objects.get(order_id=order.pk).due_at == DAY_8
    done = settle_orders([order.pk], now=DAY_8)
    assert (done.orders, len(done.settlements)) == ([order.pk], 1)
    assert not SettlementDue.objects.exists()


def test_undelivered_orders_wait(place, pay):
    order = place()
    pay(order)
    assert settle_orders([order.pk], now=DELIVERED).settlements == []


def test_an_order_on_account_leaves_a_debt(place, deliver_order):
    order = deliver_order(place())
    settle_orders([order.pk], now=DELIVERED)
    assert lines(order)[0] == ("2000", None, EUR("23.80"))


def test_each_seller_has_its_own_day(sold, seller, drain):
    CommissionContract.objects.filter(seller=seller).update(settlement_delay_days=3)
    order = sold()
    drain()
    assert len(settle_orders(None, now=DELIVERED).settlements) == 1
    assert SettlementDue.objects.get().due_at == datetime(2026, 3, 14, 23, 0, tzinfo=UTC)
    early = datetime(2026, 3, 14, 22, 59, 59, 999999, tzinfo=UTC)
    assert settle_orders(None, now=early).claimed == 0
    assert settle_orders([order.pk], now=early).settlements == []
    done = settle_orders(None, now=datetime(2026, 3, 14, 23, 0, tzinfo=UTC))
    assert len(done.settlements) == 1
    assert SettlementDue.objects.count() == 0
    assert JournalEntry.objects.get(kind="SETTLEMENT", source_id=done.settlements[0]).due_on == (
        date(2026, 3, 15)
    )


# Delivered at this instant, with so many days of delay: due on this day, and at this instant.
EDGES = [
    # Both nights on which Berlin's clock changes, to the last and the first microsecond.
    ("Europe/Berlin", "2026-03-28T22:59:59.999999", 1, "2026-03-29", "2026-03-28T23:00"),
    ("Europe/Berlin", "2026-03-28T23:00:00", 1, "2026-03-30", "2026-03-29T22:00"),
    ("Europe/Berlin", "2026-10-24T22:00:00", 1, "2026-10-26", "2026-10-25T23:00"),
    ("Europe/Berlin", "2026-10-25T22:59:59.999999", 1, "2026-10-26", "2026-10-25T23:00"),
    ("America/Los_Angeles", "2026-03-08T07:59:59", 1, "2026-03-08", "2026-03-08T08:00"),
    ("America/Los_Angeles", "2026-11-01T08:30:00", 1, "2026-11-02", "2026-11-02T08:00"),
    # Half an hour of change, and a day that does not begin at midnight.
    ("Australia/Lord_Howe", "2026-04-04T13:00:00", 1, "2026-04-06", "2026-04-05T13:30"),
    ("America/Havana", "2026-03-08T04:30:00", 0, "2026-03-07", "2026-03-07T05:00"),
    # The ends of the earth, a leap day, the turn of a year.
    ("Pacific/Kiritimati", "2026-03-31T09:59:59", 1, "2026-04-01", "2026-03-31T10:00"),
    ("Pacific/Kiritimati", "2026-03-31T10:00:00", 1, "2026-04-02", "2026-04-01T10:00"),
    ("Etc/GMT+12", "2026-04-01T11:59:59", 0, "2026-03-31", "2026-03-31T12:00"),
    ("UTC", "2028-02-28T12:00:00", 1, "2028-02-29", "2028-02-29T00:00"),
    ("UTC", "2026-12-31T23:59:59.999999", 1, "2027-01-01", "2027-01-01T00:00"),
]


@pytest.mark.parametrize(("zone", "at", "delay", "day", "due"), EDGES)
def test_the_day_is_the_contracts(place, deliver_order, drain, zone, at, delay, day, due):
    CommissionContract.objects.filter(seller=None).update(
        time_zone=zone, settlement_delay_days=delay
    )
    delivered = datetime.fromisoformat(at).replace(tzinfo=UTC)
    due_at = datetime.fromisoformat(due).replace(tzinfo=UTC)
    order = deliver_order(place(), delivered)
    drain()
    assert SettlementDue.objects.get().due_at == due_at
    if due_at > delivered:
        early = due_at - timedelta(microseconds=1)
        assert settle_orders([order.pk], now=early).settlements == []
    settle_orders([order.pk], now=max(due_at, delivered))
    assert OrderSettlement.objects.get().settles_on == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("currency", "price", "rate", "parts"),
    [
        # gross, tax, commission, payable: yen have no digits, dinars have three.
        ("JPY", "1999", "0.10", ("1999", "182", "244", "1573")),
        ("KWD", "1.999", "0.05", ("1.999", "0.095", "0.244", "1.660")),
    ],
)
def test_currencies_of_other_digits(
    place, deliver_order, seller, channel, currency, price, rate, parts
):
    CommissionContract.objects.filter(seller=seller).update(
        currency="", line_fee=0, commission_rate=EUR("0.122")
    )
    line = LineData(1, "S-SOLD", unit_price=EUR(price), tax_rate=EUR(rate))
    order = deliver_order(place(currency=currency, lines=[line]))
    settle_orders([order.pk], now=DELIVERED)
    s = OrderSettlement.objects.get()
    assert (s.gross_amount, s.tax_amount, s.charges_amount, s.payable_amount) == tuple(
        EUR(p) for p in parts
    )


def test_the_contract_of_the_seller_and_currency_comes_first(sold, seller):
    CommissionContract.objects.create(
        name="Any currency", seller=seller, commission_rate=EUR("0.5"), time_zone="UTC"
    )
    order = sold()
    settle_orders([order.pk], now=DELIVERED)
    assert OrderSettlement.objects.get(seller_id=seller.pk).charges == {
        "commission": "11.90",
        "line_fee": "0.50",
    }
    CommissionContract.objects.filter(name="Acme").update(is_active=False)
    other = sold("2")
    settle_orders([other.pk], now=DELIVERED)
    settled = OrderSettlement.objects.get(seller_id=seller.pk, order_id=other.pk)
    assert settled.charges == {"commission": "59.50"}


def test_what_was_cancelled_is_not_settled(place, deliver_order, seller):
    order = place(lines=[LineData(3, "S-SOLD", unit_price=EUR("10.00"), tax_rate=EUR("0.19"))])
    line = OrderLine.objects.get(order=order)
    # As an order edit would leave it: one of three units called off.
    OrderLine.objects.filter(pk=line.pk).update(cancelled=1)
    from backoffice.core.actor import transaction
    from backoffice.core.events import Fact, emit
    from orders.services.counters import refresh_counters
    from orders.services.fulfilment import LineUnits, record_delivered, record_shipped
    from orders.services.lifecycle import confirm_orders, release_orders

    with transaction(now=DELIVERED):
        refresh_counters([order.pk])
        emit("order.noted", [Fact(order.pk, order.pk)])
    confirm_orders([order.pk], now=DELIVERED)
    release_orders([order.pk], now=DELIVERED)
    units = [LineUnits(line.pk, 2, DELIVERED)]
    record_shipped(units, now=DELIVERED)
    record_delivered(units, now=DELIVERED)
    settle_orders([order.pk], now=DELIVERED)
    settled = OrderSettlement.objects.get()
    assert (settled.gross_amount, settled.tax_amount) == (EUR("20.00"), EUR("3.19"))


def test_the_importer_settles_at_its_own_time(sold, drain):
    with acting_job("importer", origin="IMPORT"):
        order = sold()
        drain()
        assert SettlementDue.objects.count() == 0
        settle_orders([order.pk], now=DELIVERED + timedelta(days=1))
    event = Event.objects.filter(kind="order.settled").first()
    assert (event.occurred_at, event.origin) == (DELIVERED + timedelta(days=1), "IMPORT")


def test_statements_do_not_grow_with_the_batch(sold):
    orders = [sold(str(n)).pk for n in range(9)]
    counts = []
    for batch in (orders[:1], orders[1:]):
        with CaptureQueriesContext(connection) as queries:
            settle_orders(batch, now=DELIVERED)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cents=st.integers(1, 10_000_000),
    rate=st.decimals(0, "0.99", places=5),
    fee=st.decimals(0, 5, places=4),
)
def test_the_parts_are_the_whole(place, deliver_order, seller, cents, rate, fee):
    CommissionContract.objects.filter(seller=seller).update(commission_rate=rate, line_fee=fee)
    price = f"{EUR(cents) / 100:.2f}"
    order = deliver_order(place(f"{cents}-{rate}-{fee}", lines=sold_lines(price)))
    settle_orders([order.pk], now=DELIVERED)
    s = OrderSettlement.objects.get(order_id=order.pk, seller_id=seller.pk)
    assert s.gross_amount == EUR(price)
    assert abs(EUR(s.charges.get("commission", 0)) - s.gross_amount * rate) <= EUR("0.005")
    whole = s.tax_amount + sum(map(EUR, s.charges.values())) + s.payable_amount
    assert whole == s.gross_amount
