"""What a source says happened: the facts that a replay plays in time order."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """The stages of an order, in the order in which one causes the next."""

    PLACE = "place"
    PAY = "pay"
    CANCEL = "cancel"
    HAND_OVER = "hand_over"
    DELIVER = "deliver"
    RETURN = "return"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class SourceFact:
    """One row of a source; `refusal` says why it cannot be true."""

    stage: Stage
    external_id: str
    order: str
    at: datetime | None
    body: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
