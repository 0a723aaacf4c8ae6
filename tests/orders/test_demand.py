from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from inventory.models import ReplenishmentPolicy, ReplenishmentProposal
from inventory.selectors.history import demand_history
from inventory.selectors.stock import stock_positions
from inventory.services.replenishment import propose_replenishment
from inventory.services.shipping import ShipItem, ship_stock
from orders.models import Order
from orders.services.fulfilment import LineUnits, record_shipped
from orders.services.lifecycle import cancel_orders, confirm_orders, release_orders
from tests.fixtures.orders import PLACED, add_stock, lines

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def backorders(channel):
    type(channel).objects.update(allows_backorders=True, ships_partially=True)


def asked(sku, channel, now):
    """Return the units asked for of a SKU by day."""
    zones = {channel.warehouse_id: ZoneInfo(channel.warehouse.time_zone)}
    pairs = [(sku.pk, channel.warehouse_id)]
    daily = demand_history(pairs, np.zeros(1, dtype=np.int64), zones, now=now).daily[0]
    today = now.astimezone(zones[channel.warehouse_id]).date()
    found = {today - timedelta(days=len(daily) - n): int(x) for n, x in enumerate(daily)}
    return {day: units for day, units in found.items() if units}


def test_what_orders_wait_for_is_missing_from_the_position(
    place, channel, backorders, stocked, now
):
    sku = stocked("A", 1)
    order = place(lines=lines(("A", 4)))
    confirm_orders([order.pk], now=now)

    position = stock_positions([(sku.pk, channel.warehouse_id)])[sku.pk, channel.warehouse_id]

    assert (position.on_hand, position.reserved, position.waiting) == (1, 1, 3)
    assert position.position == -3


def test_unpaid_and_cancelled_and_imported_orders_wait_for_nothing(
    place, channel, backorders, stocked, now
):
    sku = stocked("A", 0)
    pair = (sku.pk, channel.warehouse_id)
    cancelled, imported, pending = (place(n, lines=lines(("A", 2))) for n in "123")
    confirm_orders([cancelled.pk, imported.pk], now=now)
    assert stock_positions([pair])[pair].waiting == 6

    cancel_orders([cancelled.pk], now=now)
    assert stock_positions([pair])[pair].waiting == 4
    Order.objects.filter(pk=imported.pk).update(origin="IMPORT")
    assert stock_positions([pair])[pair].waiting == 2
    type(channel).objects.update(payment_terms="PREPAID")
    assert stock_positions([pair])[pair].waiting == 0


def test_the_same_waiting_units_are_bought_once(place, channel, backorders, stocked, supply, now):
    sku = stocked("A", 0)
    supply(sku)
    ReplenishmentPolicy.objects.create(
        warehouse_id=channel.warehouse_id, sku=sku, minimum=0, maximum=0
    )
    order = place(lines=lines(("A", 4)))
    confirm_orders([order.pk], now=now)

    first = propose_replenishment(now=now)
    next_night = propose_replenishment(now=now + timedelta(days=1))

    proposal = ReplenishmentProposal.objects.get()
    assert (first.created, next_night.created) == ([proposal.pk], [])
    assert (proposal.position, proposal.quantity, proposal.explanation["waiting"]) == (-4, 4, 4)

    add_stock(sku, channel.warehouse_id, 4)
    later = propose_replenishment(now=now + timedelta(days=9))
    assert (later.expired, later.created) == ([proposal.pk], [])


def test_demand_falls_on_the_day_it_was_asked_for(place, channel, backorders, stocked, now):
    sku = stocked("A", 3)
    pair = (sku.pk, channel.warehouse_id)
    early = place("1", placed_at=PLACED - timedelta(days=6), lines=lines(("A", 2)))
    late = place("2", placed_at=PLACED - timedelta(days=2), lines=lines(("A", 5)))
    confirm_orders([early.pk, late.pk], now=now)
    release_orders([early.pk], now=now)
    line = early.lines.get()
    record_shipped([LineUnits(line.pk, 2)], now=now)
    ship_stock([ShipItem("orders.orderline", line.pk, *pair, 2)], now=now)

    # Shipped, reserved or waiting: what was asked for is told once, and not again when it leaves.
    assert asked(sku, channel, now) == {date(2026, 3, 4): 2, date(2026, 3, 8): 5}
