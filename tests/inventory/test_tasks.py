from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from backoffice.core.invariants import check_invariants
from backoffice.core.models import TaskRun
from backoffice.core.tasks import SCHEDULED, run_slot
from inventory import tasks
from inventory.models import (
    ReplenishmentPolicy,
    ReplenishmentProposal,
    ReplenishmentRun,
    Warehouse,
)
from inventory.services.replenishment import propose_replenishment
from tests.fixtures.threads import at_once

NAME = "inventory.propose_replenishment"
HOUR = timedelta(hours=1)


@pytest.fixture
def wanted(house, new_sku, supply):
    sku = new_sku("A")
    supply(sku)
    return ReplenishmentPolicy.objects.create(warehouse=house, sku=sku, minimum=5)


def beat(now):
    function = tasks.plan_warehouses_at_night.run.__wrapped__
    return run_slot(NAME, function, now=now, every=HOUR)


def test_a_double_beat_proposes_once(wanted, now):
    assert SCHEDULED[NAME].queue == "planning"

    first, second = beat(now), beat(now + timedelta(minutes=3))

    assert first.result == "1 warehouses, 1 proposals"
    assert second is None
    assert ReplenishmentProposal.objects.count() == 1


def test_missed_nights_are_made_up_once(wanted, house, now):
    missed = now - timedelta(days=3)
    TaskRun.objects.create(
        task=NAME, slot_at=missed, started_at=missed, lease_until=missed, finished_at=missed
    )

    assert beat(now).result == "1 warehouses, 1 proposals"

    assert beat(now + HOUR).result == "0 warehouses, 0 proposals"
    assert ReplenishmentRun.objects.get().warehouses == [house.pk]


def test_each_warehouse_is_planned_in_its_own_night(wanted, house):
    sydney = Warehouse.objects.create(code="SYD", name="Sydney", time_zone="Australia/Sydney")
    start = datetime(2026, 3, 28, 13, 0, 7, tzinfo=UTC)
    TaskRun.objects.create(
        task=NAME, slot_at=start - HOUR, started_at=start, lease_until=start, finished_at=start
    )
    due = {}
    for n in range(48):
        since, until = start + (n - 1) * HOUR, start + n * HOUR
        for pk in tasks.warehouses_due(since=since, until=until):
            due.setdefault(pk, []).append((until - timedelta(seconds=7)).strftime("%d %H:%M"))

    # In Berlin the clocks go forward in the first of these nights.
    assert due[house.pk] == ["29 01:00", "30 00:00"]
    assert due[sydney.pk] == ["28 15:00", "29 15:00"]


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_propose_once(wanted, now):
    results = at_once(*[partial(propose_replenishment, now=now)] * 4)

    assert sorted(len(r.created) for r in results) == [0, 0, 0, 1]
    assert ReplenishmentProposal.objects.count() == 1
    assert check_invariants() == []
