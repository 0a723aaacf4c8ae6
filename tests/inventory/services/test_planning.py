"""The night: rules by what is known, limits, budgets, freezes, runs."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backoffice.core.actor import acting_job
from inventory.models import (
    Product,
    PurchaseOrder,
    ReplenishmentPolicy,
    ReplenishmentProposal,
    ReplenishmentRun,
    Sku,
    Warehouse,
)
from inventory.selectors.lead_times import observed_lead_times
from inventory.selectors.policies import Policies
from inventory.selectors.replenishment import explain_proposal
from inventory.services import replenishment
from inventory.services.moves import Move, post_moves
from inventory.services.purchasing import (
    CreatePurchaseOrder,
    PurchaseLine,
    approve_purchase_orders,
    create_purchase_orders,
    send_purchase_orders,
)
from inventory.services.receiving import ReceivedGoods, ReceiveGoods, receive_goods
from inventory.services.replenishment import propose_replenishment
from tests.fixtures.inventory import bring, ship_on

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def selling(house, supply, now):
    """Create a SKU of a category that shipped units every day, none left."""

    def run(code, units=4, *, days=120, category="Cups", at=None, **terms):
        product, _ = Product.objects.get_or_create(
            code=f"P-{category}", defaults={"name": category, "category": category}
        )
        sku = Sku.objects.create(code=code, name=code, product=product)
        Sku.objects.filter(pk=sku.pk).update(created_at=now - timedelta(days=days))
        supply(sku, price="10", **terms)
        ship_on(sku, at or house, {now - timedelta(days=n): units for n in range(1, days + 1)})
        return sku

    return run


def proposals():
    return {p.sku.code: p for p in ReplenishmentProposal.objects.select_related("sku")}


def test_a_sku_with_a_past_is_planned_by_its_own_and_all_demand(selling, now):
    ReplenishmentPolicy.objects.create()
    selling("A", 4)
    selling("B", 2)

    propose_replenishment(now=now)

    a = proposals()["A"].explanation
    assert (a["rule"], a["known_days"], a["units_asked"]) == ("HYBRID", 121, 480)
    assert a["level"] == pytest.approx(4, abs=0.05)
    assert a["lead_time"] == 8.0
    assert a["reorder_point"] >= 32
    # Of 121 known days the first 28 only teach.
    assert (a["replayed_days"], a["fill_rate"]) == (93, 0.98)
    assert "replaying the last 93 days delivered" in explain_proposal(a)
    run = ReplenishmentRun.objects.get()
    assert run.measured_at == run.started_at == now
    assert (run.curve["days"], run.curve["rows"], len(run.curve["fill"])) == (93, 2, 14)
    assert {k: run.figures[k] for k in ("planned", "rule_hybrid", "proposed", "frozen")} == {
        "planned": 2,
        "rule_hybrid": 2,
        "proposed": 2,
        "frozen": 0,
    }


def test_the_curve_is_measured_once_a_week(selling, now):
    ReplenishmentPolicy.objects.create()
    selling("A")

    for days in (0, 1, 8):
        propose_replenishment(now=now + timedelta(days=days))

    runs = ReplenishmentRun.objects.order_by("started_at")
    assert [run.measured_at for run in runs] == [now, now, now + timedelta(days=8)]
    assert runs[0].curve == runs[1].curve


def test_a_new_sku_begins_as_its_category(selling, house, now):
    ReplenishmentPolicy.objects.create(warehouse=house)
    selling("A", 4)
    selling("NEW", 1, days=5)

    propose_replenishment(now=now)

    found = proposals()
    new = found["NEW"].explanation
    assert (new["rule"], new["known_days"], new["category"]) == ("COLD_START", 6, "Cups")
    assert new["category_level"] == found["A"].explanation["level"]
    assert new["level"] == pytest.approx((5 + 28 * new["category_level"]) / 34, abs=1e-3)
    assert explain_proposal(new).startswith("New: only 6 days are known.")


def test_a_bulk_line_is_no_shelf_demand(selling, house, now):
    ReplenishmentPolicy.objects.create(warehouse=house)
    a = selling("A", 4)
    ship_on(a, house, {now - timedelta(days=3): 400})

    propose_replenishment(now=now)

    numbers = proposals()["A"].explanation
    assert (numbers["units_asked"], numbers["bulk_lines"], numbers["bulk_units"]) == (480, 1, 400)
    assert "1 bulk lines of 400 units are left out." in explain_proposal(numbers)


def test_the_narrowest_policy_that_says_something_counts(house, new_sku):
    a = new_sku("A")
    own = {
        "company": ReplenishmentPolicy.objects.create(fill_rate=Decimal("0.9"), minimum=1),
        "house": ReplenishmentPolicy.objects.create(warehouse=house, order_rhythm_days=30),
        "category": ReplenishmentPolicy.objects.create(category="Cups", fill_rate=Decimal("0.95")),
        "sku": ReplenishmentPolicy.objects.create(sku=a, rule="TEXTBOOK"),
    }
    policies = Policies(on=date(2026, 3, 10))

    rows = policies.matching(house.pk, "Cups", a.pk)
    terms = policies.terms(rows)

    assert rows == [own["sku"], own["category"], own["house"], own["company"]]
    assert (terms.rule, terms.fill_rate, terms.order_rhythm_days, terms.minimum) == (
        "TEXTBOOK",
        Decimal("0.95"),
        30,
        1,
    )
    other = policies.terms(policies.matching(house.pk + 1, "", a.pk + 1))
    assert (other.rule, other.fill_rate, other.order_rhythm_days) == ("HYBRID", Decimal("0.9"), 14)


@pytest.mark.parametrize("scope", ["house", "category", "sku"])
def test_what_is_frozen_is_left_alone_until_its_day(selling, house, now, scope):
    ReplenishmentPolicy.objects.create()
    a = selling("A")
    frozen = {"house": {"warehouse": house}, "category": {"category": "Cups"}, "sku": {"sku": a}}
    ReplenishmentPolicy.objects.create(
        **frozen[scope], is_frozen=True, frozen_until=date(2026, 3, 12), frozen_reason="stocktake"
    )

    assert propose_replenishment(now=now).created == []
    assert propose_replenishment(now=now + timedelta(days=1)).created == []
    assert len(propose_replenishment(now=now + timedelta(days=2)).created) == 1
    figures = ReplenishmentRun.objects.order_by("pk").values_list("figures__frozen", flat=True)
    # Nothing else was to be planned in the first two nights.
    assert list(figures) == [0]


def test_a_proposal_is_cut_to_its_limit_in_packs(selling, house, now):
    ReplenishmentPolicy.objects.create(warehouse=house, minimum=50, maximum=100)
    selling("A", pack_size=6, minimum_quantity=12)
    ReplenishmentPolicy.objects.update(proposal_limit=Decimal(305))

    propose_replenishment(now=now)

    a = proposals()["A"]
    assert (a.quantity, a.explanation["wanted"]) == (30, 102)
    assert explain_proposal(a.explanation).endswith("The policy's limit allows 30 of them.")
    assert ReplenishmentRun.objects.get().figures["cut"] == 1


def test_below_the_minimum_order_the_limit_leaves_it_out(selling, house, now):
    ReplenishmentPolicy.objects.create(
        warehouse=house, minimum=50, maximum=100, proposal_limit=Decimal(100)
    )
    selling("A", minimum_quantity=12)

    assert propose_replenishment(now=now).created == []
    assert ReplenishmentRun.objects.get().figures["left_out"] == 1


@pytest.mark.parametrize("whose", ["company", "house", "supplier"])
def test_a_day_s_budget_goes_to_what_runs_out_first(selling, house, supplier, now, whose):
    ReplenishmentPolicy.objects.create(warehouse=house, minimum=50, maximum=60)
    slow, fast = selling("SLOW", 1), selling("FAST", 9)
    bring(slow, house, 10)
    bring(fast, house, 10)
    if whose == "supplier":
        supplier.day_budget = Decimal(800)
        supplier.save()
    else:
        scope = {"warehouse": house} if whose == "house" else {"warehouse": None}
        ReplenishmentPolicy.objects.update_or_create(
            **scope, category="", sku=None, defaults={"day_budget": Decimal(800)}
        )

    first = propose_replenishment(now=now)
    again = propose_replenishment(now=now + timedelta(hours=1))
    next_day = propose_replenishment(now=now + timedelta(days=1))

    # Each needs 50 units at 10: the budget is enough for one a day, whoever runs twice.
    assert [p.sku.code for p in ReplenishmentProposal.objects.order_by("pk")] == ["FAST", "SLOW"]
    assert (len(first.created), again.created, len(next_day.created)) == (1, [], 1)
    run = ReplenishmentRun.objects.order_by("pk")[0]
    assert (run.figures["left_out"], run.figures["left_out_value"]) == (1, 500)


def test_lead_times_are_learnt_from_receipts(goods, house, supplier, supply, now):
    a = goods("A", 0)
    supply(a, lead_time_days=30)
    for days in (3, 5):
        sent = now - timedelta(days=20)
        command = CreatePurchaseOrder(supplier.pk, house.pk, [PurchaseLine(a.pk, 4)])
        [pk] = create_purchase_orders([command], now=sent).ids.values()
        approve_purchase_orders([pk], now=sent)
        send_purchase_orders([pk], now=sent)
        line = PurchaseOrder.objects.get(pk=pk).lines.get()
        came = sent + timedelta(days=days)
        receive_goods([ReceiveGoods(pk, [ReceivedGoods(line.pk, 4)], received_at=came)], now=came)

    found = observed_lead_times(now=now)

    # From the close of the day before it was sent.
    assert sorted(found[supplier.pk].tolist()) == [4, 6]
    assert observed_lead_times(now=now - timedelta(days=16)) == {supplier.pk: pytest.approx([4])}
    assert observed_lead_times(now=now + timedelta(days=400)) == {}


def test_what_is_bought_for_the_demo_s_stock_is_the_demo_s(selling, house, new_sku, supply, now):
    ReplenishmentPolicy.objects.create(warehouse=house, minimum=5)
    a, b = new_sku("A"), new_sku("B")
    supply(a)
    supply(b)
    with acting_job("demo", origin="DEMO"):
        post_moves([Move("OPENING", a.pk, house.pk, 1)], now=now)
    bring(a, house, -1)
    bring(b, house, 1)

    propose_replenishment(now=now)

    assert {code: p.origin for code, p in proposals().items()} == {"A": "DEMO", "B": "LIVE"}


def test_a_run_that_died_between_parts_goes_on_where_it_stood(selling, house, now, monkeypatch):
    ReplenishmentPolicy.objects.create(warehouse=house, minimum=50, maximum=60)
    for code in "ABC":
        selling(code, days=3)
    monkeypatch.setattr("inventory.services.candidates.CHUNK", 1)
    write, calls = replenishment.write_proposals, []

    def dies(planned, **options):
        calls.append(planned)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return write(planned, **options)

    monkeypatch.setattr(replenishment, "write_proposals", dies)
    with pytest.raises(RuntimeError):
        propose_replenishment(now=now)
    assert sorted(proposals()) == ["A"]

    propose_replenishment(now=now + timedelta(minutes=10))

    assert sorted(proposals()) == ["A", "B", "C"]
    assert ReplenishmentRun.objects.count() == 1


def test_each_warehouse_is_planned_for_itself(selling, house, now):
    ReplenishmentPolicy.objects.create()
    other = Warehouse.objects.create(code="X", name="X", time_zone="Asia/Tokyo")
    selling("A", 4)
    selling("B", 4, at=other)

    propose_replenishment(now=now, warehouse_ids=[other.pk])

    assert [p.warehouse for p in proposals().values()] == [other]
    assert ReplenishmentRun.objects.get().warehouses == [other.pk]
