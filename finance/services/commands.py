"""What payments and refunds to be recorded look like, whatever the provider."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from finance.choices import PaymentStatus


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """What a provider says of a payment, unique by provider and external id.

    `amount` is what was authorised, or captured where the status says so; a smaller capture gives
    the rest of the authorisation up. `reference` is our payment's number where the provider
    returns it; `order_id` is needed for a payment that we do not know.
    """

    provider: str
    external_id: str
    status: str
    amount: Decimal
    currency: str
    order_id: int | None = None
    reference: str = ""
    method: str = ""
    at: datetime | None = None
    failure: str = ""

    @property
    def verb(self) -> str:
        return {
            PaymentStatus.AUTHORISED: "authorise",
            PaymentStatus.CAPTURED: "capture",
            PaymentStatus.FAILED: "fail",
            PaymentStatus.VOIDED: "void",
        }.get(PaymentStatus(self.status), "")


@dataclass(slots=True)
class Recorded:
    """What came of recording, by position: payment ids, and the refused with reasons.

    `unchanged` are payments that had this state already, or a later one.
    """

    created: dict[int, int] = field(default_factory=dict)
    changed: dict[int, int] = field(default_factory=dict)
    unchanged: dict[int, int] = field(default_factory=dict)
    refused: dict[int, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefundPart:
    """How much of a refund gives back which order line."""

    line_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class OpenRefund:
    """Money to go back for one order; `key` makes it once, no amount means all that is left.

    Refunds of lines, shipping and returns are spread over the lines where none are named.
    `is_capped` gives back what is left where less is left than was asked for. `is_settled` says
    that the money has gone back already: nobody is asked.
    """

    order_id: int
    kind: str
    amount: Decimal | None = None
    reason: str = ""
    lines: Sequence[RefundPart] = ()
    return_id: int | None = None
    key: str = ""
    is_capped: bool = False
    is_settled: bool = False


@dataclass(slots=True)
class Opened:
    """What came of opening refunds, by position: refund ids, and the refused with reasons."""

    created: dict[int, list[int]] = field(default_factory=dict)
    existing: dict[int, list[int]] = field(default_factory=dict)
    refused: dict[int, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefundResult:
    """What became of a refund at the provider: SUCCEEDED, FAILED or UNKNOWN."""

    refund_id: int
    status: str
    external_id: str = ""
    failure: str = ""
    at: datetime | None = None
