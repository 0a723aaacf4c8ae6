"""`Idempotency-Key`: the same request twice does its work once and answers the same."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError

from backoffice.core.actor import all_or_nothing
from backoffice.core.sql import execute

PATIENCE = "3s"
CLAIM = """
SELECT set_config('lock_timeout', %(patience)s, true), pg_try_advisory_xact_lock(l.number),
  k.fingerprint, k.status, k.body::text
FROM (SELECT hashtextextended(%(lock)s, 0) AS number) l
LEFT JOIN core_idempotencykey k ON k.user_id = %(user)s AND k.key = %(key)s
"""
KEEP = """
INSERT INTO core_idempotencykey (user_id, key, fingerprint, status, body)
VALUES (%s, %s, %s, %s, %s::jsonb) ON CONFLICT (user_id, key) DO NOTHING RETURNING id
"""


class KeyInUseError(Exception):
    """Another request with this key is still at work."""


class KeyReusedError(Exception):
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    is_replay: bool = False
    retry_after: str = ""


def fingerprint(method: str, path: str, body: bytes) -> str:
    """Return what makes two requests the same."""
    return hashlib.sha256(b"\n".join([method.encode(), path.encode(), body])).hexdigest()


def answer_once(
    user_id: int,
    key: str,
    print_: str,
    work: Callable[[], Answer],
    refusal: Callable[[Exception], Answer] | None = None,
) -> Answer:
    """Do the work and keep its answer in one transaction, or give the kept answer again.

    Work that raises leaves nothing but its refusal. A concurrent request with the same key waits
    three seconds, then raises KeyInUseError. Server errors and what the caller is asked to try
    again are not kept.
    """
    try:
        return _once(user_id, key, print_, work)
    except (KeyInUseError, KeyReusedError):
        raise
    except Exception as error:
        if refusal is None:
            raise
        answer = refusal(error)
    return _once(user_id, key, print_, lambda: answer)


def _once(user_id: int, key: str, print_: str, work: Callable[[], Answer]) -> Answer:
    while True:
        with suppress(_RacedError), all_or_nothing():
            kept = _claim(user_id, key)
            if kept is not None:
                if kept[0] != print_:
                    raise KeyReusedError
                return Answer(kept[1], json.loads(kept[2]), is_replay=True)
            answer = work()
            if answer.status < 500 and not answer.retry_after:
                body = json.dumps(answer.body)
                if not execute(KEEP, [user_id, key, print_, answer.status, body]):
                    raise _RacedError
            return answer


class _RacedError(Exception):
    """Another request with this key was done between our look and our lock."""


def _claim(user_id: int, key: str) -> tuple[Any, ...] | None:
    """Lock a key; return its kept fingerprint, status and answer, if there are any."""
    values = {"user": user_id, "key": key, "lock": f"{user_id}:{key}", "patience": PATIENCE}
    [(_timeout, is_ours, *kept)] = execute(CLAIM, values)
    if not is_ours:
        try:
            execute("SELECT pg_advisory_xact_lock(hashtextextended(%(lock)s, 0))", values)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") == "55P03":
                raise KeyInUseError from error
            raise
        # What the other kept is seen by a statement that comes after the lock.
        [(_timeout, _is_ours, *kept)] = execute(CLAIM, values)
    return tuple(kept) if kept[0] is not None else None
