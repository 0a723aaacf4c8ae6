"""What a sandbox shop knows and how it misbehaves: its orders, what it was told, its dice."""

import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(slots=True)
class Control:
    """Shares of messages that are lost or sent twice, their longest delay, and of refused calls."""

    lose: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    limit: float = 0.0
    fail: float = 0.0


@dataclass(slots=True)
class Shop:
    """A shop's orders by id, as its API shows them, and what came back from us."""

    control: Control = field(default_factory=Control)
    seed: int = 1
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    level: float = 0.0
    at: float = 0.0
    pending: int = 0
    dice: random.Random = field(default_factory=random.Random)

    size = 40
    leak = 400.0

    def __post_init__(self) -> None:
        self.dice.seed(self.seed)

    def count(self, what: str) -> None:
        self.calls[what] = self.calls.get(what, 0) + 1

    def fill(self) -> bool:
        """Fill the leaky bucket by one call; say whether it still fits."""
        now = time.monotonic()
        self.level = max(0.0, self.level - (now - self.at) * self.leak)
        self.at = now
        if self.level + 1 > self.size:
            return False
        self.level += 1
        return True

    def changed_since(self, field_name: str, since: datetime) -> list[dict[str, Any]]:
        """Return orders that changed since a moment, oldest change first."""
        found = [o for o in self.orders.values() if moment(o[field_name]) >= since]
        return sorted(found, key=lambda o: (moment(o[field_name]), o["id"]))

    def sendings(self) -> list[float]:
        """Return after how many seconds a message is sent: never, once or twice."""
        copies = 0 if self.dice.random() < self.control.lose else 1
        copies += self.dice.random() < self.control.duplicate
        return [self.dice.uniform(0, self.control.delay) for _ in range(copies)]


def moment(text: str) -> datetime:
    """Read an instant; one without a zone is UTC."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
