"""The base of all channel adapters: what they read, ask and tell, and what they cannot do."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx

from backoffice.core.calls import PermanentError
from orders.services.commands import PlaceOrder

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message with what is needed to read it."""

    body: str
    channel: str
    received_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    prices_include_tax: bool = True


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money that the channel gave back, once for each id."""

    external_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel says of one order as of `version`, its own time of the last change.

    Without a command it is a part of the story only: a refund, a deletion. `problem` says why the
    order in it cannot be read.
    """

    external_id: str
    version: datetime
    command: PlaceOrder | None = None
    reference: str = ""
    is_cancelled: bool = False
    paid: Decimal = NOTHING
    refunds: Sequence[Refunded] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """What a client has to know of a connection."""

    base_url: str
    api_key: str
    api_secret: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """An order that a channel was asked for, as it came."""

    external_id: str
    version: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of orders changed since a moment; an empty cursor ends them."""

    orders: Sequence[Found]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Shipped:
    """Units of an order that left in one parcel; lines are named as the channel does."""

    order: str
    key: str
    carrier: str
    tracking_number: str
    tracking_url: str
    units: Mapping[str, int]
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class StockLevel:
    """What may be sold of one listing."""

    external_id: str
    quantity: int


class Adapter:
    """A channel that only sends; one that can be asked or told overrides what it can do.

    Parsing is pure. Methods that call raise CallError and never touch the database. Retries and
    pace are not theirs.
    """

    polls = False
    # What the channel takes back, by NewsKind, and how many stock levels one call may carry.
    takes: frozenset[str] = frozenset()
    stock_batch = 1
    # Headers that reading a message needs.
    kept_headers: tuple[str, ...] = ()
    answer: Mapping[str, Any] = {"detail": "stored"}

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], key: str, secret: str, *, now: datetime
    ) -> bool:
        """Verify a push over its raw bytes, in constant time; `key` is the API key."""
        return False

    def is_greeting(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Say whether this is an unsigned greeting that carries nothing and wants a 200."""
        return False

    def push_id(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Return what makes a push unique."""
        return hashlib.sha256(body).hexdigest()

    def happened_at(self, headers: Mapping[str, str]) -> datetime | None:
        """Return when the channel sent it, where it says so; it settles equal versions."""
        return None

    def option_problems(self, options: Mapping[str, Any]) -> list[str]:
        """Say what is wrong with a connection's options."""
        return []

    def decode(self, body: bytes, options: Mapping[str, Any]) -> str:
        """Return the text of a body; ValueError for one that is none."""
        return body.decode()

    def parse(self, message: Message) -> list[Told]:
        """Read a message; ValueError for one that cannot be read."""
        raise NotImplementedError

    def poll(self, http: httpx.Client, access: Access, since: datetime, cursor: str) -> Page:
        """Ask for one page of the orders that changed since a moment, oldest change first."""
        raise PermanentError("This channel cannot be asked for orders.")

    def test(self, http: httpx.Client, access: Access) -> str:
        """Ask for the smallest answer; return whose shop it is."""
        raise PermanentError("This channel cannot be called.")

    def tell_shipped(self, http: httpx.Client, access: Access, news: Shipped) -> str:
        """Tell that a parcel left; return a note where it is not all that was to be said."""
        raise PermanentError("This channel takes no shipments.")

    def tell_cancelled(self, http: httpx.Client, access: Access, order: str, key: str) -> str:
        """Tell that an order is cancelled."""
        raise PermanentError("This channel takes no cancellations.")

    def tell_refunded(
        self, http: httpx.Client, access: Access, order: str, refund: Refunded
    ) -> str:
        """Tell that money goes back to the customer."""
        raise PermanentError("This channel takes no refunds.")

    def tell_stock(
        self, http: httpx.Client, access: Access, levels: Sequence[StockLevel]
    ) -> Mapping[str, str]:
        """Tell what may be sold; return what was refused, with reasons."""
        raise PermanentError("This channel takes no stock levels.")
