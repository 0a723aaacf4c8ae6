"""Tabs: those of the product, saved views, and what is made of a filter."""

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.core.models import SavedView, User

LIST = "admin:orders_order_changelist"
ADD = "admin:core_savedview_add"


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def shown(client, query=""):
    tabs = client.get(f"{reverse(LIST)}{query}").context["tabs"]
    return {str(tab.label): (tab.url, tab.is_open, tab.is_wrong) for tab in tabs}


def test_a_filter_becomes_a_view_and_its_tab_is_open(boss, client, place):
    place("1")
    page = client.get(f"{reverse(LIST)}?total_min=20")
    assert [(text, why) for text, _url, why in page.context["keepers"]] == [
        ("Save this filter as a view", ""),
        ("Make a rule of this filter", ""),
    ]
    url = page.context["keepers"][0][1]
    assert client.get(url).status_code == 200

    given = {"name": "Dear", "document": "orders.order", "query": "total_min=20", "position": 0}
    answer = client.post(url, given | {"is_active": "on"})

    assert answer["Location"] == f"{reverse(LIST)}?total_min=20"
    assert SavedView.objects.get().owner == boss
    tabs = shown(client, "?total_min=20")
    assert tabs["Dear"] == ("?total_min=20", True, False)
    assert tabs["All"] == ("?", False, False)


def test_a_filter_that_is_not_understood_is_not_kept(boss, client):
    given = {"name": "x", "document": "orders.order", "query": "totl_min=20", "position": 0}

    answer = client.post(reverse(ADD), given | {"is_active": "on"})

    assert "This filter is unknown." in answer.content.decode()
    assert not SavedView.objects.exists()


def test_a_view_that_broke_is_marked_and_shows_no_row(boss, client, place):
    place("1")
    SavedView.objects.create(
        name="Old", document="orders.order", query="gone=1", owner=boss, is_shared=True
    )

    assert shown(client)["Old"] == ("?gone=1", False, True)
    page = client.get(f"{reverse(LIST)}?gone=1")
    assert page.context["bo_list"].rows == []


def test_views_are_ones_own_unless_they_are_shared(boss, client):
    other = User.objects.create(username="other", is_staff=True, is_superuser=True)
    for name, is_shared in (("Mine", False), ("Ours", True)):
        SavedView.objects.create(
            name=name,
            document="orders.order",
            query="total_min=1",
            owner=boss,
            is_shared=is_shared,
        )
    browser = Client()
    browser.force_login(other)

    assert {"Mine", "Ours"} <= shown(client).keys()
    assert "Mine" not in shown(browser)
    assert "Ours" in shown(browser)


def test_the_tabs_of_the_product_are_understood(boss, client, place):
    place("1")

    assert not any(is_wrong for _url, _open, is_wrong in shown(client).values())
    for url, _open, _wrong in shown(client).values():
        page = client.get(f"{reverse(LIST)}{url}")
        assert page.context["bo_list"].errors == {}
