"""What a rule would have met in the past, as far as that can be known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import OperationalError, connection, transaction
from django.db.models import (
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
)
from django.http import QueryDict
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled

from backoffice.core.events import KINDS
from backoffice.core.extensions import Text
from backoffice.core.filtering import FilterError, filterset_of, read_filter
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


@dataclass(frozen=True, slots=True)
class Backtest:
    """How many documents a rule would have met, and what became of those later.

    `replayed` and `left_out` are the rule's conditions in words; what is left out may have changed
    since, so `matched` counts at most what the rule would have met. `matched` is None where no
    condition is left. `rows` are a page of them, newest first; `next_before` leads to the next.
    """

    days: int
    looked: int
    matched: int | None = None
    became: Sequence[tuple[Text, int]] = ()
    replayed: Sequence[str] = ()
    left_out: Sequence[str] = ()
    rows: Sequence[Model] = field(default_factory=list)
    next_before: int | None = None

    @property
    def share(self) -> float:
        return 100 * (self.matched or 0) / self.looked if self.looked else 0.0


def backtest(rule: Rule, *, now: datetime, days: int = DAYS, before: int | None = None) -> Backtest:
    """Try a rule on the documents that had its trigger in the last days; write nothing.

    Only filters that are fixed once the document exists are tried. Ages count from the moment, of
    those at which the rule would have run, that suits them best: the number is an upper bound.
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
    words, known = whole.words(), whole.known()
    kept = QueryDict(mutable=True)
    for name, values in whole.data.lists():
        if known[name] in filterset.fixed:
            kept.setlist(name, values)
    replayed = [text for name, text in words.items() if name in filterset.fixed]
    left_out = [text for name, text in words.items() if name not in filterset.fixed]
    rows = _population(rule, now - timedelta(days=days), now)
    looked = rows.count()
    if not kept:
        return Backtest(days, looked, replayed=replayed, left_out=left_out)
    met = read_filter(
        *(rule.document, kept.urlencode()), now=F("first_at"), until=F("last_at"), queryset=rows
    ).strict()
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
        days, looked, counts["matched"], became, replayed, left_out, shown[:SHOWN], following
    )


def _population(rule: Rule, since: datetime, now: datetime) -> QuerySet:
    """Return the documents that a rule looked at since then, from `first_at` to `last_at`.

    By the clock those that were made since, as often as they grew older. On an event those that
    had it: themselves, or, once they were there, by their order.
    """
    rows = for_actor(documents(rule.document))
    if rule.trigger != Trigger.EVENT and not hasattr(rows.model, "created_at"):
        text = _("These rows do not say when they were made: there is no past to try it on.")
        raise FilterError({"document": [text]})
    if rule.trigger != Trigger.EVENT:
        until = Value(now, DateTimeField())
        return rows.filter(created_at__gte=since, created_at__lte=now).annotate(
            first_at=F("created_at"), last_at=until
        )
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
    return rows.annotate(first_at=Subquery(times[:1]), last_at=Subquery(times.order_by("-id")[:1]))
