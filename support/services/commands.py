"""What support is asked to do: tickets to open, replies, messages, reviews, answers."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise

from support.choices import Direction, Language, Priority, Skill

Text = str | Promise


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A ticket to be opened; at most one is open about the same (`for_type`, `for_id`)."""

    subject: str
    body: str = ""
    direction: str = Direction.INTERNAL
    priority: str = Priority.NORMAL
    skill: str = Skill.GENERAL
    language: str = Language.EN
    order_id: int | None = None
    customer_id: int | None = None
    requester_email: str = ""
    for_type: str = ""
    for_id: int | None = None
    opened_at: datetime | None = None
    source: str = ""
    external_id: str = ""


@dataclass(slots=True)
class Opened:
    """Keys are positions in the given sequence, values ticket ids."""

    created: dict[int, int] = field(default_factory=dict)
    existing: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to the customer; `seen` is the last message that its writer had read."""

    ticket_id: int
    body: str
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class WriteNote:
    """A note that no customer ever sees."""

    ticket_id: int
    body: str


@dataclass(frozen=True, slots=True)
class ReceiveMessage:
    """What a customer wrote, by mail or web form, once per (`source`, `external_id`)."""

    source: str
    external_id: str
    sender: str
    subject: str
    body: str
    token: str = ""
    is_machine: bool = False
    order_number: str = ""
    is_verified: bool = False
    language: str = ""
    received_at: datetime | None = None


@dataclass(slots=True)
class Received:
    """Ticket ids by position of the message; known messages are there already."""

    threaded: dict[int, int] = field(default_factory=dict)
    opened: dict[int, int] = field(default_factory=dict)
    known: dict[int, int] = field(default_factory=dict)
    ignored: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """A score of one to five, and what the customer added."""

    survey_id: int
    score: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class RecordSurvey:
    """A review from outside, once per (`source`, `external_id`)."""

    source: str
    external_id: str
    score: int
    sent_at: datetime
    answered_at: datetime
    comment: str = ""
    order_id: int | None = None
    customer_id: int | None = None
    language: str = Language.EN


@dataclass(slots=True)
class Recorded:
    """Keys are positions in the given sequence, values survey ids."""

    created: dict[int, int] = field(default_factory=dict)
    existing: dict[int, int] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
