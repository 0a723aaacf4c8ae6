import pytest
from django.utils import timezone

from backoffice.core.filtering import FILTERSETS, FilterError, filterset_of, select
from orders.filters import OrderFilter
from orders.models import Order


@pytest.fixture
def chosen(db, place):
    first, _second = place("1"), place("2")

    def numbers(query):
        rows = select("orders.order", query, now=timezone.now())
        return sorted(rows.values_list("external_id", flat=True))

    return numbers, first


def test_a_document_has_one_filter_set():
    assert filterset_of(Order) is FILTERSETS["orders.order"] is OrderFilter
    assert filterset_of("core.nothing") is None


def test_named_filters_select(chosen):
    numbers, first = chosen

    assert numbers(f"number={first.order_number}") == [first.external_id]
    assert len(numbers("status=PENDING&status=CONFIRMED")) == 2
    assert numbers("status=CANCELLED") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("statuss=PENDING", "statuss"),
        ("status=BOGUS", "status"),
        ("total_min=abc", "total_min"),
        ("is_held=maybe", "is_held"),
        ("number=", "number"),
        ("placed_after=yesterday", "placed_after"),
        ("status=PENDING&nothing=1", "nothing"),
    ],
)
def test_an_error_selects_nothing_but_says_which(chosen, query, field):
    numbers, _first = chosen

    with pytest.raises(FilterError) as caught:
        numbers(query)

    assert list(caught.value.errors) == [field]


def test_a_document_without_filters_is_refused(db):
    with pytest.raises(FilterError):
        select("core.nothing", "username=x", now=timezone.now())
