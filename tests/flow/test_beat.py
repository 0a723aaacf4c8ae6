"""The schedule as a whole: missed beats, double beats, and the nights when clocks change."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from backoffice.core.invariants import check_invariants
from backoffice.core.models import TaskRun
from backoffice.core.tasks import SCHEDULED, Scheduled, load_tasks, run_slot
from finance.models import CommissionContract, OrderSettlement, SellerStatement
from finance.services.settlement import queue_settlements
from inventory.models import (
    ReplenishmentPolicy,
    ReplenishmentProposal,
    Sku,
    Warehouse,
)
from logistics.services.planning import ship_day
from orders.models import Order

load_tasks()
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NIGHTS = {"spring": datetime(2026, 3, 29, tzinfo=UTC), "autumn": datetime(2026, 10, 25, tzinfo=UTC)}
DAILY = sorted(name for name, job in SCHEDULED.items() if job.every == DAY)


def knock(name: str, now: datetime) -> TaskRun | None:
    """Do what a worker does when beat knocks, at an instant of the test's own."""
    job: Scheduled = SCHEDULED[name]
    return run_slot(name, job.task.run.__wrapped__, now=now, every=job.every)


def knock_all_day(name: str, start: datetime, hours: int = 24) -> list[TaskRun]:
    """Knock as often as beat does; return the runs that did something."""
    pulse = max(SCHEDULED[name].pulse, timedelta(minutes=10))
    runs = [knock(name, start + n * pulse) for n in range(hours * HOUR // pulse)]
    return [run for run in runs if run is not None]


def test_every_job_runs_once_in_a_slot(db: None) -> None:
    now = timezone.now()
    for name in SCHEDULED:
        first, second = knock(name, now), knock(name, now)
        assert first is not None, name
        assert (first.error, second) == ("", None), name
        assert first.finished_at is not None
    assert TaskRun.objects.count() == len(SCHEDULED)
    assert check_invariants() == []


@pytest.mark.parametrize("name", DAILY)
def test_a_daily_job_that_was_missed_is_caught_up_by_one_knock(db: None, name: str) -> None:
    start = datetime(2026, 3, 10, 0, 5, tzinfo=UTC)
    assert knock(name, start) is not None
    # Beat is down for three days and comes back in the afternoon.
    late = start + 3 * DAY + timedelta(hours=15)
    runs = [knock(name, late + timedelta(minutes=10 * n)) for n in range(6)]
    assert [run is not None for run in runs] == [True] + [False] * 5
    assert TaskRun.objects.filter(task=name, error="").count() == 2
    assert SCHEDULED[name].pulse <= timedelta(minutes=10)


def test_settlements_of_missed_days_are_made_once(
    sold: Callable[..., Order], now: datetime
) -> None:
    orders = [sold(str(n), now + n * DAY) for n in range(3)]
    queue_settlements([o.pk for o in orders], now=now)
    late = now + 10 * DAY
    for n in range(4):
        knock("finance.settle_orders", late + timedelta(minutes=2 * n))
    made = OrderSettlement.objects.order_by("order_id", "seller_id").values_list("order_id")
    assert [row[0] for row in made] == [o.pk for o in orders for _ in range(2)]


@pytest.mark.parametrize("season", NIGHTS)
def test_replenishment_is_planned_once_in_the_night(
    season: str, house: Warehouse, goods: Callable[..., Sku], supply: Callable[..., object]
) -> None:
    sku = goods("A", 0)
    supply(sku)
    ReplenishmentPolicy.objects.create(warehouse=house, sku=sku, minimum=5)
    start = NIGHTS[season] - timedelta(hours=2)
    knock("inventory.propose_replenishment", start - HOUR)
    ReplenishmentProposal.objects.all().delete()
    runs = knock_all_day("inventory.propose_replenishment", start, 24)
    assert len(runs) == 24
    planned = [run.slot_at for run in runs if run.result.startswith("1 warehouses")]
    # Two in the morning: skipped in spring, there twice in autumn.
    at = {"spring": 1, "autumn": 0}[season]
    assert planned == [NIGHTS[season] + at * HOUR]


@pytest.mark.parametrize(
    ("season", "last"), [("spring", 29), ("autumn", 25)], ids=["spring", "autumn"]
)
def test_a_week_ends_at_local_midnight(
    season: str, last: int, sold: Callable[..., Order], seller: object
) -> None:
    # Both nights are those before a Monday's week begins: the week ends on the changed Sunday.
    CommissionContract.objects.update(settlement_delay_days=0)
    sunday = NIGHTS[season]
    order = sold("1", sunday + timedelta(hours=12))
    queue_settlements([order.pk], now=sunday + timedelta(hours=12))
    knock("finance.settle_orders", sunday + timedelta(hours=13))
    assert OrderSettlement.objects.count() == 2
    runs = knock_all_day("finance.create_statements", sunday + timedelta(hours=14), 16)
    made = [run.slot_at for run in runs if run.result == "1"]
    offset = {"spring": 22, "autumn": 23}[season]
    assert made == [sunday + timedelta(hours=offset)]
    statement = SellerStatement.objects.get()
    assert (statement.ends_on.day, statement.closing_amount) == (last, Decimal("87.60"))


@pytest.mark.parametrize("season", NIGHTS)
def test_days_of_goods_and_shipping_are_local(
    season: str, house: Warehouse, goods: Callable[..., Sku]
) -> None:
    midnight = NIGHTS[season] + timedelta(hours={"spring": -1, "autumn": -2}[season])
    before, after = midnight - timedelta(seconds=1), midnight
    day = NIGHTS[season].date()
    late = datetime.max.time()
    assert ship_day(before, house.time_zone, late) == day - DAY
    assert ship_day(after, house.time_zone, late) == day
    length = {"spring": 23, "autumn": 25}[season] * HOUR
    assert ship_day(after + length - timedelta(seconds=1), house.time_zone, late) == day
    assert ship_day(after + length, house.time_zone, late) == day + DAY
