"""What a rule would have met in the past, as far as that can be known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import OperationalError, connection, transaction
from django.db.models import (
    Case,
    Count,
    DateTimeField,
    Exists,
    F,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.http import QueryDict
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled

from backoffice.core.events import KINDS
from backoffice.core.extensions import Text
from backoffice.core.filtering import FilterError, FilterSet, filterset_of, read_filter
from backoffice.core.history import history_model
from backoffice.core.models import Event, Rule
from backoffice.core.models.rule import Trigger
from backoffice.core.rules.checking import documents
from backoffice.core.rules.registry import MEASURES
from backoffice.core.rules.triggers import ORDER, order_path
from backoffice.core.scope import for_actor

DAYS = 90
SHOWN = 50
# A look into the past must not hold anybody up.
LONGEST = "20s"
# What can be known of a condition's past.
FIXED, RECORDED, LOST = "fixed", "recorded", "lost"


@dataclass(frozen=True, slots=True)
class Backtest:
    """How many documents a rule would have met, and what became of those later.

    `replayed`, `recalled` and `left_out` are the rule's conditions in words: what never changes,
    what the history of the documents says of that time, and what cannot be known. `matched` counts
    at most what the rule would have met; it is None where no condition is left. `rows` are a page
    of them, newest first; `next_before` leads to the next.
    """

    days: int
    looked: int
    matched: int | None = None
    became: Sequence[tuple[Text, int]] = ()
    replayed: Sequence[str] = ()
    recalled: Sequence[str] = ()
    left_out: Sequence[str] = ()
    rows: Sequence[Model] = field(default_factory=list)
    next_before: int | None = None

    @property
    def share(self) -> float:
        return 100 * (self.matched or 0) / self.looked if self.looked else 0.0


def backtest(rule: Rule, *, now: datetime, days: int = DAYS, before: int | None = None) -> Backtest:
    """Try a rule on the documents that had its trigger in the last days; write nothing.

    Filters that are fixed once the document exists are tried as they are, those on its own columns
    on its history at the moments at which the rule would have run. Each of them, and each age, may
    take the moment that suits it best: the number is an upper bound.
    `before` is the key of a document: only older ones are shown. FilterError where the filter is
    wrong, or takes too long.
    """
    read_filter(rule.document, rule.filter, now=now).strict()
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [LONGEST])
            return _tried(rule, now, days, before)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        text = _("That takes too long: make the filter narrower.")
        raise FilterError({"filter": [text]}) from None


def _tried(rule: Rule, now: datetime, days: int, before: int | None) -> Backtest:
    filterset = filterset_of(rule.document)
    assert filterset is not None
    whole = filterset(QueryDict(rule.filter), now=now)
    words = whole.words()
    replayed, recalled, left_out = (
        [text for name, text in words.items() if _kind(filterset, name) == kind]
        for kind in (FIXED, RECORDED, LOST)
    )
    rows, moments = _population(rule, now - timedelta(days=days), now)
    looked = rows.count()
    if not replayed and not recalled:
        return Backtest(days, looked, left_out=left_out)
    met = rows
    if replayed:
        kept = _kept(whole, FIXED)
        times = {"now": F("first_at"), "until": F("last_at")}
        met = read_filter(rule.document, kept, queryset=met, **times).strict()
    if recalled:
        met = met.filter(_was(rule.document, _kept(whole, RECORDED), moments, now))
    # A filter may name a document twice.
    found = documents(rule.document).filter(pk__in=met.order_by().values("pk"))
    measures = MEASURES.get(rule.document, [])
    counts: dict[str, Any] = found.aggregate(
        matched=Count("pk"),
        **{f"m{n}": Count("pk", filter=m.condition) for n, m in enumerate(measures)},
    )
    became = [(m.label, counts[f"m{n}"]) for n, m in enumerate(measures)]
    older = found.filter(pk__lt=before) if before is not None else found
    shown = list(older.order_by("-pk")[: SHOWN + 1])
    following = shown[SHOWN - 1].pk if len(shown) > SHOWN else None
    return Backtest(
        days,
        looked,
        counts["matched"],
        became,
        replayed,
        recalled,
        left_out,
        shown[:SHOWN],
        following,
    )


def _kind(filterset: type[FilterSet], name: str) -> str:
    if name in filterset.fixed:
        return FIXED
    return RECORDED if filterset.is_recorded(name) else LOST


def _kept(whole: FilterSet, kind: str) -> str:
    """Return the part of a filter that is of one kind."""
    kept, known = QueryDict(mutable=True), whole.known()
    for name, values in whole.data.lists():
        if _kind(type(whole), known[name]) == kind:
            kept.setlist(name, values)
    return kept.urlencode()


def _was(document: str, query: str, moments: QuerySet[Event] | None, now: datetime) -> Exists:
    """Return whether a document was like that at one of the moments, or ever by the clock.

    At a moment: all that it was within its own transaction, else what it had been since before.
    """
    past = history_model(apps.get_model(document))._base_manager
    were = read_filter(document, query, now=now, queryset=past.all()).strict().order_by()
    if moments is None:
        return Exists(were.filter(id=OuterRef("pk"), history_date__lte=now))
    at = {name: OuterRef(name) for name in ("occurred_at", "told_at")}
    before = past.filter(id=OuterRef("id")).order_by("-history_id").values("history_id")
    then = Q()
    for name, moment in at.items():
        newest = before.filter(history_date__lte=OuterRef(OuterRef(name)))[:1]
        then |= Q(history_date=moment) | Q(history_id=Subquery(newest))
    # What is told more than a day late was played, as a demo's past is.
    soon = Q(recorded_at__range=(F("occurred_at"), F("occurred_at") + timedelta(days=1)))
    told = Case(When(soon, then=F("recorded_at")), default=F("occurred_at"))
    own = were.filter(then, id=OuterRef(OuterRef("pk")))
    return Exists(moments.annotate(told_at=told).filter(Exists(own)))


def _population(
    rule: Rule, since: datetime, now: datetime
) -> tuple[QuerySet, QuerySet[Event] | None]:
    """Return the documents that a rule looked at since then, from `first_at` to `last_at`.

    With them the events of each at which it ran, None by the clock.

    By the clock those that were made since, as often as they grew older. On an event those that
    had it: themselves, or, once they were there, by their order.
    """
    rows = for_actor(documents(rule.document))
    if rule.trigger != Trigger.EVENT and not hasattr(rows.model, "created_at"):
        text = _("These rows do not say when they were made: there is no past to try it on.")
        raise FilterError({"document": [text]})
    if rule.trigger != Trigger.EVENT:
        until = Value(now, DateTimeField())
        made = rows.filter(created_at__gte=since, created_at__lte=now)
        return made.annotate(first_at=F("created_at"), last_at=until), None
    own = apps.get_model(rule.document)._meta.label_lower
    fresh = Event.objects.filter(kind=rule.event, recorded_at__gte=since, occurred_at__gte=since)
    if KINDS[rule.event].subject == own:
        mine = fresh.filter(subject_type=own, subject_id=OuterRef("pk"))
        rows = rows.filter(pk__in=fresh.values("subject_id"))
    elif own == ORDER:
        mine = fresh.filter(order_id=OuterRef("pk"))
        rows = rows.filter(pk__in=fresh.values("order_id"))
    else:
        order = order_path(own)
        # What was told late met what had come meanwhile.
        there = [Q((f"{at}__gte", OuterRef("created_at"))) for at in ("occurred_at", "recorded_at")]
        mine = fresh.filter(there[0] | there[1], order_id=OuterRef(order))
        rows = rows.filter(Exists(mine), **{f"{order}__in": fresh.values("order_id")})
    times = mine.order_by("id").values("occurred_at")
    ends = {"first_at": Subquery(times[:1]), "last_at": Subquery(times.order_by("-id")[:1])}
    return rows.annotate(**ends), mine
