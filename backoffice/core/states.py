"""State machines over sets: lock, classify, change, record, emit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.core import extensions
from backoffice.core.actor import current_unit
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import per_row

Text = str | Promise
GONE = _("It does not exist or is in use by somebody else; try again in a moment.")


@dataclass(frozen=True, slots=True)
class Guard:
    """A positive condition with the reason that is shown where it does not hold.

    It reads columns that are never NULL, counts for imported documents as well, and is not asked
    again by itself: see that an event brings the document back once it holds.
    """

    name: str
    condition: Q
    reason: Text


@dataclass(frozen=True, slots=True)
class Transition:
    """One verb of a document: from, to, permission, guards, event.

    `to` None leaves the status as it is: a verb that only checks and tells.
    """

    name: str
    label: Text
    sources: Sequence[str]
    to: str | None
    event: str
    permission: str = ""
    guards: Sequence[Guard] = ()
    stamp: str = ""


@dataclass(slots=True)
class Outcome:
    """What moved, and what did not and why."""

    moved: list[int] = field(default_factory=list)
    blocked: dict[int, list[Text]] = field(default_factory=dict)

    def block(self, ids: Iterable[int], reason: Text) -> None:
        """Take ids out of the moved and give them a reason."""
        gone = set(ids)
        self.moved = [i for i in self.moved if i not in gone]
        for i in sorted(gone):
            self.blocked.setdefault(i, []).append(reason)


class BlockedError(Exception):
    """A verb on one document was refused; `reasons` says why."""

    def __init__(self, reasons: Sequence[Text]) -> None:
        self.reasons = list(reasons)
        super().__init__(" ".join(str(r) for r in reasons))


@dataclass(frozen=True, slots=True)
class Explained:
    """One transition seen from one document."""

    transition: Transition
    reasons: list[Text]

    @property
    def is_possible(self) -> bool:
        return not self.reasons


class Machine:
    """The transition table of one document's status."""

    registry: dict[str, "Machine"] = {}

    def __init__(
        self,
        model: type[models.Model],
        transitions: Sequence[Transition],
        *,
        field: str = "status",
        order_field: str = "",
    ) -> None:
        self.model = model
        self.field = field
        self.label = model._meta.label_lower
        self.order_field = order_field
        self.transitions = {t.name: t for t in transitions}
        self._compiled: dict[str, tuple[str, tuple[Any, ...]]] = {}
        Machine.registry[self.label] = self

    def _guards(self, name: str) -> list[Guard]:
        transition = self.transitions[name]
        status: Any = self.model._meta.get_field(self.field)
        labels = dict(status.flatchoices)
        sources = " / ".join(str(labels.get(s, s)) for s in transition.sources)
        state = Guard(
            "state",
            Q(**{f"{self.field}__in": list(transition.sources)}),
            _("Only possible in state %(states)s.") % {"states": sources},
        )
        return [state, *transition.guards]

    def _classifier(self, name: str) -> tuple[str, tuple[Any, ...]]:
        if name not in self._compiled:
            flags = {
                f"g{n}": Case(
                    When(guard.condition, then=Value(True)),
                    default=Value(False),
                    output_field=models.BooleanField(),
                )
                for n, guard in enumerate(self._guards(name))
            }
            columns = ["pk", *flags]
            queryset = self.model._base_manager.annotate(**flags).filter(pk__any=[0])
            sql, parameters = queryset.values_list(*columns).query.sql_with_params()
            self._compiled[name] = (sql, parameters[:-1])
        return self._compiled[name]

    def _classify(self, ids: list[int], name: str) -> Outcome:
        outcome = Outcome()
        if not ids:
            return outcome
        guards = self._guards(name)
        sql, parameters = self._classifier(name)
        with connection.cursor() as cursor:
            cursor.execute(sql, [*parameters, ids])
            for row in sorted(cursor.fetchall()):
                flags = row[1:]
                reasons = [g.reason for g, ok in zip(guards, flags, strict=True) if not ok]
                if reasons:
                    # A document in another state has one reason; the others would only distract.
                    outcome.blocked[row[0]] = reasons[:1] if not flags[0] else reasons
                else:
                    outcome.moved.append(row[0])
        return outcome

    def check(self, ids: Iterable[int], name: str, *, skip_locked: bool = False) -> Outcome:
        """Lock documents and say which may move and why the others may not."""
        wanted = sorted(set(ids))
        locked = lock(self.model, wanted, skip_locked=skip_locked)
        outcome = self._classify(locked, name)
        for i in set(wanted) - set(outcome.moved) - set(outcome.blocked):
            outcome.blocked[i] = [GONE]
        self._ask_higher_floors(outcome, name)
        return outcome

    def _ask_higher_floors(self, outcome: Outcome, name: str) -> None:
        for blocker in extensions.blockers(self.label, name):
            if outcome.moved:
                for i, reasons in blocker(list(outcome.moved), name).items():
                    for reason in reasons:
                        outcome.block([i], reason)

    def move(
        self,
        ids: Sequence[int],
        name: str,
        *,
        data: Mapping[int, Mapping[str, Any]] | None = None,
        values: Mapping[str, Any] | None = None,
        times: Mapping[int, datetime] | None = None,
        tell: bool = True,
        versioned: bool = True,
    ) -> None:
        """Change documents that `check` let through in this block, and emit the event.

        `data` gives each event its own data, `values` sets further columns of all documents,
        `times` when each really happened; `tell` False leaves the event to the caller;
        `versioned` False is for machine writes, which make nobody's open form stale.
        """
        if not ids:
            return
        unit = current_unit()
        transition = self.transitions[name]
        columns: dict[str, Any] = dict(values or {})
        if transition.to is not None:
            columns[self.field] = transition.to
        if transition.stamp:
            columns[transition.stamp] = (
                Coalesce(per_row(self.model, transition.stamp, times), Value(unit.now))
                if times
                else unit.now
            )
        updated = self.model._base_manager.filter(pk__any=list(ids)).update(
            **columns,
            version=models.F("version") + (1 if versioned else 0),
            updated_at=unit.now,
            modified_by_id=unit.actor.user_id,
        )
        if updated != len(ids):
            raise RuntimeError(f"{self.label}.{name}: {updated} of {len(ids)} rows changed.")
        if tell:
            self.tell(ids, name, data=data, times=times)

    def tell(
        self,
        ids: Sequence[int],
        name: str,
        *,
        data: Mapping[int, Mapping[str, Any]] | None = None,
        times: Mapping[int, datetime] | None = None,
    ) -> None:
        """Emit a transition's event for documents."""
        orders = self._orders_of(ids)
        emit(
            self.transitions[name].event,
            [Fact(i, orders.get(i), (data or {}).get(i, {}), (times or {}).get(i)) for i in ids],
        )

    def _orders_of(self, ids: Sequence[int]) -> dict[int, int | None]:
        if not self.order_field:
            return {}
        if self.order_field == "pk":
            return {i: i for i in ids}
        rows = self.model._base_manager.filter(pk__any=list(ids))
        return dict(rows.values_list("pk", self.order_field))

    def apply(
        self,
        ids: Iterable[int],
        name: str,
        *,
        skip_locked: bool = False,
        data: Mapping[int, Mapping[str, Any]] | None = None,
        values: Mapping[str, Any] | None = None,
        times: Mapping[int, datetime] | None = None,
    ) -> Outcome:
        """Move those that may and return the others with their reasons."""
        outcome = self.check(ids, name, skip_locked=skip_locked)
        self.move(outcome.moved, name, data=data, values=values, times=times)
        return outcome

    def explain(self, document_id: int) -> list[Explained]:
        """Say of every transition whether one document may make it now, without a lock."""
        return [Explained(t, self.reasons(document_id, t.name)) for t in self.transitions.values()]

    def reasons(self, document_id: int, name: str) -> list[Text]:
        """Say why one document may not make a transition now, without a lock."""
        return self.explain_many([document_id], name).blocked.get(document_id, [])

    def explain_many(self, ids: Sequence[int], name: str) -> Outcome:
        """Say which documents may make a transition now and why the others not, without a lock."""
        outcome = self._classify(list(ids), name)
        with transaction.atomic():
            self._ask_higher_floors(outcome, name)
        return outcome
