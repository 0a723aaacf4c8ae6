"""What a line costs: net, tax and gross from a unit price, pure."""

from dataclasses import dataclass
from decimal import Decimal

from backoffice.core.money import round_amount


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """Amounts of a line in its currency's minor units; net + tax = gross."""

    net: Decimal
    tax: Decimal
    gross: Decimal


def line_amounts(
    unit_price: Decimal,
    quantity: int,
    tax_rate: Decimal,
    currency: str,
    *,
    prices_include_tax: bool,
) -> LineAmounts:
    """Return a line's amounts; tax is rounded half up per line, once.

    `tax_rate` is a share (0.19). With inclusive prices tax = gross · rate / (1 + rate), the
    German "in hundred" formula, also used for Chinese VAT (价税分离); else tax = net · rate.
    """
    amount = round_amount(unit_price * quantity, currency)
    if prices_include_tax:
        tax = round_amount(amount * tax_rate / (1 + tax_rate), currency)
        return LineAmounts(amount - tax, tax, amount)
    tax = round_amount(amount * tax_rate, currency)
    return LineAmounts(amount, tax, amount + tax)
