"""Optimistic versions: a verb is undone where its document was not what the caller saw."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import models

from backoffice.core.actor import current_actor, transaction
from backoffice.core.history import history_model


class StaleError(Exception):
    """The document changed since the caller read it."""


@contextmanager
def unchanged_since(
    model: type[models.Model], pk: int, version: int, *, now: datetime, reason: str = ""
) -> Iterator[None]:
    """Run a service on a document that must still be at `version` when the service locks it.

    The lock is left to the service, which knows the order of its locks; whether somebody else
    came in between is read from history afterwards.
    """
    with transaction(now=now, reason=reason):
        history = history_model(model)._base_manager.filter(id=pk)
        seen = history.order_by("-history_id").values_list("history_id", "version").first()
        if seen is None or seen[1] != version:
            raise StaleError
        yield
        others = history.filter(history_id__gt=seen[0]).exclude(
            request_id=current_actor().request_id
        )
        if others.exclude(version=version).exists():
            raise StaleError
