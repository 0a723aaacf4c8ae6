"""The box that finds everything."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from backoffice.core.models import User
from inventory.models import PurchaseOrder, Supplier


@pytest.fixture
def boss(db, client):
    client.force_login(User.objects.create(username="boss", is_staff=True, is_superuser=True))
    return client


def found(client, text):
    page = client.get(reverse("admin:search"), {"q": text})
    return [(kind.label, [hit.title for hit in kind.hits]) for kind in page.context["bo_kinds"]]


def test_an_exact_number_comes_first(boss, place):
    order = place()

    assert found(boss, order.order_number)[0] == ("orders", [order.order_number])
    assert found(boss, order.order_number.lower())[0] == ("orders", [order.order_number])


@pytest.fixture
def buy(boss, house):
    """Make purchase orders with these keys."""
    supplier = Supplier.objects.create(code="HAN", name="Hansa", currency="EUR")
    values = {"supplier": supplier, "warehouse": house, "currency": "EUR"}
    values |= {"exchange_rate": 1, "total_amount": 5}
    values |= dict.fromkeys(("created_by", "modified_by"), User.objects.get(username="boss"))

    def create(*keys):
        PurchaseOrder.objects.bulk_create([PurchaseOrder(id=key, **values) for key in keys])

    return create


@pytest.mark.parametrize(
    ("digits", "numbers"),
    [
        ("2120", ["PO-00002120", "PO-00922120", "PO-00912120", "PO-00902120"]),
        ("02120", ["PO-00002120", "PO-00902120"]),
        ("00922120", ["PO-00922120"]),
        ("922120", ["PO-00922120"]),
        ("20", []),
    ],
)
def test_bare_digits_find_the_number_first_and_then_what_ends_so(boss, buy, digits, numbers):
    buy(2120, 902_120, 912_120, 922_120, 922_121, 922_920)

    assert dict(found(boss, digits)).get("purchase orders", []) == numbers


def test_the_number_is_among_the_ten_however_many_end_so(boss, buy):
    buy(2120, *range(1_002_120, 1_200_000, 10_000))

    numbers = dict(found(boss, "2120"))["purchase orders"]

    assert (len(numbers), numbers[:2]) == (10, ["PO-00002120", "PO-01192120"])


def test_bare_digits_of_an_order_find_what_belongs_to_it(boss, sold):
    order = sold()

    kinds = found(boss, f"{order.pk:08d}")

    assert kinds[0] == ("orders", [order.order_number])
    assert "payments" in dict(kinds)


def test_a_thing_is_found_by_its_sku(boss, place):
    place()

    labels = dict(found(boss, "S-UNTRACKED"))

    assert "SKUs" in labels


def test_nothing_is_found_where_one_may_see_nothing(place):
    order = place()
    clerk = User.objects.create(username="clerk", is_staff=True)
    browser = Client()
    browser.force_login(clerk)
    assert found(browser, order.order_number) == []

    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))

    assert found(browser, order.order_number) == [("orders", [order.order_number])]


def test_at_most_ten_of_a_kind(boss, place):
    first = place("0")
    for n in range(1, 12):
        place(str(n))

    page = boss.get(reverse("admin:search"), {"q": first.order_number[:3]})

    assert all(len(kind.hits) <= 10 for kind in page.context["bo_kinds"])


@pytest.mark.parametrize("text", ["", "x", "\x00", "a" * 500, "'; --", "%", "_", "\\"])
def test_odd_texts_are_answered(boss, text):
    assert boss.get(reverse("admin:search"), {"q": text}).status_code == 200


def test_the_dialog_asks_for_the_hits_alone(boss, place):
    order = place()

    part = boss.get(
        reverse("admin:search"), {"q": order.order_number}, headers={"X-Part": "hits"}
    ).content.decode()

    assert order.order_number in part
    assert "<html" not in part
