"""What carrier adapters are given, what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ParsedScan:
    """A scan in our words; an empty status is news that moves nothing."""

    occurred_at: datetime
    status: str = ""
    kind: str = ""
    code: str = ""
    description: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class TrackResult:
    """What a carrier says about one number: its scans, that it knows none, or an error."""

    number: str
    scans: Sequence[ParsedScan] = ()
    is_known: bool = True
    error: str = ""
    promised_on: date | None = None


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """A label to be bought; the key makes buying it twice impossible."""

    key: str
    service: str
    weight_grams: int
    reference: str
    sender: Mapping[str, str] = field(default_factory=dict)
    recipient: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """A bought label."""

    tracking_number: str
    url: str = ""
    cost: Decimal | None = None
    currency: str = ""
    promised_on: date | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What a client has to know of an account; no model, so that none is read in the loop."""

    account_id: int
    base_url: str
    api_key: str
