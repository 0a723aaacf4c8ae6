"""What the acts of the demo share: who acts, the span of time they act in, and their pace."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from backoffice.core.actor import acting, acting_job
from backoffice.core.choices import Origin
from backoffice.replay.demo.dice import wait
from backoffice.replay.demo.staff import user_id

T = TypeVar("T")
DAY = timedelta(days=1)


@dataclass(slots=True)
class Story:
    """A span of time of one demo: what falls due in it happens, the rest later.

    A day of the demo's people takes `day`. Each act does `most` things at a time, the oldest
    first, and leaves the newest to the visitor where `keeps` is set.
    """

    seed: int
    since: datetime
    now: datetime
    day: timedelta = DAY
    most: int = 1_000
    keeps: bool = True
    users: dict[str, int] = field(default_factory=dict)

    def after(self, at: datetime | None, days: float, spread: float, *names: object) -> datetime:
        """Return when something happens that takes so many days of the demo (the median)."""
        assert at is not None
        return at + wait(days * self.day, spread, self.seed, *names)

    def has_come(self, at: datetime) -> bool:
        """Say whether a moment lies in the span or before it."""
        return at < self.now

    def is_due(self, at: datetime) -> bool:
        """Say whether a moment lies in the span."""
        return self.since <= at < self.now

    def turn(
        self, newest_first: Iterable[T], when: Callable[[T], datetime], *, keep: int = 0
    ) -> list[T]:
        """Return whose turn it is: the oldest whose time has come, without the newest few."""
        rest = list(newest_first)[keep if self.keeps else 0 :]
        return [row for row in reversed(rest) if self.has_come(when(row))][: self.most]

    @contextmanager
    def role(self, username: str) -> Iterator[None]:
        """Let one of the demo's people act."""
        if username not in self.users:
            self.users[username] = user_id(username)
        with self.user(self.users[username]):
            yield

    @contextmanager
    def user(self, pk: int) -> Iterator[None]:
        """Let somebody act on the demo's documents."""
        with acting(pk, origin=Origin.DEMO):
            yield


@contextmanager
def demo_job() -> Iterator[None]:
    """Let the demo's job act: the customers and the world outside."""
    with acting_job("demo", origin=Origin.DEMO):
        yield
