"""What every channel's parser needs: amounts, addresses, instants, lines."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from backoffice.core.reading import UNFIT, text
from orders.channels.adapter import Told
from orders.choices import LineKind
from orders.services.commands import AddressData, LineData

NOTHING = Decimal(0)


def decimal(value: Any, name: str = "amount") -> Decimal:
    """Read an amount; ValueError for what is none."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= Decimal(10) ** 16:
        raise ValueError(f"{name} {value!r} is no amount.")
    return number


def whole(value: Any, name: str = "quantity") -> int:
    """Read a whole number; ValueError for what is none."""
    number = decimal(value, name)
    if number != int(number):
        raise ValueError(f"{name} {value!r} is no whole number.")
    return int(number)


def key(value: Any) -> str:
    """Return an id as text, whether it came as number or text."""
    is_id = isinstance(value, (int, str)) and not isinstance(value, bool)
    return text(str(value), 120) if is_id else ""


def utc(value: Any) -> datetime:
    """Read an ISO 8601 instant; one without a zone is UTC."""
    at = datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def language(locale: Any) -> str:
    """Return the language of ours that is nearest to a locale."""
    return "zh-hans" if text(locale, 10).lower().startswith("zh") else "en"


def address(source: Mapping[str, Any] | None, **names: str) -> AddressData:
    """Build an address: `names` maps our fields to the channel's; what is missing is empty."""
    values = source or {}
    longest = {"country": 2, "postal_code": 20, "phone": 40, "recipient": 200, "company": 200}
    fields = {
        ours: text(values.get(theirs), longest.get(ours, 120)) for ours, theirs in names.items()
    }
    fields["country"] = text(values.get(names.get("country", "")), 20).strip().upper()
    return AddressData(**fields)


def discounts(amounts: Iterable[tuple[Decimal, Decimal]], description: str) -> list[LineData]:
    """Return a discount line for each tax rate, given (rate, amount taken off)."""
    sums: dict[Decimal, Decimal] = defaultdict(Decimal)
    for rate, amount in amounts:
        sums[rate] += amount
    return [
        LineData(1, "", LineKind.DISCOUNT, -amount, rate, description, external_id="discount")
        for rate, amount in sorted(sums.items())
        if amount
    ]


def read_one(external_id: str, version: datetime, read: Callable[[], Told]) -> Told:
    """Read one order; an unfit one is told with its problem, so that it is held and not lost."""
    try:
        return read()
    except UNFIT as error:
        words = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
        return Told(external_id, version, problem=f"This cannot be read: {words}"[:300])


def as_body(order: Any) -> str:
    """Return an order of a list as the message that would have told it."""
    return json.dumps(order, ensure_ascii=False, separators=(",", ":"))


def unknown_options(names: Iterable[str]) -> list[str]:
    """Say that there are no such options."""
    text = _("There is no option %(names)s.")
    return [text % {"names": ", ".join(names)}] if names else []
