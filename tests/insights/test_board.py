import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from backoffice.core.invariants import REGISTRY, invariant
from backoffice.core.models import User
from backoffice.insights.board import board_lines
from backoffice.insights.models import InvariantRun

URL = "/admin/invariants/"


@pytest.fixture
def rules(db, monkeypatch):
    """One invariant that holds, one that is broken and one that cannot run."""
    registry: dict = {}
    for module in ("core.invariants", "insights.board", "insights.services.checking"):
        monkeypatch.setattr(f"backoffice.{module}.REGISTRY", registry)
    invariant("a.holds", "It holds.", "SELECT 1 WHERE false")
    invariant("b.broken", "Nobody is lost.", "SELECT 7 AS id", repair="Find <them>.")
    invariant("c.odd", "It can run.", "SELECT nothing")


def test_all_invariants_are_listed_before_any_run(admin_client):
    page = admin_client.get(URL).content.decode()

    assert REGISTRY
    assert all(name in page for name in REGISTRY)
    assert page.count("Not run yet") == len(REGISTRY)
    assert InvariantRun.objects.count() == 0


def test_running_shows_state_rows_and_repair_of_each(admin_client, rules):
    page = admin_client.post(URL, follow=True).content.decode()

    assert "2 invariants are broken." in page
    assert InvariantRun.objects.count() == 3
    assert [page.count(text) for text in (">Holds<", ">Broken<")] == [1, 2]
    assert "id=7" in page
    assert "Find &lt;them&gt;." in page
    assert "ProgrammingError: column" in page
    # What needs somebody stands first.
    assert page.index("b.broken") < page.index("a.holds")


def test_the_newest_run_counts(admin_client, rules):
    for _ in range(2):
        admin_client.post(URL)

    newest = set(InvariantRun.objects.order_by("-pk").values_list("pk", flat=True)[:3])

    assert {line.run.pk for line in board_lines()} == newest


def test_looking_and_running_need_their_permissions(db):
    user = User.objects.create(username="ada", is_staff=True)
    client = Client()
    client.force_login(user)
    assert client.get(URL).status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="view_invariantrun"))
    page = client.get(URL)

    assert page.status_code == 200
    assert "Run all now" not in page.content.decode()
    assert client.post(URL).status_code == 403
    assert InvariantRun.objects.count() == 0


def test_strangers_are_sent_to_sign_in(client, db):
    assert client.get(URL).status_code == 302
    assert client.post(URL).status_code == 302


def test_the_board_takes_one_query(admin_client, django_assert_num_queries):
    admin_client.post(URL)

    with django_assert_num_queries(1):
        board_lines()


def test_the_first_page_leads_to_the_board(admin_client):
    assert f'href="{URL}"' in admin_client.get("/admin/").content.decode()
