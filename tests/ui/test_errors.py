"""Pages of errors, empty lists, the order of what is found and what the sidebar opens."""

import pytest
from django.urls import reverse

from backoffice.core.models import User
from backoffice.ui import search
from orders.admin.order import OrderAdmin
from orders.models import Return


@pytest.fixture
def boss(db, client):
    client.force_login(User.objects.create(username="boss", is_staff=True, is_superuser=True))
    client.raise_request_exception = False
    return client


def failing(*args, **kwargs):
    raise RuntimeError("secret")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["There is no such page", "You may not do this", "Something went wrong here"]),
        ("zh-hans", ["没有这个页面", "您无权执行此操作", "系统出错了"]),
    ],
)
def test_errors_are_told_in_the_readers_language(boss, place, monkeypatch, language, words):
    User.objects.filter(username="boss").update(language=language)
    page = reverse("admin:orders_order_change", args=[place().pk])
    answers = [boss.get("/nowhere/"), boss.post(page)]
    monkeypatch.setattr(OrderAdmin, "get_queryset", failing)
    answers.append(boss.get(reverse("admin:orders_order_changelist")))

    assert [a.status_code for a in answers] == [404, 403, 500]
    for answer, title in zip(answers, words, strict=True):
        text = answer.content.decode()
        assert f"<h1>{title}</h1>" in text
        assert '<meta name="viewport"' in text
        assert "secret" not in text


def test_an_empty_list_offers_no_actions_and_says_what_to_do(boss):
    empty = boss.get(reverse("admin:orders_return_changelist")).content.decode()
    none = boss.get(reverse("admin:orders_return_changelist"), {"q": "RT-1"}).content.decode()
    customers = boss.get(reverse("admin:orders_customer_changelist")).content.decode()

    assert not Return.objects.exists()
    for text in (empty, none, customers):
        assert 'name="action"' not in text
    assert "There is nothing here yet." in empty
    assert '<a class="bo-button" href="?">Show all</a>' in none
    assert '<a class="bo-button" href="add/">Add customer</a>' in customers


def test_orders_are_found_before_events(boss, place, monkeypatch):
    monkeypatch.setattr(search, "SHORTEST", 1)
    order = place()

    page = boss.get(reverse("admin:search"), {"q": str(order.pk)})

    ranks = [(not kind.is_exact, kind.rank) for kind in page.context["bo_kinds"]]
    assert ranks == sorted(ranks)
    assert page.context["bo_kinds"][-1].label == "events"


def test_the_sidebar_opens_people_not_jobs(boss):
    text = boss.get(reverse("admin:index")).content.decode()
    users = reverse("admin:core_user_changelist")
    assert f'href="{users}?kind=PERSON"' in text

    page = boss.get(users, {"kind": "PERSON"}).content.decode()

    assert "job:" not in page
    assert "?kind=JOB" in page
