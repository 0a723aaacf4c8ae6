"""The verbs of a machine: who may, what would happen, doing it, telling what happened."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import OperationalError, connection
from django.db.transaction import atomic
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core import extensions
from backoffice.core.actor import IN_USE, transaction
from backoffice.core.states import GONE, BlockedError, Machine, Outcome, Transition

Service = Callable[..., Outcome]
# How many documents a preview names of each reason.
NAMED = 10


class VerbsMixin:
    """What the page of one document and the list of many need to run a verb."""

    machine: Machine | None = None
    # Transition name → service(ids, *, now, reason).
    verbs: Mapping[str, Service] = {}
    # Verb → the verb that takes it back.
    inverses: Mapping[str, str] = {}

    def may(self, request: HttpRequest, transition: Transition) -> bool:
        change = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return request.user.has_perm(transition.permission or change)

    def _dialog(
        self, request: HttpRequest, transition: Transition, ids: Sequence[int]
    ) -> dict[str, Any]:
        assert self.machine is not None
        now = timezone.now()
        with transaction(now=now):
            outcome = self.machine.check(ids, transition.name, skip_locked=True)
        label = self.opts.label_lower
        return self.admin_site.each_context(request) | {
            "title": transition.label,
            "opts": self.opts,
            "transition": transition,
            "outcome": outcome,
            "blocked": self._grouped(outcome),
            "effects": extensions.effects(label, transition.name, outcome.moved, now),
        }

    def _named(self, outcome: Outcome) -> list[tuple[str, list[Any]]]:
        rows = self.model._default_manager.in_bulk(list(outcome.blocked))
        return [(str(rows.get(i, i)), reasons) for i, reasons in list(outcome.blocked.items())[:50]]

    def _grouped(self, outcome: Outcome) -> list[dict[str, Any]]:
        """Return the blocked reason by reason: how many, and the first of them as links."""
        groups: dict[str, list[int]] = {}
        for pk, reasons in outcome.blocked.items():
            groups.setdefault(" ".join(map(str, reasons)), []).append(pk)
        shown = [pk for ids in groups.values() for pk in ids[:NAMED]]
        rows = self.model._default_manager.in_bulk(shown)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return [
            {
                "reason": reason,
                "n": len(ids),
                "more": max(0, len(ids) - NAMED),
                "rows": [(str(rows.get(i, i)), reverse(name, args=[i])) for i in ids[:NAMED]],
            }
            for reason, ids in groups.items()
        ]

    def _call(
        self, transition: Transition, ids: Sequence[int], now: datetime, reason: str
    ) -> Outcome:
        # Inside a transaction a refusal needs a savepoint; outside, the service retries by itself.
        guard = atomic() if connection.in_atomic_block else nullcontext()
        try:
            with guard:
                return self.verbs[transition.name](ids, now=now, reason=reason)
        except BlockedError as error:
            return Outcome(blocked={i: list(error.reasons) for i in ids})
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in IN_USE:
                raise
            return Outcome(blocked={i: [GONE] for i in ids})

    def _report(
        self, request: HttpRequest, transition: Transition, outcome: Outcome, done: str = ""
    ) -> None:
        """Say how many were done, and of the others why not."""
        if outcome.moved:
            told = {"verb": transition.label, "n": len(outcome.moved)}
            messages.success(request, (done or _("%(verb)s: %(n)s done.")) % told)
        for name, reasons in self._named(outcome):
            messages.error(request, f"{name}: {' '.join(str(r) for r in reasons)}")
