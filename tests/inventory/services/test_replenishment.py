from datetime import date, timedelta
from decimal import Decimal

import pytest

from backoffice.core.actor import acting_job
from backoffice.core.models import Event
from inventory.models import (
    Location,
    PurchaseOrder,
    PurchaseOrderLine,
    ReplenishmentPolicy,
    ReplenishmentProposal,
    Supplier,
    SupplierItem,
    Warehouse,
)
from inventory.selectors.replenishment import explain_proposal
from inventory.selectors.stock import available_to_promise, stock_positions
from inventory.services.moves import Transfer, transfer_stock
from inventory.services.places import default_bins
from inventory.services.purchasing import (
    CreatePurchaseOrder,
    PurchaseLine,
    cancel_purchase_orders,
    create_purchase_orders,
)
from inventory.services.replenishment import (
    approve_proposals,
    order_proposals,
    propose_replenishment,
    reject_proposals,
)
from inventory.services.reservations import reserve_stock
from tests.fixtures.inventory import bring, need, ship_on

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def policy(house):
    return ReplenishmentPolicy.objects.create(
        warehouse=house, fill_rate=Decimal("0.975"), rule="TEXTBOOK"
    )


@pytest.fixture
def seller_of_days(house, new_sku, supply, now):
    """Create a SKU that shipped 8 and 12 in turn on each of the last ninety days, none left."""

    def run(code, **terms):
        sku = new_sku(code)
        supply(sku, price="10", lead_time_days=8, **terms)
        ship_on(sku, house, {now - timedelta(days=n): 8 if n % 2 else 12 for n in range(1, 91)})
        return sku

    return run


def test_a_proposal_reckoned_by_hand(seller_of_days, policy, house, now):
    a = seller_of_days("A", minimum_quantity=50, pack_size=25)
    bring(a, house, 40)
    reserve_stock([need(a, house, 15, line=5)], now=now)

    proposed = propose_replenishment(now=now)

    proposal = ReplenishmentProposal.objects.get()
    # sd = sqrt(90 · 4 / 89) = 2.0112; safety = 1.96 · 2.0112 · 3 = 11.83; s = 90 + 11.83 → 102;
    # S = 101.83 + 14 · 10 → 242; 242 − 25 = 217, in packs of 25 → 225.
    assert proposed.created == [proposal.pk]
    assert (proposal.quantity, proposal.reorder_point, proposal.position) == (225, 102, 25)
    assert (proposal.unit_price, proposal.planned_on) == (10, date(2026, 3, 10))
    assert explain_proposal(proposal.explanation) == (
        "900 units were asked for in 91 days; 10 a day are expected now."
        " The supplier offers 8 days and has not delivered yet: 9 days are reckoned with."
        " Until an order is here 90 are sold, give or take 6.03; with a safety stock of 11.83"
        " by the textbook's normal rule: reorder point 102."
        " The position is 25: 40 on hand − 15 reserved − 0 quarantined + 0 on order"
        " − 0 that orders wait for."
        " An order covers 140, that is 14 days, and fills up to 242:"
        " 225 with a minimum of 50 in packs of 25."
    )
    data = Event.objects.get(kind="replenishment.proposed").data
    assert data == {"sku_id": a.pk, "warehouse_id": house.pk, "quantity": 225}


def test_days_without_stock_are_no_days_without_demand(policy, house, new_sku, supply, now):
    a = new_sku("A")
    supply(a, price="10", lead_time_days=8)
    # 8 and 12 in turn for sixty days, then nothing was left for thirty.
    ship_on(a, house, {now - timedelta(days=n): 8 if n % 2 else 12 for n in range(31, 91)})

    propose_replenishment(now=now)

    # sd = sqrt(60 · 4 / 59) = 2.0169; safety = 1.96 · 2.0169 · 3 = 11.86; s = 90 + 11.86 → 102.
    numbers = ReplenishmentProposal.objects.get().explanation
    assert (numbers["units_asked"], numbers["level"], numbers["spread"]) == (600, 10.0, 6.05)
    assert (numbers["days_without_stock"], numbers["reorder_point"]) == (30, 102)
    assert "30 days without stock do not count." in explain_proposal(numbers)


def test_what_lies_in_quarantine_is_no_stock(policy, house, new_sku, supply, now):
    a = new_sku("A")
    supply(a)
    ship_on(a, house, {now - timedelta(days=n): 20 for n in range(61, 91)})
    blocked = Location.objects.create(warehouse=house, code="Q", kind="QUARANTINE")
    bring(a, house, 5, location_id=blocked.pk, at=now - timedelta(days=60))
    # Back on the shelf ten days ago, where it has lain since.
    shelf = default_bins([house.pk])[house.pk]
    transfer_stock([Transfer(a.pk, 5, blocked.pk, shelf)], now=now - timedelta(days=10))

    propose_replenishment(now=now)

    numbers = ReplenishmentProposal.objects.get().explanation
    assert (numbers["known_days"], numbers["days_without_stock"]) == (91, 50)


def test_the_same_need_is_never_proposed_twice(seller_of_days, policy, now):
    seller_of_days("A")

    first = propose_replenishment(now=now)
    again = propose_replenishment(now=now + timedelta(hours=1))
    next_night = propose_replenishment(now=now + timedelta(days=1))

    assert len(first.created) == 1
    assert again.created == next_night.created == []


def test_what_is_rejected_stays_so_for_the_night(seller_of_days, policy, now):
    seller_of_days("A")
    [pk] = propose_replenishment(now=now).created
    reject_proposals([pk], now=now, reason="dying")

    assert propose_replenishment(now=now + timedelta(hours=1)).created == []
    assert len(propose_replenishment(now=now + timedelta(days=1)).created) == 1


def test_what_is_on_order_covers_the_need(seller_of_days, policy, house, supplier, now):
    a = seller_of_days("A")
    command = CreatePurchaseOrder(supplier.pk, house.pk, [PurchaseLine(a.pk, 102)])
    [order] = create_purchase_orders([command], now=now).ids.values()

    assert propose_replenishment(now=now).created == []

    cancel_purchase_orders([order], now=now)
    assert len(propose_replenishment(now=now).created) == 1


def test_a_stale_proposal_expires_and_is_reckoned_anew(seller_of_days, policy, now):
    seller_of_days("A")
    [old] = propose_replenishment(now=now).created

    later = propose_replenishment(now=now + timedelta(days=8))

    assert later.expired == [old]
    assert len(later.created) == 1
    assert ReplenishmentProposal.objects.get(pk=old).status == "EXPIRED"


def test_one_purchase_order_per_supplier_and_warehouse(seller_of_days, policy, house, new_sku, now):
    seller_of_days("A")
    seller_of_days("B")
    other = Supplier.objects.create(code="O", name="Other", currency="EUR")
    c = new_sku("C")
    SupplierItem.objects.create(supplier=other, sku=c, price=1, currency="EUR")
    ReplenishmentPolicy.objects.create(warehouse=house, sku=c, minimum=5, maximum=9)
    created = propose_replenishment(now=now).created
    assert len(created) == 3

    approved = approve_proposals(created, now=now)
    ordered = order_proposals(created, now=now)
    again = order_proposals(created, now=now)

    assert approved.moved == ordered.moved == created
    assert again.moved == []
    assert PurchaseOrder.objects.count() == 2
    assert PurchaseOrderLine.objects.count() == 3
    line = PurchaseOrderLine.objects.get(sku=c)
    assert (line.quantity, line.unit_price) == (9, 1)
    proposal = ReplenishmentProposal.objects.get(sku=c)
    assert proposal.purchase_order_id == line.purchase_order_id
    # What was ordered counts as on order, so the next night is content.
    assert propose_replenishment(now=now + timedelta(days=1)).created == []


def test_purchase_orders_have_the_origin_of_their_proposals(seller_of_days, policy, now):
    for code in "AB":
        seller_of_days(code)
    with acting_job("demo", origin="DEMO"):
        demo = propose_replenishment(now=now).created
    ReplenishmentProposal.objects.filter(pk=demo[1]).update(origin="LIVE")
    approve_proposals(demo, now=now)

    order_proposals(demo, now=now)

    ordered = ReplenishmentProposal.objects.order_by("pk").values_list("purchase_order__origin")
    assert list(ordered) == [("DEMO",), ("LIVE",)]


def test_within_the_limit_it_is_ordered_without_asking(seller_of_days, policy, now):
    policy.orders_up_to = Decimal(5000)
    policy.save()
    seller_of_days("A")

    proposed = propose_replenishment(now=now)

    assert proposed.ordered == proposed.created
    assert PurchaseOrder.objects.get().total_amount == Decimal("2420.00")


def test_what_is_left_alone(seller_of_days, policy, house, supplier, now):
    frozen, retired, untracked = (seller_of_days(c) for c in "FRU")
    ReplenishmentPolicy.objects.create(warehouse=house, sku=frozen, is_frozen=True)
    retired.is_active = False
    retired.save()
    untracked.stock_policy = "UNTRACKED"
    untracked.save()

    assert propose_replenishment(now=now).created == []

    supplier.is_active = False
    supplier.save()
    seller_of_days("N")
    assert propose_replenishment(now=now).created == []


def test_the_preferred_supplier_stands_before_the_cheapest(policy, house, new_sku, supplier, now):
    a = new_sku("A")
    other = Supplier.objects.create(code="O", name="Other", currency="USD", exchange_rate=2)
    dear = SupplierItem.objects.create(supplier=supplier, sku=a, price=3, currency="EUR")
    SupplierItem.objects.create(supplier=other, sku=a, price=2, currency="USD")
    ReplenishmentPolicy.objects.create(warehouse=house, sku=a, minimum=5)

    [pk] = propose_replenishment(now=now).created
    assert ReplenishmentProposal.objects.get(pk=pk).supplier_item == dear

    reject_proposals([pk], now=now)
    SupplierItem.objects.filter(supplier=other).update(is_preferred=True)
    [pk] = propose_replenishment(now=now + timedelta(days=1)).created
    assert ReplenishmentProposal.objects.get(pk=pk).supplier_item.supplier == other


def test_positions_and_what_can_be_promised(goods, house, new_sku, now):
    a, b = goods("A", 7), new_sku("B")
    other = Warehouse.objects.create(code="X", name="X")
    reserve_stock([need(a, house, 2, line=1)], now=now)

    assert available_to_promise([a.pk, b.pk], [house.pk, other.pk]) == {
        (a.pk, house.pk): 5,
        (a.pk, other.pk): 0,
        (b.pk, house.pk): 0,
        (b.pk, other.pk): 0,
    }
    positions = stock_positions([(a.pk, house.pk), (b.pk, other.pk)])
    assert positions[a.pk, house.pk].position == 5
    assert positions[b.pk, other.pk].position == 0


def test_the_statements_do_not_grow_with_the_skus(
    house, new_sku, supply, now, django_assert_max_num_queries
):
    for n in range(20):
        sku = new_sku(f"S{n}")
        supply(sku)
        ReplenishmentPolicy.objects.create(warehouse=house, sku=sku, minimum=5, orders_up_to=99)

    with django_assert_max_num_queries(46):
        proposed = propose_replenishment(now=now)

    assert len(proposed.ordered) == 20
