from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.core.invariants import check_invariants
from inventory.models import StockLevel, StockMove
from logistics.models import Parcel, Shipment
from logistics.services.cancelling import cancel_shipments
from logistics.services.handover import hand_over_parcels
from logistics.services.picking import create_pick_lists
from logistics.services.planning import plan_shipments
from logistics.services.scans import apply_scans
from orders.models import Order
from orders.services.lifecycle import cancel_orders
from tests.fixtures.logistics import SHIPPED, scan
from tests.fixtures.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def errors(results):
    return [r for r in results if isinstance(r, Exception)]


def test_a_parcel_leaves_once_whoever_hands_it_over(ordered, warehouse):
    order = ordered()
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    warehouse.pick(shipment)
    (parcel,) = warehouse.pack(shipment)
    seen = [scan(parcel, "DELIVERED", SHIPPED)]
    results = at_once(
        *[partial(hand_over_parcels, [parcel.pk], now=SHIPPED)] * 3,
        partial(apply_scans, seen, now=SHIPPED),
        partial(apply_scans, seen, now=SHIPPED),
        partial(cancel_shipments, [shipment.pk], now=SHIPPED),
    )
    assert errors(results) == []
    parcel.refresh_from_db()
    assert StockMove.objects.filter(kind="SHIPMENT").count() == int(parcel.status != "CANCELLED")
    assert Order.objects.get().shipped_quantity == (0 if parcel.status == "CANCELLED" else 2)
    assert check_invariants() == []


def test_an_order_is_planned_once(ordered, warehouse):
    order = ordered()
    warehouse.release(order)
    results = at_once(*[partial(plan_shipments, [order.pk], now=SHIPPED)] * 6)
    assert errors(results) == []
    assert sorted(len(r) for r in results) == [0, 0, 0, 0, 0, 1]


def test_of_picking_and_cancelling_one_wins(ordered, warehouse):
    for n in range(4):
        order = ordered(external_id=str(n))
        warehouse.release(order)
        (shipment,) = warehouse.plan(order)
        picked, cancelled = at_once(
            partial(create_pick_lists, [shipment.pk], now=SHIPPED),
            partial(cancel_orders, [order.pk], now=SHIPPED),
        )
        assert errors([picked, cancelled]) == []
        assert len(picked.moved) + len(cancelled.moved) == 1
        if cancelled.moved:
            cancel_shipments([shipment.pk], now=SHIPPED)
    assert check_invariants() == []


def test_scans_of_many_parcels_in_opposite_order_do_not_deadlock(ordered, warehouse):
    parcels = warehouse.send(*[ordered(units=1, external_id=str(n)) for n in range(8)])
    one = [scan(p, "DELIVERED", SHIPPED) for p in parcels]
    two = [scan(p, "OUT_FOR_DELIVERY", SHIPPED) for p in reversed(parcels)]
    results = at_once(*[partial(apply_scans, s, now=SHIPPED) for s in (one, two) * 3])
    assert errors(results) == []
    assert set(Parcel.objects.values_list("status", flat=True)) == {"DELIVERED"}
    assert check_invariants() == []


def test_statements_do_not_grow_with_the_shipments(ordered, warehouse):
    def statements(first, count):
        orders = [ordered(units=1, on_hand=99, external_id=f"{first + n}") for n in range(count)]
        with CaptureQueriesContext(connection) as queries:
            warehouse.send(*orders)
        return len(queries)

    assert statements(0, 2) == statements(100, 20)
    assert StockLevel.objects.get().on_hand == 99 - 22
    assert set(Shipment.objects.values_list("status", flat=True)) == {"SHIPPED"}
