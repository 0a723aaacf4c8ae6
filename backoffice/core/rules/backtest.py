"""What a rule would have met in the past, as far as that can be known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Count, F, Model, OuterRef, Q, QuerySet, Subquery
from django.http import QueryDict

from backoffice.core.extensions import Text
from backoffice.core.filtering import filterset_of, read_filter
from backoffice.core.models import Event, Rule
from backoffice.core.models.rule import Trigger
from backoffice.core.rules.checking import documents
from backoffice.core.rules.registry import MEASURES
from backoffice.core.scope import for_actor

DAYS = 90
SHOWN = 50
# A look into the past must not hold anybody up.
LONGEST = "20s"


@dataclass(frozen=True, slots=True)
class Backtest:
    """How many documents a rule would have met, and what became of those later.

    `replayed` and `left_out` are the rule's conditions in words; what is left out may have changed
    since, so `matched` counts at most what the rule would have met. `matched` is None where no
    condition is left.
    """

    days: int
    looked: int
    matched: int | None = None
    became: Sequence[tuple[Text, int]] = ()
    replayed: Sequence[str] = ()
    left_out: Sequence[str] = ()
    rows: Sequence[Model] = field(default_factory=list)

    @property
    def share(self) -> float:
        return 100 * (self.matched or 0) / self.looked if self.looked else 0.0


def backtest(rule: Rule, *, now: datetime, days: int = DAYS) -> Backtest:
    """Try a rule on the documents that had its trigger in the last days; write nothing.

    Only filters that are fixed once the document exists are tried; ages count from the trigger.
    A rule by the clock is tried on the documents made in that time. FilterError where the filter
    is wrong.
    """
    read_filter(rule.document, rule.filter, now=now).strict()
    filterset = filterset_of(rule.document)
    assert filterset is not None
    whole = filterset(QueryDict(rule.filter), now=now)
    words, known = whole.words(), whole.known()
    kept = QueryDict(mutable=True)
    for name, values in whole.data.lists():
        if known[name] in filterset.fixed:
            kept.setlist(name, values)
    replayed = [text for name, text in words.items() if name in filterset.fixed]
    left_out = [text for name, text in words.items() if name not in filterset.fixed]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [LONGEST])
        rows = _population(rule, now - timedelta(days=days))
        looked = rows.count()
        if not kept:
            return Backtest(days, looked, replayed=replayed, left_out=left_out)
        found = read_filter(
            rule.document, kept.urlencode(), now=F("triggered_at"), queryset=rows
        ).strict()
        # A filter may name a document twice.
        found = documents(rule.document).filter(pk__in=found.order_by().values("pk"))
        measures = MEASURES.get(rule.document, [])
        counts: dict[str, Any] = found.aggregate(
            matched=Count("pk"),
            **{f"m{n}": Count("pk", filter=m.condition) for n, m in enumerate(measures)},
        )
        shown = list(found.order_by("-pk")[:SHOWN])
    became = [(m.label, counts[f"m{n}"]) for n, m in enumerate(measures)]
    return Backtest(days, looked, counts["matched"], became, replayed, left_out, shown)


def _population(rule: Rule, since: datetime) -> QuerySet:
    """Return the documents that had the trigger since then, with its first time."""
    rows = for_actor(documents(rule.document))
    if rule.trigger != Trigger.EVENT:
        made = "created_at"
        return rows.filter(**{f"{made}__gte": since}).annotate(triggered_at=F(made))
    fresh = Event.objects.filter(kind=rule.event, recorded_at__gte=since, occurred_at__gte=since)
    own = apps.get_model(rule.document)._meta.label_lower
    about = Q(subject_type=own, subject_id=OuterRef("pk"))
    ids: QuerySet = fresh.filter(subject_type=own).values("subject_id")
    if own == "orders.order":
        about |= Q(order_id=OuterRef("pk"))
        ids = fresh.filter(order_id__isnull=False).values("order_id")
    first = Event.objects.filter(about, kind=rule.event).order_by("id").values("occurred_at")[:1]
    return rows.filter(pk__in=ids).annotate(triggered_at=Subquery(first))
