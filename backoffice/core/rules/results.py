"""What rules did: counts by outcome, and what became of those acted on and those left alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max

from backoffice.core.extensions import Text
from backoffice.core.models import Rule, RuleAct, RuleRun
from backoffice.core.models.rule import RuleResult
from backoffice.core.rules.checking import documents
from backoffice.core.rules.registry import MEASURES


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of documents that a rule acted on, beside those it left alone to compare."""

    label: Text
    acted: int
    of_acted: int
    control: int
    of_control: int


def counts(rule: Rule, *, since: datetime) -> dict[str, int]:
    """Return how often a rule did what, since then."""
    return lately([rule], since=since)[rule.pk][1]


def lately(
    rules: Sequence[Rule], *, since: datetime
) -> dict[int, tuple[datetime | None, dict[str, int]]]:
    """Return when each rule ran last, and how often it did what since then, in two statements."""
    ids = [rule.pk for rule in rules]
    runs = RuleRun.objects.filter(rule__in=ids).order_by()
    last = dict(runs.values_list("rule").annotate(at=Max("ran_at")))
    acts = RuleAct.objects.filter(rule__in=ids, acted_at__gte=since).order_by("rule", "result")
    did: dict[int, dict[str, int]] = {pk: {} for pk in ids}
    for pk, result, n in acts.values_list("rule", "result").annotate(n=Count("pk")):
        did[pk][str(RuleResult(result).label)] = n
    return {pk: (last.get(pk), did[pk]) for pk in ids}


def compare(rule: Rule, *, now: datetime, days: int = 90) -> list[Compared]:
    """Compare the documents of the last days that were acted on with those of the control."""
    acts = RuleAct.objects.filter(rule=rule, acted_at__gte=now - timedelta(days=days)).order_by()
    groups = {}
    for result in (RuleResult.ACTED, RuleResult.CONTROL):
        ids = acts.filter(result=result).values("subject_id")
        rows = documents(rule.document).filter(pk__in=ids)
        measures = MEASURES.get(rule.document, [])
        groups[result] = rows.aggregate(
            n=Count("pk"),
            **{f"m{k}": Count("pk", filter=m.condition) for k, m in enumerate(measures)},
        )
    if not groups[RuleResult.CONTROL]["n"]:
        return []
    acted, control = groups[RuleResult.ACTED], groups[RuleResult.CONTROL]
    return [
        Compared(m.label, acted[f"m{k}"], acted["n"], control[f"m{k}"], control["n"])
        for k, m in enumerate(MEASURES.get(rule.document, []))
    ]
