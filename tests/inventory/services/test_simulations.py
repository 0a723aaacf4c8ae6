from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from backoffice.core.jobs import run_chunk
from backoffice.core.models import Event, Job, User
from inventory.models import ReplenishmentPolicy, Simulation, Warehouse
from inventory.selectors.simulations import findings, stock_at
from inventory.services import simulations
from inventory.services.simulations import (
    Simulate,
    adopt_simulations,
    replay_curves,
    start_simulations,
    take_back_simulations,
)
from tests.fixtures.inventory import ship_on

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def shop(house, new_sku, supply, now):
    """A shop with a past of 140 days and a company policy."""
    company = ReplenishmentPolicy.objects.create(fill_rate=Decimal("0.9"))
    for n, code in enumerate("ABC"):
        sku = new_sku(code)
        supply(sku, price="10")
        units = {now - timedelta(days=d): 1 + (d * 7 + n) % 5 for d in range(1, 141)}
        ship_on(sku, house, units)
    return company


@pytest.fixture
def start(now):
    """Start a simulation and let its job run to the end."""

    def run(**change):
        [pk] = start_simulations([Simulate(**change)], now=now)
        job = Simulation.objects.get(pk=pk).job
        while run_chunk(job.pk, now=now):
            pass
        return Simulation.objects.get(pk=pk)

    return run


def test_three_policies_are_replayed_curve_by_curve(shop, now):
    [pk] = start_simulations([Simulate(fill_rate=Decimal("0.99"))], now=now)
    job = Job.objects.get()
    assert (job.total, Simulation.objects.get(pk=pk).status) == (3, "QUEUED")

    run_chunk(job.pk, now=now)
    assert job.rows.filter(outcome="DONE").count() == 1
    assert [str(m) for m in findings(Simulation.objects.get(pk=pk)).missing] == [
        "Monthly min/max",
        "The change",
    ]
    while run_chunk(job.pk, now=now):
        pass

    simulation = Simulation.objects.get(pk=pk)
    assert simulation.status == "DONE"
    found = findings(simulation)
    today, peers, changed = found.rows
    assert [row.policy for row in found.rows] == ["TODAY", "PEERS", "CHANGED"]
    assert changed.fill > today.fill
    assert changed.inventory > today.inventory
    # What today's policy needs for its own fill is what it has, but for the grid of its curve.
    assert today.same_fill == pytest.approx(today.inventory, rel=0.1)
    assert changed.same_fill == pytest.approx(today.same_fill)
    assert (found.about["skus"], found.about["days"]) == (3, 71)
    assert len(found.chart.lines) == 3
    kinds = Event.objects.filter(kind__startswith="simulation.").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == [
        "simulation.started",
        "simulation.finished",
    ]


def test_a_dead_worker_s_curve_is_replayed_again_and_changes_nothing(shop, start, now):
    simulation = start(order_rhythm_days=30)
    before = dict(simulation.curves.values_list("policy", "result"))

    replay_curves(list(simulation.curves.values_list("pk", flat=True)), now=now)

    assert dict(simulation.curves.values_list("policy", "result")) == before


def test_a_change_of_a_warehouse_leaves_the_others_as_they_are(shop, start, house, now):
    Warehouse.objects.create(code="X", name="X")
    simulation = start(warehouse_id=house.pk, fill_rate=Decimal("0.97"))

    outcome = adopt_simulations([simulation.pk], now=now, reason="we lost sales")

    assert outcome.moved == [simulation.pk]
    own = ReplenishmentPolicy.objects.get(warehouse=house)
    assert (own.fill_rate, own.rule, own.order_rhythm_days) == (Decimal("0.97"), "", None)
    shop.refresh_from_db()
    assert shop.fill_rate == Decimal("0.9")
    assert own.history.get().history_change_reason == "we lost sales"
    told = Event.objects.get(kind="simulation.adopted")
    assert told.data == {"policy_id": own.pk}


def test_taking_back_restores_what_was_there(shop, start, house, now):
    over = start(fill_rate=Decimal("0.97"), order_rhythm_days=7, rule="TEXTBOOK")
    own = start(warehouse_id=house.pk, order_rhythm_days=21)
    adopt_simulations([over.pk, own.pk], now=now, reason="try")

    outcome = take_back_simulations([over.pk, own.pk], now=now)

    assert sorted(outcome.moved) == [over.pk, own.pk]
    shop.refresh_from_db()
    assert (shop.fill_rate, shop.order_rhythm_days, shop.rule) == (Decimal("0.9"), None, "")
    assert not ReplenishmentPolicy.objects.get(warehouse=house).is_active
    # And once more forward.
    assert adopt_simulations([over.pk], now=now, reason="after all").moved == [over.pk]
    shop.refresh_from_db()
    assert shop.fill_rate == Decimal("0.97")


def test_what_was_changed_since_is_not_taken_back(shop, start, now):
    simulation = start(fill_rate=Decimal("0.97"))
    adopt_simulations([simulation.pk], now=now, reason="try")
    ReplenishmentPolicy.objects.update(fill_rate=Decimal("0.95"))

    outcome = take_back_simulations([simulation.pk], now=now)

    assert outcome.blocked == {simulation.pk: [simulations.CHANGED_SINCE]}
    shop.refresh_from_db()
    assert shop.fill_rate == Decimal("0.95")
    simulation.refresh_from_db()
    assert simulation.status == "ADOPTED"


def test_adopting_needs_a_reason_and_something_to_write(shop, start, now):
    change, lead = start(fill_rate=Decimal("0.97")), start(lead_time_days=20)

    silent = adopt_simulations([change.pk], now=now)
    nothing = adopt_simulations([lead.pk], now=now, reason="slower")

    assert silent.blocked == {change.pk: [simulations.WHY]}
    assert nothing.blocked == {lead.pk: [simulations.NOTHING]}
    shop.refresh_from_db()
    assert (shop.fill_rate, ReplenishmentPolicy.objects.count()) == (Decimal("0.9"), 1)


def test_another_lead_time_is_tried_with_the_change_alone(shop, start):
    offered, longer = start(lead_time_days=7), start(lead_time_days=30)

    today, _peers, same = findings(offered).rows
    before, _peers, changed = findings(longer).rows
    assert (same.inventory, same.fill) == (today.inventory, today.fill)
    assert (before.inventory, before.fill) == (today.inventory, today.fill)
    assert changed.inventory != today.inventory


@pytest.mark.parametrize(
    ("change", "text"),
    [({"category": "Shoes"}, simulations.NOBODY), ({}, simulations.TOO_SHORT)],
)
def test_what_cannot_be_replayed_says_why(house, new_sku, supply, start, now, change, text):
    ReplenishmentPolicy.objects.create()
    sku = new_sku("A")
    supply(sku)
    ship_on(sku, house, {now - timedelta(days=d): 2 for d in range(1, 50)})

    simulation = start(fill_rate=Decimal("0.99"), **change)

    assert findings(simulation).errors == [str(text)]
    assert findings(simulation).chart is None
    assert simulation.job.rows.filter(outcome="BLOCKED").count() == 3
    outcome = adopt_simulations([simulation.pk], now=now, reason="anyway")
    assert outcome.blocked == {simulation.pk: [simulations.NOT_REPLAYED]}


def test_the_stock_of_a_fill_is_read_between_two_points():
    points = [{"fill": 0.9, "inventory": 100}, {"fill": 0.92, "inventory": 400}]

    assert stock_at(points, 0.91) == pytest.approx(200)
    assert stock_at(points, 0.93) is None


def test_the_chart_has_a_few_round_marks_whatever_the_value(shop, start):
    simulation = start(fill_rate=Decimal("0.99"))
    for most in (0.3, 1, 7, 61, 84_000, 999_999):
        for curve in simulation.curves.all():
            points = [(0.9, most / 2), (0.95, most), (0.99, 50 * most)]
            curve.result["points"] = [{"fill": f, "inventory": v} for f, v in points]
            curve.result["here"] |= {"fill": 0.95, "inventory": most}
            curve.save()

        chart = findings(simulation).chart

        assert 3 <= len(chart.values) <= 7
        assert chart.values[0] == (282.0, 0.0)
        labels = [label for _x, label in chart.fills]
        assert labels == ["85 %", "90 %", "95 %", "98 %", "100 %"]
        assert {line.x for line in chart.lines} == {492.7}
        # The axis ends at 2.1 times where they stand; the last point is beyond it.
        assert {line.points for line in chart.lines} == {"285.3,218.2 492.7,154.4"}


def test_the_page_asks_starts_and_shows(shop, house, now, django_capture_on_commit_callbacks):
    client = Client()
    client.force_login(User.objects.create_superuser("boss", "boss@example.com", "x"))
    add = "/admin/inventory/simulation/add/"

    empty = client.post(add, {})
    assert "Nothing would change: fill in what to try." in empty.content.decode()
    assert not Simulation.objects.exists()
    answer = client.post(add, {"fill_rate": "99", "warehouse": house.pk})

    simulation = Simulation.objects.get()
    assert (simulation.fill_rate, simulation.warehouse) == (Decimal("0.99"), house)
    page = client.get(answer.url).content.decode()
    assert "Still being replayed:" in page
    while run_chunk(simulation.job_id, now=now):
        pass
    page = client.get(answer.url).content.decode()
    assert page.count("<polyline") == 3
    assert "3 SKUs were replayed over their last" in page
    assert "Adopt the change" in page


def test_nobody_without_the_permission_replays(shop):
    client = Client()
    client.force_login(User.objects.create_user("clerk", "c@example.com", "x", is_staff=True))

    answer = client.post("/admin/inventory/simulation/add/", {"fill_rate": "99"})

    assert answer.status_code == 403
    assert not Simulation.objects.exists()
