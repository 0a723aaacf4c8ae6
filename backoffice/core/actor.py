"""Who acts, and the one transaction in which a service works."""

import functools
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, connection
from django.db import transaction as django_transaction
from django.utils.functional import Promise
from django.utils.translation import override

from backoffice.core.choices import Origin

P = ParamSpec("P")
R = TypeVar("R")
RETRIED = {"40001", "40P01"}
# A lock that was not given in time, or what was retried in vain: try again later.
IN_USE = {"55P03", *RETRIED}
LOCK_TIMEOUT = "3s"


class NoActorError(RuntimeError):
    """Nobody acts: open `acting(user_id)` around the call."""


class MissingEventError(RuntimeError):
    """A service changed documents without saying so by an event."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which request, on documents of which origin, because of which rules."""

    user_id: int
    request_id: str
    origin: str = Origin.LIVE
    rules: tuple[int, ...] = ()


@dataclass(slots=True)
class Unit:
    """What the outermost service block remembers until it ends."""

    actor: Actor
    now: datetime
    reason: str
    locked: dict[str, set[int]] = field(default_factory=dict)
    rank: int = 0
    subjects: set[str] = field(default_factory=set)
    wakes: bool = False


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)
_unit: ContextVar[Unit | None] = ContextVar("unit", default=None)
_whole: ContextVar[bool] = ContextVar("whole", default=False)


def current_actor() -> Actor:
    """Return who acts, or raise NoActorError."""
    actor = _actor.get()
    if actor is None:
        raise NoActorError("Nobody acts here. Open acting(user_id) around the call.")
    return actor


def acting_now() -> Actor | None:
    """Return who acts, or None where nobody does."""
    return _actor.get()


def current_unit() -> Unit:
    """Return the open service block, or raise RuntimeError."""
    unit = _unit.get()
    if unit is None:
        raise RuntimeError("No service block is open. Call this from a @service function.")
    return unit


@contextmanager
def acting(
    user_id: int,
    *,
    request_id: str = "",
    origin: str = Origin.LIVE,
    rules: tuple[int, ...] = (),
) -> Iterator[Actor]:
    """Let one user act in this context."""
    actor = Actor(user_id, request_id or uuid.uuid4().hex, origin, rules)
    token = _actor.set(actor)
    try:
        yield actor
    finally:
        _actor.reset(token)


@contextmanager
def acting_job(
    name: str, *, origin: str = Origin.LIVE, rules: tuple[int, ...] = ()
) -> Iterator[Actor]:
    """Let a job act under its own user."""
    from backoffice.core.standing import job_user_id

    with acting(job_user_id(name), origin=origin, rules=rules) as actor:
        yield actor


def _tell_database(unit: Unit, *, fresh: bool) -> None:
    values = {
        "app.user_id": str(unit.actor.user_id),
        "app.request_id": unit.actor.request_id,
        "app.reason": unit.reason[:300],
        "app.now": unit.now.isoformat(),
        "lock_timeout": LOCK_TIMEOUT,
    }
    if fresh:
        values["app.written"] = ""
    calls = ", ".join(["set_config(%s, %s, true)"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [part for pair in values.items() for part in pair])


def _refuse_silent_writes(unit: Unit) -> None:
    from backoffice.core.events import SUBJECTS_BY_TABLE, needs_event

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.written', true)")
        written = {label for label in (cursor.fetchone()[0] or "").split(",") if label}
    silent = {
        label
        for label in written
        if needs_event(label) and not (SUBJECTS_BY_TABLE.get(label, {label}) & unit.subjects)
    }
    if silent:
        raise MissingEventError(
            f"{', '.join(sorted(silent))} changed without an event. Emit one in the same service."
        )


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Open a transaction that any error undoes as a whole: services need no savepoint in it."""
    token = _whole.set(True)
    try:
        with django_transaction.atomic():
            yield
    finally:
        _whole.reset(token)


@contextmanager
def transaction(*, now: datetime, reason: str = "") -> Iterator[Unit]:
    """Open the transaction of a service; inner blocks join the outermost one."""
    outer = _unit.get()
    if outer is not None:
        before = (outer.now, outer.reason)
        if (now, reason or outer.reason) == before:
            yield outer
            return
        outer.now, outer.reason = now, reason or outer.reason
        _tell_database(outer, fresh=False)
        try:
            yield outer
        finally:
            outer.now, outer.reason = before
        # After an error the rollback restores the settings; here only success has to.
        _tell_database(outer, fresh=False)
        return
    unit = Unit(current_actor(), now, reason)
    token = _unit.set(unit)
    try:
        with django_transaction.atomic(savepoint=not _whole.get()):
            _tell_database(unit, fresh=True)
            yield unit
            _refuse_silent_writes(unit)
    finally:
        _unit.reset(token)


def stored(reason: Any) -> str:
    """Return a reason as it is kept: in English, so that it is translated for whoever reads it."""
    with override("en") if isinstance(reason, Promise) else nullcontext():
        return str(reason)


def service(function: Callable[P, R]) -> Callable[P, R]:
    """Run a service in one transaction; the outermost retries deadlocks three times."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        now: Any = kwargs["now"]
        reason: Any = kwargs.get("reason", "")
        for attempt in range(4):
            try:
                with transaction(now=now, reason=stored(reason)):
                    return function(*args, **kwargs)
            except OperationalError as error:
                state = getattr(error.__cause__, "sqlstate", "")
                inside = _unit.get() is not None or connection.in_atomic_block
                if state not in RETRIED or inside or attempt == 3:
                    raise
                time.sleep(0.02 * 2**attempt)
        raise AssertionError("unreachable")

    return run


class LogFilter(logging.Filter):
    """Put the request id on every log line."""

    def filter(self, record: logging.LogRecord) -> bool:
        actor = _actor.get()
        record.request_id = actor.request_id if actor else "-"
        return True
