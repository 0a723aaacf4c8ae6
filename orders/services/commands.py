"""What an order to be placed looks like, whatever the channel."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from orders.choices import LineKind


@dataclass(frozen=True, slots=True)
class CustomerData:
    """A customer as the channel knows them; `external_id` is the channel's own key."""

    external_id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class AddressData:
    """A postal address with an ISO 3166 country."""

    country: str
    recipient: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    district: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class LineData:
    """A line to be sold; without a price or a rate the shop's own apply.

    The seller is the SKU's; lines without a SKU, such as shipping, may name one.
    """

    quantity: int = 1
    sku: str = ""
    kind: str = LineKind.ITEM
    unit_price: Decimal | None = None
    tax_rate: Decimal | None = None
    description: str = ""
    external_id: str = ""
    warehouse: str = ""
    seller: str = ""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """An order to be placed, unique by channel and external id.

    What the model has under the same name is stored as it is, checked by the model's validators,
    and taken from API and CSV (`given.py`).
    `total` is what the channel says the customer owes; where given, it has to agree.
    """

    channel: str
    external_id: str
    placed_at: datetime
    customer: CustomerData
    ship_to: AddressData
    lines: Sequence[LineData]
    currency: str = ""
    bill_to: AddressData | None = None
    total: Decimal | None = None
    priority: int = 0
    promised_on: date | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change to an order; which fields count depends on its kind.

    `amount` is gross and signed. Without a price or a rate the shop's own apply.
    """

    kind: str
    line_id: int | None = None
    sku: str = ""
    quantity: int | None = None
    unit_price: Decimal | None = None
    tax_rate: Decimal | None = None
    amount: Decimal | None = None
    address: AddressData | None = None


@dataclass(frozen=True, slots=True)
class EditOrder:
    """Changes that are made to one order together; `version` is the order that was seen.

    What follows its channel was agreed to there: no second person is asked.
    """

    order_id: int
    changes: Sequence[Change]
    note: str = ""
    version: int | None = None
    follows_channel: bool = False


@dataclass(slots=True)
class Placed:
    """What came of placing: new orders, those that were there, and the refused with reasons.

    Keys are positions in the given sequence.
    """

    created: dict[int, int] = field(default_factory=dict)
    existing: dict[int, int] = field(default_factory=dict)
    refused: dict[int, list[str]] = field(default_factory=dict)
