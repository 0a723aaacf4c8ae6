"""Parcels of carriers that track and sell no labels."""

import pytest

from backoffice.core.actor import acting_job
from backoffice.core.states import Outcome
from logistics.carriers.adapter import Adapter
from logistics.carriers.registry import ADAPTERS
from logistics.filters import ParcelFilter
from logistics.models import LabelRequest, Parcel, Tracking
from logistics.services.handover import hand_over_parcels, hand_over_shipments
from logistics.services.labels import LabelAnswer, record_labels
from logistics.services.numbers import EMPTY, TAKEN, enter_number, enter_numbers
from logistics.services.packing import NewParcel, PackShipment, pack_shipments
from logistics.states import LABELLED

pytestmark = pytest.mark.usefixtures("proven")


class Tracker(Adapter):
    """Knows parcels by numbers of its own, and sells no labels."""

    tracks = True


@pytest.fixture
def tracker(carrier_account, monkeypatch):
    """The usual account, of a carrier that only tracks."""
    monkeypatch.setitem(ADAPTERS, "tracker", Tracker())
    carrier_account.adapter = "tracker"
    carrier_account.save()
    return carrier_account


@pytest.fixture
def packed(warehouse, place):
    """Pack an order without saying a number; return its parcel."""

    def run(external_id="1"):
        order = place(external_id)
        warehouse.release(order)
        [parcel] = warehouse.pack(*warehouse.plan(order), label=False)
        return parcel

    return run


def waiting(is_waiting=True):
    return list(ParcelFilter({"needs_number": is_waiting}).qs)


def test_a_parcel_waits_for_the_number_that_its_carrier_knows(tracker, packed, now):
    parcel = packed()
    assert (parcel.status, parcel.tracking_number) == ("CREATED", "")
    assert not LabelRequest.objects.exists()
    assert waiting() == [parcel]
    blocked = hand_over_shipments([parcel.shipment_id], now=now).blocked
    assert blocked == {parcel.shipment_id: [LABELLED.reason]}

    assert enter_number([parcel.pk], tracking_number=" X1 ", now=now).moved == [parcel.pk]

    parcel.refresh_from_db()
    assert (parcel.status, parcel.tracking_number, parcel.labelled_at) == ("LABELLED", "X1", now)
    assert waiting() == []
    assert hand_over_parcels([parcel.pk], now=now).moved == [parcel.pk]
    assert Tracking.objects.get().next_poll_at is not None


def test_a_number_is_corrected_until_the_parcel_leaves(tracker, packed, now):
    parcel = packed()
    enter_number([parcel.pk], tracking_number="X1", now=now)
    assert enter_number([parcel.pk], tracking_number="X2", now=now).moved == [parcel.pk]
    hand_over_parcels([parcel.pk], now=now)

    assert list(enter_number([parcel.pk], tracking_number="X3", now=now).blocked) == [parcel.pk]
    parcel.refresh_from_db()
    assert parcel.tracking_number == "X2"


def test_a_number_is_given_once(tracker, packed, now):
    one, two, three = packed("1"), packed("2"), packed("3")
    enter_number([one.pk], tracking_number="X1", now=now)

    outcome = enter_numbers(
        [one.pk, two.pk, three.pk], numbers={one.pk: "X1", two.pk: "X1", three.pk: " "}, now=now
    )

    assert outcome == Outcome([one.pk], {two.pk: [TAKEN], three.pk: [EMPTY]})
    outcome = enter_numbers([two.pk, three.pk], numbers={two.pk: "X9", three.pk: "X9"}, now=now)
    assert outcome == Outcome([two.pk], {three.pk: [TAKEN]})
    assert set(Parcel.objects.values_list("tracking_number", flat=True)) == {"X1", "X9", ""}


def test_a_bought_label_brings_its_number_unless_the_carrier_refused(packed, now):
    parcel = packed()
    assert waiting() == []
    [why] = enter_number([parcel.pk], tracking_number="X1", now=now).blocked[parcel.pk]
    assert str(why) == "The carrier gives the number with the label that it sells."

    record_labels([LabelAnswer(parcel.pk, None, "no such street", is_final=True)], now=now)
    assert waiting() == [parcel]
    assert enter_number([parcel.pk], tracking_number="X1", now=now).moved == [parcel.pk]
    assert not LabelRequest.objects.exists()


def test_without_an_interface_a_parcel_needs_no_number(manual_account, place, warehouse):
    order = place()
    warehouse.release(order)
    [shipment] = warehouse.plan(order)
    command = PackShipment(shipment.pk, [NewParcel(account_id=manual_account.pk)])
    assert pack_shipments([command], now=warehouse.now).moved == [shipment.pk]
    assert Parcel.objects.get().status == "LABELLED"
    assert waiting() == []


def test_what_was_imported_waits_for_nothing(tracker, place, warehouse):
    with acting_job("importer", origin="IMPORT"):
        order = place()
        warehouse.release(order)
        [parcel] = warehouse.pack(*warehouse.plan(order), label=False)
    assert (parcel.status, parcel.tracking_number) == ("LABELLED", "")
