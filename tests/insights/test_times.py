"""The page of one of the five times and the same figures as JSON."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from backoffice.core.models import User
from backoffice.core.tokens import create_token
from backoffice.insights.models import DailyMetric, DailyStock, StageTime
from backoffice.insights.selectors import times
from backoffice.insights.selectors.asking import Question, QuestionForm
from backoffice.insights.selectors.holding import tell_stock
from backoffice.insights.selectors.times import tell
from backoffice.insights.services.rollup import refresh_times
from inventory.models import UserScope, Warehouse
from logistics.models import Carrier
from tests.insights.test_rollup import event

pytestmark = pytest.mark.usefixtures("actor")
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
YESTERDAY = date(2026, 4, 19)
HOUR = 3600.0


@pytest.fixture
def carriers(db):
    return [Carrier.objects.create(code=name.upper(), name=name) for name in ("Quick", "Slow")]


def measured(subject, day, hours, carrier=None, metric="T_L", **values):
    ended = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(hours=12)
    return StageTime.objects.create(
        metric=metric,
        subject_id=subject,
        started_at=ended - timedelta(hours=hours),
        ended_at=ended,
        day=day,
        seconds=hours * HOUR,
        carrier_id=carrier and carrier.pk,
        origin="LIVE",
        **values,
    )


@pytest.fixture
def week(carriers):
    """Two parcels a day by each carrier in the week before; yesterday the slow one took more."""
    quick, slow = carriers
    for n in range(1, 8):
        day = YESTERDAY - timedelta(days=n)
        for m, (carrier, hours) in enumerate(((quick, 10), (quick, 10), (slow, 30), (slow, 30))):
            measured(100 * n + m, day, hours, carrier)
    for m, (carrier, hours) in enumerate(((quick, 10), (slow, 30), (slow, 50), (slow, 40))):
        measured(m + 1, YESTERDAY, hours, carrier)
    measured(9, YESTERDAY, -1, quick)
    return carriers


def client_of(**values) -> Client:
    user = User.objects.create(username="somebody", is_staff=True, **values)
    client = Client()
    client.force_login(user)
    return client


def test_what_drove_the_change(week):
    quick, slow = week

    story = tell(Question("T_L", YESTERDAY))

    assert (story.after.n, story.after.median, story.errors) == (4, 35 * HOUR, 1)
    assert (story.before.n, story.before.mean) == (28, 20 * HOUR)
    assert story.change == 12.5 * HOUR
    assert story.slower_than == (7, 7)
    (split,) = story.splits
    assert [(p.label, p.before.n, p.after.n) for p in split.parts] == [
        ("Slow", 14, 3),
        ("Quick", 14, 1),
    ]
    # The slow carrier became 10 hours slower at a mean share of 5/8, and took a quarter more.
    assert split.parts[0].effect.within == pytest.approx(6.25 * HOUR)
    assert sum(p.effect.total for p in split.parts) == pytest.approx(story.change)
    assert [s.seconds / HOUR for s in story.slowest] == [50, 40, 30, 10]
    assert story.slowest[0].traits == ["Slow"]


def test_many_measurements_are_told_by_a_sample_that_says_so(week, monkeypatch):
    monkeypatch.setattr(times, "TOLD_APART", 14)
    for day, n in ((YESTERDAY, 4), *((YESTERDAY - timedelta(days=d), 4) for d in range(1, 8))):
        figures = {"span": 1, "metric": "T_L", "dimension": "ALL", "origin": "LIVE"}
        DailyMetric.objects.create(day=day, n=n, updated_at=NOW, **figures)

    story = tell(Question("T_L", YESTERDAY))

    # Every second of 28 before, all four of yesterday.
    assert story.every == (2, 1)
    assert (story.before.n, story.before.mean, story.after.n) == (28, 20 * HOUR, 4)
    (split,) = story.splits
    assert [(p.label, p.before.n, p.after.n) for p in split.parts] == [
        ("Slow", 14, 3),
        ("Quick", 14, 1),
    ]
    assert [s.seconds / HOUR for s in story.slowest] == [50, 40, 30, 10]
    page = client_of(is_superuser=True).get(f"/admin/times/t_l/?day={YESTERDAY}")
    assert "one of 2 before and one of 1 now was looked at" in page.content.decode()


def test_one_part_alone_and_other_days_to_compare_with(week):
    quick, _slow = week
    question = Question("T_L", YESTERDAY, against="PREVIOUS", parts=(("CARRIER", str(quick.pk)),))

    story = tell(question)

    assert (story.after.n, story.before.n, story.change) == (1, 2, 0.0)
    assert [(d.stat.n, d.stat.median) for d in story.trend] == [(2, 10 * HOUR)] * 7 + [
        (1, 10 * HOUR)
    ]
    assert [(driver.name, name) for driver, _key, name in story.parts] == [("CARRIER", "Quick")]


def test_two_clicks_from_home_to_what_drove_it(week):
    refresh_times(now=NOW)
    for n in range(3):
        event("parcel.shipped", "logistics.parcel", 900 + n, NOW - timedelta(days=2 + n)).save()
        event("parcel.delivered", "logistics.parcel", 900 + n, NOW - timedelta(days=1)).save()
    refresh_times(now=NOW)
    client = client_of(is_superuser=True)

    home = client.get(reverse("admin:index")).content.decode()
    url = f"{reverse('admin:time', args=['t_l'])}?origin=LIVE"
    page = client.get(url).content.decode()

    assert f'href="{url}"' in home
    assert "2026-04-19" in page
    assert "Few measurements" in page
    assert "What drove it" in page
    assert 'href="?day=2026-04-18&amp;span=1&amp;origin=LIVE&amp;against=USUAL' in page


def test_every_time_has_its_page_also_without_figures(db):
    client = client_of(is_superuser=True)
    for metric in ("t_o", "t_i", "t_l", "t_s", "t_f"):
        page = client.get(reverse("admin:time", args=[metric]))
        assert page.status_code == 200
        assert "Nothing was measured" in page.content.decode()
    assert client.get("/admin/times/t_x/").status_code == 404


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("day=soon", "Enter a valid date."),
        ("span=2", "Select a valid choice. 2 is not one of the available choices."),
        ("part=COLOUR:3", "T_L is not told apart by COLOUR; known are"),
        ("colour=red", "There is no parameter colour."),
        ("day=0001-01-01", "Ensure this value is greater than or equal to 1970-01-01."),
        ("day=9999-12-31", "Ensure this value is less than or equal to 9000-01-01."),
        ("part=CARRIER:%00", "T_L is not told apart by CARRIER"),
    ],
)
def test_a_wrong_question_is_refused_with_a_way_on(db, query, error):
    page = client_of(is_superuser=True).get(f"/admin/times/t_l/?{query}")

    assert page.status_code == 400
    assert error in page.content.decode()
    assert "Show the newest day" in page.content.decode()


@pytest.mark.parametrize("key", ["", "²", "9" * 30, "nobody", ":"])
def test_a_part_that_nothing_has_shows_nothing(week, key):
    story = tell(Question("T_L", YESTERDAY, parts=(("CARRIER", key),)))

    assert (story.after.n, story.before.n, story.splits, story.slowest) == (0, 0, [], [])


def test_who_may_not_see_the_companys_times_sees_no_page(db):
    client = client_of()
    assert client.get("/admin/times/t_l/").status_code == 403
    assert client.get("/admin/times/stages/").status_code == 403
    User.objects.update(is_superuser=True)
    assert client.get("/admin/times/t_l/").status_code == 200
    UserScope.objects.create(user=User.objects.get(username="somebody"), warehouse_ids=[1])
    assert client.get("/admin/times/t_l/").status_code == 403
    assert client.get("/admin/times/stages/").status_code == 403


def test_the_newest_whole_day_is_shown_first(db, week):
    refresh_times(now=NOW)
    form = QuestionForm("T_L", QueryDict("origin=LIVE"), now=NOW, may=bool)
    assert form.is_valid()
    assert form.question() == Question("T_L", YESTERDAY)


def test_the_same_over_the_api(week):
    token, secret = create_token("reader", ["insights:read"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})

    answer = client.get("/api/v1/metrics/drivers/?metric=T_L&day=2026-04-19&origin=LIVE")

    assert answer.status_code == 200
    told = answer.json()
    assert (told["change"], told["after"]["n"], told["base_first_day"]) == (
        12.5 * HOUR,
        4,
        "2026-03-22",
    )
    (split,) = told["drivers"]
    assert sum(part["effect"] for part in split["parts"]) == pytest.approx(told["change"])
    for query in ("metric=T_X", "part=COLOUR:3", "colour=red", "day=soon"):
        assert client.get(f"/api/v1/metrics/drivers/?{query}").status_code == 400


def test_stock_and_sales_explain_the_days_of_inventory(db):
    first = Warehouse.objects.create(code="ONE", name="First")
    second = Warehouse.objects.create(code="TWO", name="Second")
    start = date(2026, 1, 1)

    def day(n, warehouse, change, cost):
        DailyStock.objects.create(
            day=start + timedelta(days=n),
            warehouse_id=warehouse.pk,
            origin="LIVE",
            value_change=change,
            cost_of_goods=cost,
            moves=1,
        )

    day(0, first, 1000, 0)
    for n in range(1, 70):
        day(n, first, 0, 10)
    day(40, second, 500, 0)
    for n in range(41, 70):
        day(n, second, 0, 20)

    story = tell_stock(Question("T_I", start + timedelta(days=69)))

    # 41 days in: 1,000 in one, two days of 500 in the second, 10 a day sold and 20 on one day.
    assert story.before.mean == pytest.approx(86400 * (30 * 1000 + 2 * 500) / (30 * 10 + 20))
    assert story.after.mean == pytest.approx(86400 * 1500 * 30 / (30 * 10 + 29 * 20))
    (split,) = story.splits
    assert sum(p.effect.total for p in split.parts) == pytest.approx(story.change)
    effects = {p.label: p.effect for p in split.parts}
    assert effects["First"].within == 0
    assert effects["Second"].within > 0


def test_what_tells_of_people_is_for_who_may_see_them(db):
    token, secret = create_token("reader", ["insights:read"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    refused = client.get("/api/v1/metrics/drivers/?metric=T_S&part=AGENT:1")
    assert refused.status_code == 400
    assert "T_S is not told apart by AGENT" in refused.content.decode()
    _token, secret = create_token("agents", ["insights:read", "support:read"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    assert client.get("/api/v1/metrics/drivers/?metric=T_S&part=AGENT:1").status_code == 200

    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_dailymetric"))
    staff = Client()
    staff.force_login(clerk)
    assert staff.get("/admin/times/t_s/?part=AGENT:1").status_code == 400
    clerk.user_permissions.add(Permission.objects.get(codename="view_agentprofile"))
    assert staff.get("/admin/times/t_s/?part=AGENT:1").status_code == 200
