"""Money: Decimal amounts beside an ISO 4217 currency, rounded and allocated by stated rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# ISO 4217 minor units other than two; the database function is made from the same table.
DIGITS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}
TWO_DIGITS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
    "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP "
    "PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG"
).split()
DIGITS |= dict.fromkeys(TWO_DIGITS, 2)

# PostgreSQL compares one by one: what most amounts are in comes first.
EXPONENT_SQL = (
    "CREATE OR REPLACE FUNCTION currency_exponent(code text) RETURNS integer"
    " LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE"
    " WHEN code IN ('EUR', 'USD', 'GBP', 'CNY', 'BRL') THEN 2"
    + "".join(
        f" WHEN code IN ({', '.join(repr(c) for c, d in sorted(DIGITS.items()) if d == digits)})"
        f" THEN {digits}"
        for digits in (2, 0, 3)
    )
    + " END $$"
)
# NULL would pass a CHECK, so an unknown currency has to give false.
IS_MONEY_SQL = (
    "CREATE OR REPLACE FUNCTION is_money(amount numeric, code text) RETURNS boolean"
    " LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT amount IS NULL"
    " OR (amount = round(amount, currency_exponent(code))) IS TRUE $$"
)


class CurrencyMismatchError(ValueError):
    """Amounts of two currencies met."""


def digits(currency: str) -> int:
    """Return the minor-unit digits of a currency; KeyError for one that ISO 4217 lacks."""
    return DIGITS[currency]


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """Round half up (away from zero) to the currency's digits."""
    return amount.quantize(Decimal(1).scaleb(-digits(currency)), rounding=ROUND_HALF_UP)


def allocate(total: Decimal, weights: Sequence[Decimal | int], currency: str) -> list[Decimal]:
    """Split a total by weights in whole minor units, exactly, by the largest remainder.

    The parts sum to `round_amount(total)`; ties go to the earlier weight. Equal parts where all
    weights are zero. ValueError for negative weights or none.
    """
    if not weights or any(w < 0 for w in weights):
        raise ValueError("Allocation needs weights, none of them negative.")
    unit = Decimal(1).scaleb(-digits(currency))
    whole = round_amount(total, currency)
    shares = [Decimal(w) for w in weights]
    if not sum(shares):
        shares = [Decimal(1)] * len(shares)
    exact = [whole / unit * share / sum(shares) for share in shares]
    parts = [part.to_integral_value(rounding="ROUND_FLOOR") for part in exact]
    missing = int(whole / unit - sum(parts))
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[:missing]:
        parts[i] += 1
    return [part * unit for part in parts]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency; refuses to meet another."""

    amount: Decimal
    currency: str

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatchError(f"{self.currency} meets {other.currency}.")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount < other.amount

    def __str__(self) -> str:
        return f"{round_amount(self.amount, self.currency)} {self.currency}"


def amount_field(label: str | Promise | None = None, **options: object) -> models.DecimalField:
    """Return the column of an amount: NUMERIC(20,4)."""
    return models.DecimalField(label, max_digits=20, decimal_places=4, **options)  # type: ignore[arg-type]


def currency_field() -> models.CharField:
    return models.CharField(_("currency"), max_length=3)


def rounded_check(name: str, *columns: str, currency: str = "currency") -> models.CheckConstraint:
    """Return the CHECK that amounts have no more digits than their currency; unknown fails."""
    condition = models.Q()
    for column in columns:
        condition &= models.Q(
            models.Func(
                models.F(column),
                models.F(currency),
                function="is_money",
                output_field=models.BooleanField(),
            )
        )
    return models.CheckConstraint(condition=condition, name=name)
