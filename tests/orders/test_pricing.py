from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import LineAmounts, line_amounts


@pytest.mark.parametrize(
    ("price", "quantity", "rate", "currency", "inclusive", "expected"),
    [
        ("11.90", 2, "0.19", "EUR", True, ("20.00", "3.80", "23.80")),
        ("10.00", 3, "0.19", "EUR", False, ("30.00", "5.70", "35.70")),
        ("113", 1, "0.13", "CNY", True, ("100.00", "13.00", "113.00")),
        ("100", 1, "0.1", "JPY", True, ("91", "9", "100")),
        ("1.2345", 1, "0", "EUR", True, ("1.23", "0.00", "1.23")),
        ("1.005", 1, "0", "EUR", True, ("1.01", "0.00", "1.01")),
        ("-5.00", 1, "0.19", "EUR", True, ("-4.20", "-0.80", "-5.00")),
    ],
)
def test_amounts(price, quantity, rate, currency, inclusive, expected):
    amounts = line_amounts(
        Decimal(price), quantity, Decimal(rate), currency, prices_include_tax=inclusive
    )

    assert amounts == LineAmounts(*map(Decimal, expected))


@given(
    st.decimals("-1000", "1000", places=4),
    st.integers(1, 1000),
    st.decimals("0", "0.99", places=5),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.booleans(),
)
def test_net_and_tax_are_gross(price, quantity, rate, currency, inclusive):
    amounts = line_amounts(price, quantity, rate, currency, prices_include_tax=inclusive)

    assert amounts.net + amounts.tax == amounts.gross
