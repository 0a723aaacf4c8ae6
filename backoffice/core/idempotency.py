"""`Idempotency-Key`: the same request twice does its work once and answers the same."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction

from backoffice.core.models.idempotency import IdempotencyKey

PATIENCE = "3s"


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


def answer_once(user_id: int, key: str, print_: str, work: Callable[[], Answer]) -> Answer:
    """Do the work and keep its answer in one transaction, or give the kept answer again.

    A concurrent request with the same key waits three seconds, then raises KeyInUseError. Server
    errors and what the caller is asked to try again are not kept.
    """
    with transaction.atomic():
        _claim(user_id, key)
        kept = IdempotencyKey.objects.filter(user_id=user_id, key=key).first()
        if kept is not None:
            if kept.fingerprint != print_:
                raise KeyReusedError
            return Answer(kept.status, kept.body, is_replay=True)
        answer = work()
        if answer.status < 500 and not answer.retry_after:
            IdempotencyKey.objects.create(
                user_id=user_id,
                key=key,
                fingerprint=print_,
                status=answer.status,
                body=answer.body,
            )
        return answer


def _claim(user_id: int, key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
        try:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{user_id}:{key}"]
            )
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") == "55P03":
                raise KeyInUseError from error
            raise
