"""Holds for a doubted address, and how they end."""

from datetime import timedelta

import pytest

from backoffice.core.extensions import obstacles
from backoffice.core.models import Event
from backoffice.core.tasks import SCHEDULED, run_slot
from orders import tasks  # noqa: F401
from orders.choices import HoldReason
from orders.models import Hold
from orders.services.commands import AddressData, Change, EditOrder
from orders.services.edits import commit_edits, draft_edits
from orders.services.holds import accept_addresses, place_holds, release_due_holds, release_holds
from orders.services.lifecycle import cancel_orders

pytestmark = pytest.mark.usefixtures("proven")
STILL = "The address is still the one in doubt: draft an edit of it, or accept it with a reason."


@pytest.fixture
def doubted(place, now):
    order = place()
    place_holds([order.pk], now=now, hold=HoldReason.ADDRESS, reason="no street")
    return order


def change_address(order, now):
    order.refresh_from_db()
    change = Change("CHANGE_ADDRESS", address=AddressData("DE", "Ada", line1="Way 2", city="Bonn"))
    drafted = draft_edits([EditOrder(order.pk, [change])], now=now)
    assert commit_edits(list(drafted.created.values()), now=now).blocked == {}


def reasons(outcome, order):
    return [str(text) for text in outcome.blocked[order.pk]]


def open_reasons():
    rows = Hold.objects.filter(released_at=None).order_by("pk")
    return list(rows.values_list("reason", flat=True))


def test_a_doubted_address_keeps_its_order(doubted, now):
    place_holds([doubted.pk], now=now, hold=HoldReason.FRAUD)

    assert reasons(release_holds([doubted.pk], now=now), doubted) == [STILL]

    doubted.refresh_from_db()
    assert (doubted.open_holds, open_reasons()) == (2, ["ADDRESS", "FRAUD"])


def test_a_new_address_frees_it(doubted, now):
    change_address(doubted, now)

    assert release_holds([doubted.pk], now=now).moved == [doubted.pk]

    doubted.refresh_from_db()
    assert (doubted.open_holds, open_reasons()) == (0, [])


def test_an_edit_before_the_hold_answers_no_doubt(place, now):
    order = place()
    change_address(order, now)
    later = now + timedelta(hours=1)
    place_holds([order.pk], now=later, hold=HoldReason.ADDRESS)

    assert reasons(release_holds([order.pk], now=later), order) == [STILL]


def test_an_address_is_accepted_with_a_reason_and_the_other_holds_stay(doubted, now):
    place_holds([doubted.pk], now=now, hold=HoldReason.FRAUD)

    mute = accept_addresses([doubted.pk], now=now, reason="  ")
    done = accept_addresses([doubted.pk], now=now, reason="she lives there")
    again = accept_addresses([doubted.pk], now=now, reason="she lives there")

    assert reasons(mute, doubted) == ["Say why the address is right as it is."]
    assert (done.moved, reasons(again, doubted)) == ([doubted.pk], ["Nobody doubts its address."])
    doubted.refresh_from_db()
    assert (doubted.open_holds, open_reasons()) == (1, ["FRAUD"])
    event = Event.objects.filter(kind="order.hold_released").get()
    assert (event.data, event.reason) == ({"holds": 1}, "she lives there")


def test_the_holds_of_a_cancelled_order_are_released_whatever_its_address(doubted, now):
    cancel_orders([doubted.pk], now=now)

    assert release_holds([doubted.pk], now=now).moved == [doubted.pk]


def test_a_term_ends_no_doubt(place, now):
    order, other = place("1"), place("2")
    term = now + timedelta(hours=1)
    place_holds([order.pk], now=now, hold=HoldReason.ADDRESS, until=term)
    place_holds([order.pk, other.pk], now=now, hold=HoldReason.STOCK, until=term)

    assert release_due_holds([order.pk], now=now) == []
    job = SCHEDULED["orders.release_due_holds"]
    results = [
        run_slot(job.name, job.task.__wrapped__.__wrapped__, now=at, every=job.every).result
        for at in (term, term + timedelta(minutes=2))
    ]

    order.refresh_from_db()
    assert (order.open_holds, open_reasons(), results) == (1, ["ADDRESS"], ["2", "0"])


def test_the_panel_names_the_hold_and_its_ways_out(doubted, now):
    (held,) = obstacles("orders.order", [doubted.pk], now)[doubted.pk]

    assert (held.kind, held.since) == ("HOLD", now)
    assert str(held.text) == (
        "On hold: Address to be checked – “no street” (Automatic: the system, until released)"
    )
    assert [fix.verb for fix in held.fixes] == ["edit", "accept_address", "release_hold"]
