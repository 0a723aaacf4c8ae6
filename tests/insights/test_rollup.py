"""The five times against plain Python over random events."""

import random
import statistics
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backoffice.core.models import Company, Event, TaskRun, User
from backoffice.insights.models import DailyMetric, StageTime
from backoffice.insights.services.rollup import refresh_times
from backoffice.insights.tasks import (
    check_data,
    find_bottleneck,
    prove_invariants,
    refresh_metrics,
)

pytestmark = pytest.mark.usefixtures("actor")
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
FLOWS = {
    "T_O": ("orders.order", "order.placed", "order.released"),
    "T_L": ("logistics.parcel", "parcel.shipped", "parcel.delivered"),
    "T_S": ("support.ticket", "ticket.opened", "ticket.solved"),
}


def event(kind: str, subject_type: str, subject_id: int, at: datetime, **values: Any) -> Event:
    return Event(
        kind=kind,
        subject_type=subject_type,
        subject_id=subject_id,
        occurred_at=at,
        actor_id=User.objects.get(username="job:system").pk,
        **values,
    )


def percentile(values: list[float], share: float) -> float:
    """Interpolate linearly between the closest ranks, as PostgreSQL's percentile_cont does."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def random_events(seed: int, subjects: int) -> list[Event]:
    chance = random.Random(seed)
    actor = User.objects.get(username="job:system").pk
    events = []
    for subject_type, start, end in FLOWS.values():
        for subject in range(1, subjects + 1):
            begin = NOW - timedelta(minutes=chance.randrange(0, 60 * 24 * 45))
            origin = chance.choice(["LIVE", "LIVE", "DEMO"])
            took = timedelta(seconds=chance.randrange(-3600, 200_000))
            for kind, at, odds in (
                (start, begin, 0.95),
                (end, begin + took, 0.85),
                (end, begin + took + timedelta(hours=5), 0.2),
            ):
                if chance.random() < odds:
                    events.append(
                        Event(
                            kind=kind,
                            subject_type=subject_type,
                            subject_id=subject,
                            occurred_at=at,
                            actor_id=actor,
                            origin=origin,
                        )
                    )
    chance.shuffle(events)
    return events


def brute_force(events: list[Event]) -> dict[tuple[str, date, str], list[float]]:
    """Return every measured time by metric, day in Berlin and origin."""
    times: dict[tuple[str, date, str], list[float]] = defaultdict(list)
    for metric, (subject_type, start, end) in FLOWS.items():
        by_subject: dict[int, list[Event]] = defaultdict(list)
        for e in events:
            if e.subject_type == subject_type:
                by_subject[e.subject_id].append(e)
        for own in by_subject.values():
            starts = [e.occurred_at for e in own if e.kind == start]
            ends = [e for e in own if e.kind == end]
            if starts and ends:
                last = max(ends, key=lambda e: e.occurred_at)
                day = last.occurred_at.astimezone(BERLIN).date()
                took = (last.occurred_at - min(starts)).total_seconds()
                times[metric, day, last.origin].append(took)
    return times


def stored(span: int = 1) -> dict[tuple[str, date, str], tuple]:
    rows = DailyMetric.objects.filter(span=span, dimension="ALL").exclude(metric="T_I")
    return {(m.metric, m.day, m.origin): (m.n, m.errors, m.median, m.p90, m.mean) for m in rows}


def figures(seconds: list[float]) -> tuple:
    good = [s for s in seconds if s >= 0]
    errors = len(seconds) - len(good)
    if not good:
        return 0, errors, None, None, None
    return (
        len(good),
        errors,
        pytest.approx(percentile(good, 0.5)),
        pytest.approx(percentile(good, 0.9)),
        pytest.approx(statistics.fmean(good)),
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_days_agree_with_brute_force_however_the_events_come(seed: int) -> None:
    events = random_events(seed, 60)
    # They come in three parts, starts after ends, and the job runs in between and once too often.
    for part in (events[::3], events[1::3], [], events[2::3]):
        Event.objects.bulk_create(part)
        refresh_times(now=NOW)
    times = brute_force(events)
    assert stored() == {key: figures(seconds) for key, seconds in times.items()}
    assert StageTime.objects.count() == sum(map(len, times.values()))
    before = stored()
    refresh_times(now=NOW)
    assert stored() == before


def test_spans_end_today_or_with_the_data() -> None:
    events = random_events(3, 60)
    old = event("order.placed", "orders.order", 900, datetime(2018, 1, 1, tzinfo=UTC))
    late = event("order.released", "orders.order", 900, datetime(2018, 1, 2, tzinfo=UTC))
    old.origin = late.origin = "IMPORT"
    Event.objects.bulk_create([*events, old, late])
    refresh_times(now=NOW)
    today = NOW.astimezone(BERLIN).date()
    times = brute_force(events)
    for span in (7, 30):
        expected: dict[tuple[str, date, str], list[float]] = defaultdict(list)
        for (metric, day, origin), seconds in times.items():
            newest = max(d for m, d, o in times if (m, o) == (metric, origin))
            anchor = today if newest > today - timedelta(days=7) else newest
            if anchor - timedelta(days=span) < day <= anchor:
                expected[metric, anchor, origin] += seconds
        expected["T_O", date(2018, 1, 2), "IMPORT"] = [86400.0]
        assert stored(span) == {key: figures(seconds) for key, seconds in expected.items()}


def test_a_reopened_ticket_has_no_time_until_it_is_solved_again() -> None:
    start = NOW - timedelta(days=3)
    steps = [("opened", 0), ("solved", 2), ("reopened", 5), ("solved", 30)]
    seen = []
    for step, hours in steps:
        one = event(f"ticket.{step}", "support.ticket", 1, start + timedelta(hours=hours))
        one.save()
        refresh_times(now=NOW)
        metric = DailyMetric.objects.filter(span=1).first()
        seen.append((metric.n, metric.median, metric.day) if metric else None)
    assert seen == [None, (1, 7200.0, date(2026, 4, 17)), None, (1, 108000.0, date(2026, 4, 18))]


def test_the_day_is_the_companys() -> None:
    Company.objects.update(time_zone="Asia/Shanghai")
    late = datetime(2026, 4, 10, 16, 30, tzinfo=UTC)
    event("order.placed", "orders.order", 1, late - timedelta(hours=1)).save()
    event("order.released", "orders.order", 1, late).save()
    refresh_times(now=NOW)
    assert DailyMetric.objects.get(span=1).day == date(2026, 4, 11)


def test_settlement_runs_from_delivery_by_seller() -> None:
    delivered = NOW - timedelta(days=2)
    for n, seller in ((1, 5), (2, 6)):
        event(
            "order.settled",
            "finance.ordersettlement",
            n,
            delivered + timedelta(hours=n),
            order_id=7,
            data={"seller": seller},
        ).save()
    refresh_times(now=NOW)
    assert DailyMetric.objects.count() == 0
    # The delivery is told late; its settlements are found again.
    event("order.delivered", "orders.order", 7, delivered, order_id=7).save()
    refresh_times(now=NOW)
    rows = DailyMetric.objects.filter(span=1, metric="T_F").order_by("dimension", "key")
    assert [(r.dimension, r.key, r.n, r.median) for r in rows] == [
        ("ALL", 0, 2, 5400.0),
        ("SELLER", 5, 1, 3600.0),
        ("SELLER", 6, 1, 7200.0),
    ]


def test_an_order_counts_for_its_channel_and_warehouse(place) -> None:
    order = place()
    event("order.released", "orders.order", order.pk, order.placed_at + timedelta(hours=1)).save()
    refresh_times(now=NOW)
    rows = DailyMetric.objects.filter(span=1, metric="T_O").order_by("dimension")
    assert [(r.dimension, r.key, r.median) for r in rows] == [
        ("ALL", 0, 3600.0),
        ("CHANNEL", order.channel_id, 3600.0),
        *(
            [("WAREHOUSE", warehouse, 3600.0)]
            if (warehouse := order.lines.get().warehouse_id)
            else []
        ),
    ]


def test_the_jobs_run_as_themselves() -> None:
    for task in (refresh_metrics, find_bottleneck, check_data, prove_invariants):
        task()
    runs = TaskRun.objects.filter(task__startswith="insights.").order_by("task")
    assert [(r.task, r.error, r.finished_at is not None) for r in runs] == [
        ("insights.find_bottlenecks", "", True),
        ("insights.refresh_metrics", "", True),
        ("insights.run_checks", "", True),
        ("insights.run_invariants", "", True),
    ]
