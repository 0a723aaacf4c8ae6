"""The first page and the figures as JSON."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from backoffice import dashboard
from backoffice.core.models import Event, User
from backoffice.core.tokens import create_token
from backoffice.insights.models import CheckRun
from backoffice.insights.selectors.figures import duration, tiles
from backoffice.insights.services.bottleneck import find_bottlenecks
from backoffice.insights.services.checking import run_checks, run_invariants
from backoffice.insights.services.rollup import refresh_times
from orders.models import Order
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
    with django_assert_max_num_queries(20):
        page = boss.get(reverse("admin:index"))
    html = page.content.decode()
    assert page.status_code == 200
    assert "3.5 h" in html
    assert "Picking to handed over" in html
    assert "<polyline" in html
    assert "invariants" in html
    url = f"{reverse('admin:orders_order_changelist')}?attention=held"
    assert re.search(rf'{re.escape(url)}"><span>Orders on hold</span><strong>1</strong>', html)
    assert boss.get(url).status_code == 200


def test_the_page_of_an_empty_shop(boss):
    page = boss.get(reverse("admin:index"))
    assert page.status_code == 200
    assert "have not been proven yet" in page.content.decode()


def test_every_queue_leads_to_its_list(boss):
    page = boss.get(reverse("admin:index"))
    assert page.context["bo_queues"]
    for item in page.context["bo_queues"]:
        assert boss.get(item.url).status_code == 200, item.url


def test_who_may_see_nothing_sees_nothing(db):
    User.objects.create_user("clerk", is_staff=True)
    clerk = User.objects.get(username="clerk")
    client = Client()
    client.force_login(clerk)
    page = client.get(reverse("admin:index"))
    assert page.context["bo_queues"] == page.context["bo_tiles"] == []
    assert page.context["bo_board"] is None
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    page = client.get(reverse("admin:index"))
    assert {str(q.label) for q in page.context["bo_queues"]} == {
        "Orders on hold",
        "Orders waiting for stock",
        "Orders to be confirmed",
    }


def test_counts_stop_at_the_ceiling(place, monkeypatch):
    for n in range(4):
        place(str(n))
    monkeypatch.setattr(dashboard, "CEILING", 2)
    counts = dashboard.capped_counts([Order.objects.all(), Order.objects.filter(pk=0)])
    assert counts == [3, 0]
    assert dashboard.Waiting("x", 3, "").text == "2+"


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
    stages = client.get("/api/v1/bottlenecks/?is_bottleneck=true").json()["results"]
    assert len(stages) == 1
    run_checks(["orders.has_lines"], now=NOW)
    runs = client.get("/api/v1/check-runs/?code=orders.has_lines").json()["results"]
    assert [(r["state"], r["n"]) for r in runs] == [("PASSED", 4)]
    assert CheckRun.objects.count() == 1
    assert client.get("/api/v1/metrics/?colour=red").status_code == 400
    assert client.get("/api/v1/tickets/").status_code == 403
