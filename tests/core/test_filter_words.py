"""Ages, words and the conditions that a filter adds."""

from datetime import UTC, datetime, timedelta

import django_filters
import pytest
from django.http import QueryDict

from backoffice.core import filtering
from backoffice.core.filtering import FilterError, FilterSet, canonical, read_filter, select
from orders.models import Order
from tests.fixtures.orders import PLACED


def numbers(query, now):
    rows = select("orders.order", query, now=now)
    return sorted(rows.values_list("external_id", flat=True))


@pytest.mark.parametrize(
    ("age", "later", "found"),
    [
        ("30m", timedelta(minutes=30), True),
        ("30m", timedelta(minutes=31), False),
        ("2h", timedelta(hours=2), True),
        ("7d", timedelta(days=7), True),
        ("7d", timedelta(days=7, microseconds=1), False),
        ("1w", timedelta(days=7), True),
    ],
)
def test_ages_count_from_the_given_now(place, age, later, found):
    place("1")

    assert numbers(f"placed_within={age}", PLACED + later) == (["1"] if found else [])
    assert numbers(f"placed_before_ago={age}", PLACED + later) == ([] if found else ["1"])


@pytest.mark.parametrize("age", ["7", "d", "0d", "-1d", "7 d ago", "99999d", "7D", "٧d", "1.5h"])
def test_what_is_no_age_is_refused(db, age):
    with pytest.raises(FilterError) as caught:
        select("orders.order", f"placed_within={age}", now=PLACED)

    assert list(caught.value.errors) == ["placed_within"]


@pytest.fixture
def lax(monkeypatch):
    """A filter set with a filter that passes over some values."""
    monkeypatch.setattr(filtering, "FILTERSETS", {})

    class Lax(FilterSet):
        urgent = django_filters.BooleanFilter(method="only_urgent")
        number = django_filters.CharFilter("order_number")

        class Meta:
            model = Order
            fields = []

        def only_urgent(self, queryset, name, value):
            return queryset.filter(priority__gt=0) if value else queryset

    return Lax


def test_a_value_that_narrows_nothing_is_refused(db, lax):
    with pytest.raises(FilterError) as caught:
        select("orders.order", "urgent=false&number=SO-1", now=PLACED)

    assert caught.value.errors == {"urgent": ["This value is not understood."]}
    assert str(select("orders.order", "urgent=true", now=PLACED).query).count("WHERE") == 1


def test_too_many_parts_are_refused(db):
    with pytest.raises(FilterError):
        select("orders.order", "&" * 2000, now=PLACED)


def test_a_filter_is_told_in_words(db, channel):
    query = (
        "status=PENDING&status=CONFIRMED&channel=web&total_min=1000.50&is_held=false"
        "&placed_within=24h&placed_after=2026-03-01T00:00:00Z"
    )

    read = read_filter("orders.order", query, now=datetime(2026, 3, 1, tzinfo=UTC))

    assert read.words() == {
        "status": "status: Pending or Confirmed",
        "channel": "sales channel: Web shop",
        "is_held": "on hold: No",
        "total_min": "total from: 1000.50",
        "placed_after": "placed after: 2026-03-01 00:00",
        "placed_within": "placed within the last: 1d",
    }
    assert read.rotting() == ["placed_after"]


def test_an_unreadable_filter_has_no_words(db):
    assert read_filter("orders.order", "statuss=X", now=PLACED).words() == {}
    assert read_filter("orders.order", "status=X&total_min=1", now=PLACED).words() == {}


def test_equal_filters_are_equal_text():
    assert canonical("b=2&a=x y&b=1&") == canonical("a=x+y&b=2&b=1") == "a=x+y&b=2&b=1"
    assert QueryDict(canonical("q=ü%26&q=%F0%9F%8D%8E"))["q"] == "🍎"
