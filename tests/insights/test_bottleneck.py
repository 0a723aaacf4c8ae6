"""The shares of the stages, to the last digit of a small case."""

from datetime import UTC, datetime, timedelta

import pytest

from backoffice.insights.models import Bottleneck
from backoffice.insights.services.bottleneck import find_bottlenecks
from orders.models import Order

pytestmark = pytest.mark.usefixtures("actor")
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
# Hours in each stage: confirm, release, queue, pick and pack, carry.
CASES = [(1, 1, 2, 2, 24), (1, 3, 2, 2, 24), (1, 20, 2, 2, 25)]


def set_times(order: Order, hours: tuple[int, ...]) -> None:
    at = [order.placed_at]
    for h in hours:
        at.append(at[-1] + timedelta(hours=h))
    names = ("confirmed_at", "released_at", "picking_started_at", "shipped_at", "delivered_at")
    Order.objects.filter(pk=order.pk).update(**dict(zip(names, at[1:], strict=True)))


def test_the_stage_that_takes_the_time_is_named(place):
    for n, hours in enumerate(CASES):
        set_times(place(str(n)), hours)
    set_times(place("wrong"), (1, 1, 2, -2, 24))
    place("open")
    # Ten days in which something had arrived; after that only the day itself is measured again.
    assert find_bottlenecks(now=NOW) == 50
    assert find_bottlenecks(now=NOW) == 5
    rows = {b.stage: b for b in Bottleneck.objects.filter(day=NOW.date())}
    assert len(rows) == 5
    release, carry = rows["RELEASE"], rows["CARRY"]
    assert (release.n, release.errors, release.open_orders) == (3, 1, 1)
    total = sum(sum(case) for case in CASES)
    assert release.time_share == pytest.approx(24 / total)
    assert carry.time_share == pytest.approx(73 / total)
    assert sum(b.time_share for b in rows.values()) == pytest.approx(1)
    assert sum(b.variance_share for b in rows.values()) == pytest.approx(1)
    # The slowest order took 50 hours: 17 more than the median to release, 1 more to carry.
    assert release.tail_share == pytest.approx(17 / 18)
    assert carry.tail_share == pytest.approx(1 / 18)
    assert release.median == 3 * 3600
    # The carrier takes most, but the product cannot shorten its way.
    assert [stage for stage, b in rows.items() if b.is_bottleneck] == ["RELEASE"]
    assert not carry.is_controllable


def test_what_was_imported_long_ago_has_a_window_of_its_own(place):
    order = place("old")
    set_times(order, (1, 1, 1, 1, 1))
    Order.objects.filter(pk=order.pk).update(origin="IMPORT")
    set_times(place("new"), (1, 2, 1, 1, 1))
    find_bottlenecks(now=datetime(2027, 3, 1, tzinfo=UTC))
    assert {(b.origin, b.day.isoformat(), b.n) for b in Bottleneck.objects.all()} == {
        ("IMPORT", "2026-03-10", 1),
        ("LIVE", "2026-03-10", 1),
    }


def test_each_day_keeps_its_own_figures(place):
    set_times(place("1"), (1, 1, 2, 2, 24))
    later = place("2", placed_at=NOW - timedelta(days=4))
    set_times(later, (1, 1, 2, 2, 24))

    find_bottlenecks(now=NOW)

    # Placed on the 10th and the 16th, delivered a day and six hours later.
    days = Bottleneck.objects.filter(stage="CARRY").order_by("day").values_list("day", "n")
    assert [(day.day, n) for day, n in days] == [
        *((day, 1) for day in range(11, 17)),
        *((day, 2) for day in range(17, 21)),
    ]
    Bottleneck.objects.filter(day__lt="2026-03-19").delete()
    find_bottlenecks(now=NOW + timedelta(days=1))
    assert Bottleneck.objects.filter(stage="CARRY").count() == 11


def test_the_page_of_the_stages_shows_the_days(place, admin_client):
    set_times(place("1"), (1, 1, 2, 2, 24))
    find_bottlenecks(now=NOW)

    page = admin_client.get("/admin/times/stages/?day=2026-03-15")

    assert [line.day.day for line in page.context["lines"]] == [15, 14, 13, 12, 11]
    assert "Released to picking" in page.content.decode()
    assert admin_client.get("/admin/times/stages/?day=soon").status_code == 400
