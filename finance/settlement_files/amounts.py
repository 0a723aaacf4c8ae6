"""Amounts as files write them, to integers in minor units; what is not certain is refused."""

import re
from datetime import UTC, datetime, timedelta, timezone

from django.utils.translation import gettext as _

from backoffice.core.money import DIGITS
from finance.settlement_files.base import RefusedError

# Currencies that are gone, or that money is not made in, but that stand in old files.
OTHERS = {
    **dict.fromkeys("ADP BEF BYR ESP ITL LUF PTE TRL".split(), 0),
    **dict.fromkeys(
        "ATS CUC DEM EEK FIM FRF GRD HRK IEP LTL LVL MRO MXV NLG ROL SIT SKK SLL STD VED VEF ZWL"
        " CHE CHW COU".split(),
        2,
    ),
}
PLAIN = re.compile(r"([+-]?)(\d{1,15})(?:\.(\d*))?", re.ASCII)
GROUPED = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3}){1,4})\.(\d+)", re.ASCII)
OFFSETS = {
    **dict.fromkeys(("UTC", "GMT", "Z", "WET"), 0.0),
    "CET": 1,
    "CEST": 2,
    "BST": 1,
    "WEST": 1,
    "EET": 2,
    "EEST": 3,
    "MSK": 3,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "BRT": -3,
    "SGT": 8,
    "HKT": 8,
    "JST": 9,
    "AEST": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
}
# Fifteen digits, as in PLAIN.
LARGEST = 10**15
CHINA = timezone(timedelta(hours=8))
FORMATS = ("%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y")


def currency_of(text: str) -> str:
    """Return an ISO currency in capitals; refuse one that is unknown."""
    code = text.strip().upper()
    if code not in DIGITS and code not in OTHERS:
        raise RefusedError(_("“%s” is no currency.") % text.strip()[:20])
    return code


def digits_of(currency: str) -> int:
    """Return the minor-unit digits of a currency, gone ones too."""
    return DIGITS[currency] if currency in DIGITS else OTHERS[currency]


def minor(text: str, currency: str, *, mark: str = ".") -> int:
    """Return an amount in minor units; grouping is read only beside a decimal mark.

    Refuse what is no amount and what has more digits than the currency.
    """
    value = text.strip()
    if mark == ",":
        value = value.translate({ord(","): ".", ord("."): ","})
    match = PLAIN.fullmatch(value) or GROUPED.fullmatch(value)
    if not match:
        raise RefusedError(_("“%s” is no amount.") % text.strip()[:40])
    sign, whole, part = match[1], match[2].replace(",", ""), (match[3] or "").rstrip("0")
    digits = digits_of(currency)
    if len(part) > digits:
        raise RefusedError(
            _("“%(amount)s” has more digits than %(currency)s.")
            % {"amount": text.strip()[:40], "currency": currency}
        )
    number = int(whole + part.ljust(digits, "0"))
    return -number if sign == "-" else number


def scaled(number: int, currency: str, *, digits: int) -> int:
    """Return an integer of so many digits in the currency's own minor units."""
    if abs(number) >= LARGEST:
        raise RefusedError(_("“%s” is no amount.") % f"{str(number)[:40]}…")
    steps = digits_of(currency) - digits
    if steps >= 0:
        return int(number * 10**steps)
    whole, rest = divmod(abs(number), 10**-steps)
    if rest:
        raise RefusedError(
            _("“%(amount)s” has more digits than %(currency)s.")
            % {"amount": number, "currency": currency}
        )
    return whole if number >= 0 else -whole


def shown(number: int, currency: str) -> str:
    """Return minor units as people write them."""
    digits = digits_of(currency)
    text = f"{abs(number):0{digits + 1}d}"
    sign = "-" if number < 0 else ""
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


def moment(text: str, zone: str = "") -> datetime | None:
    """Return an instant, None where the text tells none; UTC where no zone is told."""
    value = text.strip()
    name, offset = zone.strip().upper(), None
    head, _space, tail = value.rpartition(" ")
    if tail.upper() in OFFSETS:
        value, name = head, tail.upper()
    elif re.fullmatch(r"[+-](0\d|1[0-4])[0-5]\d", tail, re.ASCII):
        value = head
        offset = timezone(
            (1 if tail[0] == "+" else -1) * timedelta(hours=int(tail[1:3]), minutes=int(tail[3:]))
        )
    parsed = _parsed(value)
    if parsed is None or not 1980 < parsed.year < 2200:
        return None
    if parsed.tzinfo:
        return parsed
    if offset is None:
        if name and name not in OFFSETS:
            return None
        offset = timezone(timedelta(hours=OFFSETS[name])) if name else UTC
    return parsed.replace(tzinfo=offset)


def short_day(text: str) -> datetime | None:
    """Return the day that six digits tell; banks with a 30 February have none."""
    try:
        return datetime.strptime(text, "%y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def _parsed(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        pass
    for form in FORMATS:
        try:
            return datetime.strptime(value, form)  # noqa: DTZ007
        except ValueError:
            continue
    return None
