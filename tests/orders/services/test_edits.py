from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.core.actor import acting
from backoffice.core.approvals import approve_approvals, reject_approvals, withdraw_approvals
from backoffice.core.models import Approval, ApprovalPolicy, Event, User
from inventory.models import KitComponent, Product, Sku, StockLevel
from orders.models import Order, OrderEdit, OrderLine, TaxRate
from orders.services.commands import AddressData, Change, EditOrder, LineData
from orders.services.edits import (
    cancel_edits,
    commit_edits,
    draft_edits,
    propose_edits,
    submit_edits,
)
from orders.services.holds import place_holds
from orders.services.lifecycle import confirm_orders, release_orders
from tests.fixtures.core import together
from tests.fixtures.orders import lines

pytestmark = pytest.mark.usefixtures("proven")
EUR = Decimal


@pytest.fixture
def free(db):
    """Let one person edit as much as they like."""
    return ApprovalPolicy.objects.create(kind="orders.edit", currency="EUR", above=10_000)


def draft(order, *changes, now, **options):
    drafted = draft_edits([EditOrder(order.pk, changes, **options)], now=now)
    assert drafted.refused == {}, drafted
    return OrderEdit.objects.get(pk=drafted.created[0])


def refusals(order, *changes, now, **options):
    drafted = draft_edits([EditOrder(order.pk, changes, **options)], now=now)
    assert drafted.created == {}
    assert not OrderEdit.objects.exists()
    return drafted.refused[0]


def edit(order, *changes, now):
    """Make an edit at once; return the order as it is then."""
    outcome = submit_edits([draft(order, *changes, now=now).pk], now=now)
    assert outcome.blocked == {}, outcome
    order.refresh_from_db()
    return order


def adjust(amount):
    return Change("ADJUST_TOTAL", amount=EUR(amount))


def quantity(line, units):
    return Change("CHANGE_QUANTITY", line_id=line.pk, quantity=units)


def remove(line):
    return Change("REMOVE_LINE", line_id=line.pk)


def add(sku, units, price="5.00"):
    return Change("ADD_LINE", sku=sku.code, quantity=units, unit_price=EUR(price), tax_rate=EUR(0))


def rows(order, *columns):
    return list(OrderLine.objects.filter(order=order).order_by("position").values_list(*columns))


AMOUNTS = ("kind", "tax_rate", "net_amount", "tax_amount", "gross_amount")


def test_a_draft_shows_what_it_costs_and_changes_nothing(place, now):
    order = place()
    before = rows(order, *AMOUNTS)

    made = draft(order, adjust("-3.80"), now=now, note="goodwill")

    assert (made.status, made.number, made.note) == ("DRAFT", f"OE-{made.pk:08}", "goodwill")
    assert (made.total_before, made.total_after, made.total_change) == (
        EUR("23.80"),
        EUR("20.00"),
        EUR("-3.80"),
    )
    assert (made.tax_before, made.tax_after) == (EUR("3.80"), EUR("3.19"))
    order.refresh_from_db()
    assert (order.total_amount, order.version, rows(order, *AMOUNTS)) == (EUR("23.80"), 0, before)
    event = Event.objects.get(kind="order_edit.drafted")
    told = {"total": "20.00", "was": "23.80", "currency": "EUR"}
    assert (event.order_id, event.data) == (order.pk, told)


def test_an_adjustment_is_split_over_the_tax_rates(place, free, service_sku, now):
    order = place(
        lines=[
            LineData(1, "S-UNTRACKED", unit_price=EUR("119"), tax_rate=EUR("0.19")),
            LineData(1, "S-UNTRACKED", unit_price=EUR("53.50"), tax_rate=EUR("0.07")),
        ]
    )

    edit(order, adjust("-10.00"), now=now)

    discounts = rows(order, *AMOUNTS)[2:]
    assert discounts == [
        ("DISCOUNT", EUR("0.07"), EUR("-2.90"), EUR("-0.20"), EUR("-3.10")),
        ("DISCOUNT", EUR("0.19"), EUR("-5.80"), EUR("-1.10"), EUR("-6.90")),
    ]
    assert (order.total_amount, order.tax_amount) == (EUR("162.50"), EUR("21.20"))
    assert order.net_amount + order.tax_amount == order.total_amount


def test_a_surcharge_is_a_fee_also_where_prices_are_net(place, channel, free, now):
    channel.prices_include_tax = False
    channel.save()
    order = place()

    edit(order, adjust("11.90"), now=now)

    assert rows(order, *AMOUNTS, "unit_price", "description")[-1] == (
        *("FEE", EUR("0.19"), EUR("10"), EUR("1.90"), EUR("11.90")),
        *(EUR("10"), "Adjustment"),
    )


def test_lines_are_added_removed_and_counted_anew(place, free, service_sku, stocked, now):
    stocked("A", 0)
    order = place(
        lines=[
            LineData(3, "S-UNTRACKED", unit_price=EUR("11.90"), tax_rate=EUR("0.19")),
            *lines(("A", 2)),
        ]
    )
    first, second = OrderLine.objects.filter(order=order).order_by("position")

    edit(order, quantity(first, 1), remove(second), add(service_sku, 4), now=now)

    assert rows(order, "position", "quantity", "cancelled", "gross_amount", "tax_amount") == [
        (1, 1, 0, EUR("11.90"), EUR("1.90")),
        (2, 2, 2, EUR(0), EUR(0)),
        (3, 4, 0, EUR("20.00"), EUR(0)),
    ]
    assert (order.total_amount, order.tax_amount, order.version) == (EUR("31.90"), EUR("1.90"), 1)
    assert (order.ordered_quantity, order.cancelled_quantity, order.short_quantity) == (7, 2, 0)
    event = Event.objects.get(kind="order.edited")
    assert event.data == {
        "edit": OrderEdit.objects.get().pk,
        "total": "31.90",
        "was": "55.70",
        "currency": "EUR",
    }
    assert OrderEdit.objects.get().status == "COMMITTED"


def test_a_kit_takes_its_parts_along(place, channel, free, now):
    product = Product.objects.create(code="K", name="Kits")
    part = Sku.objects.create(code="PART", name="Part", product=product, stock_policy="UNTRACKED")
    kit = Sku.objects.create(code="KIT", name="Kit", product=product, is_kit=True)
    KitComponent.objects.create(kit=kit, component=part, quantity=3)
    order = place(lines=[LineData(2, "KIT", unit_price=EUR(10), tax_rate=EUR(0))])
    kit_line, part_line = OrderLine.objects.filter(order=order).order_by("position")
    assert refusals(order, remove(part_line), now=now) == [
        f"Line {part_line.pk} is part of a kit: change the kit."
    ]

    edit(order, quantity(kit_line, 5), add(kit, 1), now=now)

    assert rows(order, "kind", "quantity", "gross_amount") == [
        *[("KIT", 5, EUR(50)), ("ITEM", 15, EUR(0))],
        *[("KIT", 1, EUR(5)), ("ITEM", 3, EUR(0))],
    ]
    added = OrderLine.objects.get(order=order, position=4)
    assert added.kit_line == OrderLine.objects.get(order=order, position=3)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda line: (), "Name at least one change."),
        (lambda line: [Change("DANCE")], "There is no change 'DANCE'."),
        (lambda line: [adjust("0")], "0 EUR is no amount to adjust by."),
        (lambda line: [adjust("0.001")], "0.001 EUR is no amount to adjust by."),
        (lambda line: [adjust("-30")], "The total would be negative: -6.20."),
        (lambda line: [remove(line)], "No item would be left: cancel the order instead."),
        (lambda line: [quantity(line, 2)], "Line {pk} has that quantity already."),
        (lambda line: [quantity(line, 0)], "Quantity 0 is not possible: remove the line instead."),
        (
            lambda line: [quantity(line, 10**7)],
            "Quantity 10000000 is not possible: remove the line instead.",
        ),
        (lambda line: [quantity(line, 3), remove(line)], "Line {pk} is named twice."),
        (lambda line: [Change("REMOVE_LINE", line_id=0)], "Line 0 is not of this order."),
        (
            lambda line: [Change("ADD_LINE", sku="NO", quantity=1, unit_price=EUR(1))],
            "Line 1: SKU 'NO' is unknown.",
        ),
        (
            lambda line: [Change("ADD_LINE", sku="S-UNTRACKED", quantity=1)],
            "Line 1: there is no price in EUR.",
        ),
        (lambda line: [Change("CHANGE_ADDRESS")], "Give one address."),
        (
            lambda line: [Change("CHANGE_ADDRESS", address=AddressData("FR"))],
            "The country has another tax: cancel the order and place it anew.",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(place, now, change, reason):
    order = place()
    line = OrderLine.objects.get(order=order)

    assert refusals(order, *change(line), now=now) == [reason.format(pk=line.pk)]


def test_an_address_changes_within_its_tax_region(place, free, now):
    TaxRate.objects.create(country="DE", region="Helgoland", rate=0, valid_from="2020-01-01")
    TaxRate.objects.create(country="DE", rate=EUR("0.19"), valid_from="2020-01-01")
    order = place()
    old = order.ship_to
    new = AddressData("DE", "Ada King", line1="Road 2", city="Bonn", region="NRW")
    island = AddressData("DE", region="Helgoland")
    assert refusals(order, Change("CHANGE_ADDRESS", address=island), now=now) == [
        "The region has another tax: cancel the order and place it anew."
    ]

    edit(order, Change("CHANGE_ADDRESS", address=new), now=now)

    assert (order.ship_to.city, order.ship_to.recipient) == ("Bonn", "Ada King")
    assert (order.bill_to, order.total_amount) == (old, EUR("23.80"))
    row = OrderEdit.objects.get().lines.get()
    assert (row.address, row.address_before) == (order.ship_to, old)
    assert "Bonn" not in str(list(Event.objects.values_list("data", flat=True)))


def test_confirmed_orders_keep_their_stock_in_step(place, stocked, free, channel, now):
    a, _b = stocked("A", 5), stocked("B", 5)
    order = place(lines=lines(("A", 4), ("B", 1)))
    confirm_orders([order.pk], now=now)
    first, second = OrderLine.objects.filter(order=order).order_by("position")

    order = Order.objects.get(pk=order.pk)
    edit(order, quantity(first, 1), quantity(second, 5), add(a, 4), now=now)

    assert rows(order, "quantity", "reserved") == [(1, 1), (5, 5), (4, 4)]
    levels = dict(StockLevel.objects.values_list("sku__code", "reserved"))
    assert levels == {"A": 5, "B": 5}
    assert (order.status, order.short_quantity, order.reserved_quantity) == ("CONFIRMED", 0, 10)


def test_a_confirmed_order_cannot_have_what_is_not_there(place, stocked, free, now):
    stocked("A", 5)
    order = place(lines=lines(("A", 4)))
    confirm_orders([order.pk], now=now)
    line = OrderLine.objects.get(order=order)
    order.refresh_from_db()
    made = draft(order, quantity(line, 7), now=now)

    outcome = commit_edits([made.pk], now=now)

    assert outcome.blocked == {made.pk: ["2 × A missing from stock."]}
    assert rows(order, "quantity", "reserved") == [(4, 4)]
    assert not Event.objects.filter(kind="order.edited").exists()


def test_back_orders_wait_for_what_is_not_there(place, stocked, free, channel, now):
    channel.allows_backorders = True
    channel.save()
    stocked("A", 5)
    order = place(lines=lines(("A", 4)))
    confirm_orders([order.pk], now=now)
    order.refresh_from_db()

    edit(order, quantity(OrderLine.objects.get(order=order), 7), now=now)

    assert (order.reserved_quantity, order.short_quantity) == (5, 2)
    assert Event.objects.filter(kind="order.backordered", order_id=order.pk).count() == 1


def test_an_edit_is_refused_when_the_order_changed_meanwhile(place, free, now):
    order = place()
    made = draft(order, adjust("1"), now=now)
    place_holds([order.pk], now=now)
    gone = draft_edits([EditOrder(order.pk, [adjust("1")], version=0)], now=now)

    outcome = commit_edits([made.pk], now=now)

    stale = "The order changed meanwhile: make a new edit."
    assert [str(r) for r in outcome.blocked[made.pk]] == [stale]
    assert gone.refused == {0: [stale]}
    order.refresh_from_db()
    assert order.total_amount == EUR("23.80")


def test_of_two_edits_on_one_version_the_first_is_made(place, free, now):
    order = place()
    one, two = draft(order, adjust("1"), now=now), draft(order, adjust("2"), now=now)

    outcome = commit_edits([one.pk, two.pk], now=now)

    assert (outcome.moved, list(outcome.blocked)) == ([one.pk], [two.pk])
    order.refresh_from_db()
    assert order.total_amount == EUR("24.80")
    assert list(commit_edits([one.pk], now=now).blocked) == [one.pk]


def test_an_edit_keeps_its_reason_unless_committing_gives_another(place, free, now):
    one, other = place("1"), place("2")
    made = [
        draft(o, adjust("-1"), now=now, note=f"agreed with {o.external_id}") for o in (one, other)
    ]
    last = draft(place("3"), adjust("-1"), now=now)

    assert commit_edits([m.pk for m in made], now=now).blocked == {}
    commit_edits([last.pk], now=now, reason="late")

    for kind in ("order.edited", "order_edit.committed"):
        told = Event.objects.filter(kind=kind).order_by("order_id").values_list("reason", flat=True)
        assert list(told) == ["agreed with 1", "agreed with 2", "late"]
    written = Order.history.filter(version=1).order_by("id")
    assert list(written.values_list("history_change_reason", flat=True)) == [
        "agreed with 1",
        "agreed with 2",
        "late",
    ]
    assert OrderEdit.objects.get(pk=last.pk).note == "late"


def test_released_orders_are_not_edited(place, free, now):
    order = place()
    confirm_orders([order.pk], now=now)
    made = draft(Order.objects.get(pk=order.pk), adjust("1"), now=now)
    release_orders([order.pk], now=now)

    outcome = commit_edits([made.pk], now=now)

    reasons = [str(r) for r in outcome.blocked[made.pk]]
    assert reasons == ["The order changed meanwhile: make a new edit."]
    refused = draft_edits([EditOrder(order.pk, [adjust("1")])], now=now)
    assert refused.refused == {0: ["Only possible in state Pending / Confirmed."]}


def test_commit_takes_as_many_statements_for_many_edits(place, free, service_sku, now):
    counts = []
    for number in (1, 6):
        orders = [place(f"{number}-{n}") for n in range(number)]
        commands = [EditOrder(o.pk, [adjust("1"), add(service_sku, 1)]) for o in orders]
        with CaptureQueriesContext(connection) as queries:
            drafted = draft_edits(commands, now=now)
            outcome = submit_edits(list(drafted.created.values()), now=now)
        assert len(outcome.moved) == number
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.fixture
def people(db):
    asker = User.objects.create(username="asker", is_superuser=True)
    return asker, User.objects.create(username="checker", is_superuser=True)


@pytest.fixture
def proposed(people, place, now):
    """Return an edit by the asker that waits for a second person."""
    ApprovalPolicy.objects.create(kind="orders.edit", currency="EUR", above=5)
    order = place()
    with acting(people[0].pk):
        made = draft(order, adjust("-6"), now=now)
        assert submit_edits([made.pk], now=now, reason="please").moved == [made.pk]
    made.refresh_from_db()
    assert made.status == "PROPOSED"
    return made


def state(made):
    made.refresh_from_db()
    made.order.refresh_from_db()
    return made.status, made.order.total_amount, made.order.version


def test_above_the_threshold_a_second_person_commits(proposed, people, drain, now):
    asked = Approval.objects.get()
    assert (asked.subject_id, asked.amount, asked.currency) == (proposed.pk, EUR(6), "EUR")
    blocked = commit_edits([proposed.pk], now=now).blocked[proposed.pk]
    assert [str(r) for r in blocked] == [
        "It waits for a second person: decide or withdraw the approval."
    ]

    with acting(people[1].pk):
        approve_approvals([asked.pk], now=now)
    drain()
    drain()

    assert state(proposed) == ("COMMITTED", EUR("17.80"), 1)
    assert (proposed.modified_by, proposed.order.modified_by) == (people[1], people[1])
    assert (proposed.created_by, Event.objects.filter(kind="order.edited").count()) == (
        people[0],
        1,
    )


@pytest.mark.parametrize(
    ("decide", "who", "status"),
    [(reject_approvals, 1, "REJECTED"), (withdraw_approvals, 0, "CANCELLED")],
)
def test_a_refused_edit_ends(proposed, people, drain, now, decide, who, status):
    assert list(cancel_edits([proposed.pk], now=now).blocked) == [proposed.pk]

    with acting(people[who].pk):
        decide([Approval.objects.get().pk], now=now)
    drain()

    assert state(proposed) == (status, EUR("23.80"), 0)
    assert list(commit_edits([proposed.pk], now=now).blocked) == [proposed.pk]


def test_an_approved_edit_of_an_order_that_changed_is_rejected_with_the_reason(
    proposed, people, drain, now
):
    place_holds([proposed.order_id], now=now)
    with acting(people[1].pk):
        approve_approvals([Approval.objects.get().pk], now=now)
    drain()

    assert state(proposed)[:2] == ("REJECTED", EUR("23.80"))
    event = Event.objects.get(kind="order_edit.rejected")
    assert event.reason == "The order changed meanwhile: make a new edit."


def test_one_edit_of_an_order_waits_at_a_time(proposed, now):
    other = draft(proposed.order, adjust("-9"), now=now)

    outcome = propose_edits([other.pk], now=now)

    assert [str(r) for r in outcome.blocked[other.pk]] == [
        "Another edit of this order waits for approval: decide it first."
    ]


def test_many_small_edits_do_not_pass_where_a_large_one_would_not(place, people, now):
    ApprovalPolicy.objects.create(kind="orders.edit", currency="EUR", above=5)
    order = place()
    edit(order, adjust("-4"), now=now)
    made = draft(order, adjust("-2"), now=now)

    blocked = commit_edits([made.pk], now=now).blocked[made.pk]

    assert [str(r) for r in blocked] == [
        "It moves more money than one person may: ask for approval."
    ]
    submit_edits([made.pk], now=now)
    made.refresh_from_db()
    assert (made.status, Approval.objects.get().amount) == ("PROPOSED", EUR(6))


def test_without_a_policy_every_change_of_money_waits_and_no_other_does(place, now):
    order = place()
    free_of_charge = Change("CHANGE_ADDRESS", address=AddressData("DE", city="Bonn"))
    edit(order, free_of_charge, now=now)
    made = draft(order, adjust("0.01"), now=now)

    submit_edits([made.pk], now=now)

    made.refresh_from_db()
    assert (order.ship_to.city, made.status) == ("Bonn", "PROPOSED")


def test_a_draft_is_called_off(place, now):
    made = draft(place(), adjust("1"), now=now)

    assert cancel_edits([made.pk], now=now).moved == [made.pk]
    assert state(made) == ("CANCELLED", EUR("23.80"), 0)


def test_orders_that_confirm_by_themselves_do_so_once_an_edit_lets_them(
    place, channel, stocked, free, drain, now
):
    channel.confirms_by_itself = True
    channel.save()
    stocked("A", 1)
    order = place(lines=lines(("A", 2)))
    drain()
    order.refresh_from_db()
    assert order.status == "PENDING"

    edit(order, quantity(OrderLine.objects.get(order=order), 1), now=now)
    drain()

    order.refresh_from_db()
    assert (order.status, order.reserved_quantity) == ("CONFIRMED", 1)


def test_two_people_commit_one_edit_once(transactional_db, actor, place, free, now):
    order = place()
    made = draft(order, adjust("1"), now=now)

    results = together(*[lambda: commit_edits([made.pk], now=now)] * 2)

    assert sorted(len(r.moved) for r in results) == [0, 1]
    assert state(made) == ("COMMITTED", EUR("24.80"), 1)
