"""The first page and the figures as JSON."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.core.models import Event, StaffRole, User
from backoffice.core.sql import execute
from backoffice.core.tokens import create_token
from backoffice.insights.desks import DESKS, LANES
from backoffice.insights.models import CheckRun, DailyMetric
from backoffice.insights.selectors import boxes
from backoffice.insights.selectors.figures import duration, shown_origin, tiles
from backoffice.insights.services.bottleneck import find_bottlenecks
from backoffice.insights.services.checking import run_checks, run_invariants
from backoffice.insights.services.rollup import refresh_times
from orders.models import SalesChannel
from orders.services.holds import place_holds
from tests.insights.test_bottleneck import set_times

pytestmark = pytest.mark.usefixtures("actor")
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def boss(db) -> Client:
    User.objects.create_superuser("boss")
    client = Client()
    client.force_login(User.objects.get(username="boss"))
    return client


def fill(place) -> None:
    for n in range(4):
        order = place(str(n))
        set_times(order, (1, 1, 2, 2, 24 + n))
        Event(
            kind="order.released",
            subject_type="orders.order",
            subject_id=order.pk,
            actor_id=order.created_by_id,
            occurred_at=order.placed_at + timedelta(hours=2 + n),
        ).save()
    refresh_times(now=NOW)
    find_bottlenecks(now=NOW)


def test_the_page_shows_times_work_and_proofs(boss, place, django_assert_max_num_queries):
    fill(place)
    held = place("held")
    place_holds([held.pk], now=NOW, reason="look at it")
    run_checks(now=NOW)
    run_invariants(now=NOW)
    with django_assert_max_num_queries(22):
        page = boss.get(reverse("admin:index"))
    html = page.content.decode()
    assert page.status_code == 200
    assert "3.5 h" in html
    assert "Picking to handed over" in html
    assert "<polyline" in html
    assert "invariants" in html
    [waiting] = [r for r in readings(page, "bo_desks") if str(r.box.label) == "Orders on hold"]
    assert (waiting.count, waiting.url) == (
        1,
        f"{reverse('admin:orders_order_changelist')}?is_held=true&status=PENDING&status=CONFIRMED",
    )
    assert f'href="{waiting.url.replace("&", "&amp;")}"' in html


def readings(page, name):
    return [r for group in page.context[name] for r in group.readings]


def test_the_page_of_an_empty_shop(boss):
    page = boss.get(reverse("admin:index"))
    assert page.status_code == 200
    assert "have not been proven yet" in page.content.decode()


def test_every_box_leads_to_its_list(boss):
    page = boss.get(reverse("admin:index"))
    boxes = {r.url for name in ("bo_desks", "bo_lanes") for r in readings(page, name)}
    assert len(boxes) == len({(b.document, b.query) for b in all_boxes()})
    for url in boxes:
        assert boss.get(url, follow=True).status_code == 200, url


def all_boxes():
    return [b for g in (*DESKS, *LANES) for b in (getattr(g, "queues", ()) or g.stages)]


def test_the_flow_tells_how_many_wait_where_and_how_long(boss, place):
    now = timezone.now()
    for hours in (1, 2, 6):
        place(str(hours), placed_at=now - timedelta(hours=hours))
    answer = boss.get(reverse("admin:flow"))
    [box] = [r for r in readings(answer, "bo_lanes") if str(r.box.label) == "To be confirmed"]
    assert (box.count, box.median_text, box.oldest_text) == (3, "2.0 h", "6.0 h")
    html = answer.content.decode()
    assert "2.0 h, at most 6.0 h" in html
    assert "<html" not in html


def test_what_came_in_within_the_hour_is_told(boss, place):
    now = timezone.now()
    execute("SELECT set_config('app.now', %s, true)", [now.isoformat()])
    order = place("1")
    place_holds([order.pk], now=now)
    place_holds([place("2").pk], now=now - timedelta(hours=2))
    held = {
        str(r.box.label): r.arrived for r in readings(boss.get(reverse("admin:flow")), "bo_lanes")
    }
    assert held["On hold"] == 1


def test_who_may_see_nothing_sees_nothing(db):
    User.objects.create_user("clerk", is_staff=True)
    clerk = User.objects.get(username="clerk")
    client = Client()
    client.force_login(clerk)
    page = client.get(reverse("admin:index"))
    assert page.context["bo_desks"] == page.context["bo_lanes"] == page.context["bo_tiles"] == []
    assert page.context["bo_board"] is None
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    page = client.get(reverse("admin:index"))
    assert {r.box.document for r in readings(page, "bo_desks")} == {"orders.order"}
    assert {str(g.label) for g in page.context["bo_lanes"]} == {"Orders", "Money"}


def test_ones_own_desk_comes_first(boss):
    user = User.objects.get(username="boss")
    user.groups.add(StaffRole.objects.get(role=DESKS[3].role).group)
    page = boss.get(reverse("admin:index"))
    groups = page.context["bo_desks"]
    assert (groups[0].label, groups[0].is_mine) == (DESKS[3].label, True)
    assert not any(group.is_mine for group in groups[1:])


def test_counts_stop_at_the_ceiling(boss, place, monkeypatch):
    for n in range(4):
        place(str(n))
    monkeypatch.setattr(boxes, "CEILING", 2)
    held = readings(boss.get(reverse("admin:flow")), "bo_lanes")
    [box] = [r for r in held if str(r.box.label) == "To be confirmed"]
    assert (box.count, box.text, box.oldest) == (3, "2+", None)


def test_the_figures_of_a_tile(place):
    fill(place)
    tile = tiles("LIVE")[0]
    # 2, 3, 4 and 5 hours, ten days ago.
    assert [(f.span, f.n, f.median, f.p90) for f in tile.figures] == [
        (7, 0, "–", "–"),
        (30, 4, "3.5 h", "4.7 h"),
    ]
    assert [(p.day.isoformat(), p.text) for p in tile.trend] == [("2026-03-10", "3.5 h")]


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (5, "5 s"), (90, "1.5 min"), (86400 * 3, "3.0 d")]
)
def test_durations_in_words(seconds, text):
    assert duration(seconds) == text


def test_metrics_over_the_api(place):
    fill(place)
    token, secret = create_token("reader", ["insights:read"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    answer = client.get("/api/v1/metrics/?metric=T_O&span=1&dimension=ALL&origin=LIVE")
    assert answer.status_code == 200
    [row] = answer.json()["results"]
    assert (row["day"], row["n"], row["median"]) == ("2026-03-10", 4, 12600.0)
    stages = client.get("/api/v1/bottlenecks/?is_bottleneck=true&day=2026-03-20").json()["results"]
    assert len(stages) == 1
    run_checks(["orders.has_lines"], now=NOW)
    runs = client.get("/api/v1/check-runs/?code=orders.has_lines").json()["results"]
    assert [(r["state"], r["n"]) for r in runs] == [("PASSED", 4)]
    assert CheckRun.objects.count() == 1
    assert client.get("/api/v1/metrics/?colour=red").status_code == 400
    assert client.get("/api/v1/tickets/").status_code == 403


def test_the_page_opens_on_what_most_of_the_newest_week_is(db):
    def measured(origin, day, n):
        figures = {"span": 7, "dimension": "ALL", "updated_at": NOW}
        DailyMetric.objects.create(metric="T_F", origin=origin, day=day, n=n, **figures)

    assert shown_origin("") == "LIVE"
    measured("DEMO", NOW.date(), 40)
    assert shown_origin("") == "DEMO"
    # One live order in a demo shop does not hide the demo; an import of long ago hides nothing.
    measured("LIVE", NOW.date(), 1)
    measured("IMPORT", NOW.date() - timedelta(days=7), 900)
    assert (shown_origin(""), shown_origin("LIVE")) == ("DEMO", "LIVE")
    DailyMetric.objects.filter(origin="LIVE").update(n=40)
    assert shown_origin("") == "LIVE"


def test_the_list_of_metrics_names_the_parts(boss, place, django_assert_max_num_queries):
    fill(place)
    with django_assert_max_num_queries(14):
        html = boss.get("/admin/insights/dailymetric/?dimension=CHANNEL").content.decode()
    channel = SalesChannel.objects.get()
    assert f"Sales channel: {channel}" in html
    assert f"part=CHANNEL%3A{channel.pk}" in html
