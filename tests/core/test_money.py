from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core.money import (
    DIGITS,
    CurrencyMismatchError,
    Money,
    allocate,
    digits,
    round_amount,
)
from backoffice.core.sql import execute
from orders.models import Order

CODES = st.sampled_from(["EUR", "JPY", "KWD"])
AMOUNTS = st.decimals(-(10**9), 10**9, places=4, allow_nan=False, allow_infinity=False)
WEIGHTS = st.lists(
    st.one_of(st.integers(0, 10**6), st.decimals(0, 10**6, places=4)), min_size=1, max_size=40
)


@given(AMOUNTS, WEIGHTS, CODES)
def test_parts_sum_exactly_and_have_no_more_digits_than_the_currency(total, weights, currency):
    parts = allocate(total, weights, currency)

    assert sum(parts) == round_amount(total, currency)
    assert all(part == round_amount(part, currency) for part in parts)
    assert len(parts) == len(weights)


@given(AMOUNTS, WEIGHTS, CODES)
def test_no_part_is_further_than_a_unit_from_its_exact_share(total, weights, currency):
    whole, sum_ = round_amount(total, currency), sum(map(Decimal, weights))
    unit = Decimal(1).scaleb(-digits(currency))

    for weight, part in zip(weights, allocate(total, weights, currency), strict=True):
        share = whole * Decimal(weight) / sum_ if sum_ else whole / len(weights)
        assert abs(part - share) < unit


@pytest.mark.parametrize(
    ("total", "weights", "currency", "parts"),
    [
        ("0.05", [1, 1, 1], "EUR", ["0.02", "0.02", "0.01"]),
        ("100", [1, 1, 1], "JPY", ["34", "33", "33"]),
        ("-0.05", [1, 1], "EUR", ["-0.02", "-0.03"]),
        ("10.00", [0, 0], "EUR", ["5.00", "5.00"]),
        ("10.00", [0, 3], "EUR", ["0.00", "10.00"]),
        ("1.000", [1, 2], "KWD", ["0.333", "0.667"]),
        ("0", [5], "EUR", ["0.00"]),
    ],
)
def test_allocates_by_the_largest_remainder(total, weights, currency, parts):
    assert allocate(Decimal(total), weights, currency) == [Decimal(p) for p in parts]


@pytest.mark.parametrize("weights", [[], [-1, 2]])
def test_refuses_weights_that_make_no_sense(weights):
    with pytest.raises(ValueError):
        allocate(Decimal(1), weights, "EUR")


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.005", "EUR", "0.01"),
        ("-0.005", "EUR", "-0.01"),
        ("0.0049", "EUR", "0.00"),
        ("2.5", "JPY", "3"),
        ("1.2345", "KWD", "1.235"),
    ],
)
def test_rounds_half_away_from_zero(amount, currency, rounded):
    assert str(round_amount(Decimal(amount), currency)) == rounded


def test_an_unknown_currency_has_no_digits():
    with pytest.raises(KeyError):
        round_amount(Decimal(1), "XXX")


def test_money_refuses_to_meet_another_currency():
    euro, yen = Money(Decimal("1.20"), "EUR"), Money(Decimal(3), "JPY")

    assert (euro + euro - Money(Decimal("0.40"), "EUR")).amount == Decimal("2.00")
    assert str(-euro) == "-1.20 EUR"
    for meet in (lambda: euro + yen, lambda: euro - yen, lambda: euro < yen):
        with pytest.raises(CurrencyMismatchError):
            meet()


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1.23", "EUR", True),
        ("1.234", "EUR", False),
        ("123", "JPY", True),
        ("123.4", "JPY", False),
        ("1.234", "KWD", True),
        ("1.2345", "KWD", False),
        ("1", "XXX", False),
        ("1", "eur", False),
        (None, "EUR", True),
        (None, "XXX", True),
    ],
)
def test_the_database_knows_money(db, amount, currency, expected):
    assert execute("SELECT is_money(%s::numeric, %s)", [amount, currency]) == [(expected,)]


def test_the_database_and_python_know_the_same_currencies(db):
    rows = execute(
        "SELECT c, currency_exponent(c) FROM unnest(%s::text[]) AS c", [[*DIGITS, "XXX"]]
    )

    assert dict(rows) == DIGITS | {"XXX": None}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(AMOUNTS, CODES), min_size=1, max_size=50))
def test_python_and_the_database_agree_on_what_is_money(db, pairs):
    rows = execute(
        "SELECT is_money(a, c), is_money(r, c) FROM unnest(%s::numeric[], %s::numeric[],"
        " %s::text[]) WITH ORDINALITY AS p(a, r, c, n) ORDER BY n",
        [[a for a, _ in pairs], [round_amount(a, c) for a, c in pairs], [c for _, c in pairs]],
    )

    assert rows == [(a == round_amount(a, c), True) for a, c in pairs]


@pytest.mark.parametrize("currency", ["XXX", "JPY"])
def test_a_document_of_a_wrong_currency_is_refused(place, currency):
    order = place()

    with pytest.raises(IntegrityError, match="order_rounded"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(currency=currency)
