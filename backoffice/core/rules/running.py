"""Rules at work: each picks its documents in one statement and acts on them in one call."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction as django_transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from backoffice.core.actor import acting, current_actor, transaction
from backoffice.core.choices import Origin
from backoffice.core.events import on
from backoffice.core.jobs import attempt
from backoffice.core.locks import lock
from backoffice.core.models import Event, Rule, RuleAct, RuleRun, User
from backoffice.core.models.job import RowOutcome
from backoffice.core.models.rule import RuleMode, RuleResult, Trigger
from backoffice.core.rules.checking import Prepared, RuleError, documents, prepare
from backoffice.core.rules.switching import drop_rule, is_over, stop_rule
from backoffice.core.rules.triggers import due_slot, hour_of, subjects_of, turns
from backoffice.core.sql import insert_rows

logger = logging.getLogger(__name__)
# A rule may answer another's act, and that another's; then it is enough.
DEPTH = 3
# Below so many documents a share says nothing.
SHARE_FROM = 20
RETRY = timedelta(hours=1)
FAILED = (RuleResult.BLOCKED, RuleResult.FAILED)
RESULTS = {
    RowOutcome.DONE: RuleResult.ACTED,
    RowOutcome.BLOCKED: RuleResult.BLOCKED,
    RowOutcome.FAILED: RuleResult.FAILED,
}

Stopped = dict[str, set[int]]
Results = dict[int, tuple[str, str]]


class BusyError(RuntimeError):
    """Somebody else has a document in use: the event is tried again in a moment."""


@on()
def run_rules(events: Sequence[Event], *, now: datetime) -> None:
    """Let rules act on what happened: each once per document and event."""
    live = [e for e in events if e.origin != Origin.IMPORT]
    rules = _locked(Rule.objects.filter(event__in={e.kind for e in live}), now)
    for turn in turns(live):
        stopped: Stopped = defaultdict(set)
        for rule in rules:
            _answer(rule, [e for e in turn if e.kind == rule.event], stopped, now)


def run_due_rules(*, now: datetime) -> int:
    """Run the rules whose slot has come, each in its own transaction; return how many acts."""
    by_clock = Rule.objects.exclude(mode=RuleMode.OFF).exclude(trigger=Trigger.EVENT)
    stopped: Stopped = defaultdict(set)
    acted = 0
    failure: Exception | None = None
    for pk in by_clock.order_by("priority", "pk").values_list("pk", flat=True):
        try:
            with django_transaction.atomic():
                acted += _tick(pk, stopped, now)
        except Exception as error:
            # The slot was not claimed: the next beat tries again. The others go on.
            logger.exception("rule %s failed", pk)
            failure = error
    if failure is not None:
        raise failure
    return acted


def is_control(rule_id: int, subject_id: int, share: int) -> bool:
    """Say whether a rule leaves a document alone; the same for ever, for so many in a hundred."""
    digest = hashlib.sha256(f"{rule_id}:{subject_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % 100 < share


def _locked(rules: QuerySet[Rule], now: datetime, *, skip_locked: bool = False) -> list[Rule]:
    """Lock rules and read them: who switches one off waits until it is done."""
    ids = list(rules.exclude(mode=RuleMode.OFF).values_list("pk", flat=True))
    with transaction(now=now):
        locked = lock(Rule, ids, skip_locked=skip_locked)
    found = Rule.objects.filter(pk__any=locked).exclude(mode=RuleMode.OFF)
    owners: dict[int, User] = {}
    ordered = list(found.select_related("owner").order_by("priority", "pk"))
    for rule in ordered:
        # One object for each owner keeps their permissions, read once.
        rule.owner = owners.setdefault(rule.owner_id, rule.owner)
    return ordered


def _answer(rule: Rule, events: Sequence[Event], stopped: Stopped, now: datetime) -> None:
    """Run one rule on one turn of events."""
    causes = current_actor().rules
    if rule.mode == RuleMode.OFF or rule.pk in causes or len(causes) >= DEPTH:
        return
    ready = _ready(rule, now)
    if ready is None:
        return
    asked = subjects_of(rule.document, events)
    done = RuleAct.objects.filter(rule=rule, event_id__in=set(asked.values()))
    handled = set(done.values_list("subject_id", "event_id"))
    asked = {
        pk: event
        for pk, event in asked.items()
        if pk not in stopped[rule.document] and (pk, event) not in handled
    }
    if not asked:
        return
    run, _new = RuleRun.objects.get_or_create(
        rule=rule, slot_at=hour_of(rule, now), defaults={"ran_at": now}
    )
    found = ready.found.filter(pk__any=list(asked)).order_by()
    ids = sorted(set(found.values_list("pk", flat=True)))
    run.matched, run.looked, run.ran_at = run.matched + len(ids), run.looked + len(asked), now
    results, busy = _do(ready, ids, _excess(rule, run.matched, run.looked), now)
    if busy:
        raise BusyError(f"{rule.document} {busy} in use by somebody else.")
    _write(rule, results, run, asked)
    _stop(rule, results, stopped)


def _tick(rule_id: int, stopped: Stopped, now: datetime) -> int:
    """Run one rule by the clock, where its slot has come and nobody has run it."""
    rules = _locked(Rule.objects.filter(pk=rule_id), now, skip_locked=True)
    slot = due_slot(rules[0], now) if rules else None
    if slot is None or RuleRun.objects.filter(rule_id=rule_id, slot_at=slot).exists():
        return 0
    rule = rules[0]
    ready = _ready(rule, now)
    if ready is None:
        return 0
    base = documents(rule.document)
    rows = (
        base.filter(pk__in=ready.found.order_by().values("pk"))
        .exclude(pk__in=stopped[rule.document])
        .exclude(Exists(_done(rule, now)))
    )
    # One more than allowed tells that there are too many.
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[: rule.max_acts + 1])
    enough = max(SHARE_FROM, len(ids) * 100 // rule.max_share + 1)
    results, _busy = _do(ready, ids, _excess(rule, len(ids), base[:enough].count()), now)
    # What is in use has no act: the next slot finds it again.
    run = RuleRun(rule=rule, slot_at=slot, ran_at=now, matched=len(ids))
    _write(rule, results, run)
    _stop(rule, results, stopped)
    return run.acted


def _done(rule: Rule, now: datetime) -> QuerySet[RuleAct]:
    """Return the acts that keep a rule by the clock from acting on a document again."""
    acts = RuleAct.objects.filter(rule=rule, mode=rule.mode, subject_id=OuterRef("pk"))
    hours = rule.again_after_hours
    again = Q(acted_at__gt=now - timedelta(hours=hours)) if hours else Q()
    return acts.filter(
        (~Q(result__in=FAILED) & again) | Q(result__in=FAILED, acted_at__gt=now - RETRY)
    )


def _ready(rule: Rule, now: datetime) -> Prepared | None:
    """Read a rule anew; one that may not run any more is switched off."""
    try:
        ready = prepare(rule, now=now)
    except RuleError as error:
        stop_rule(rule, str(error), now=now)
        return None
    if is_over(rule, now):
        stop_rule(rule, _("Its time is over."), now=now)
        return None
    return ready


def _excess(rule: Rule, matched: int, looked: int) -> str:
    """Return why a run is too much, or nothing."""
    if matched > rule.max_acts:
        text = _("It found more than %(n)s documents and acted on none of them.")
        return text % {"n": rule.max_acts}
    if looked >= SHARE_FROM and matched * 100 > rule.max_share * looked:
        text = _("It found %(n)s of %(all)s documents, more than %(share)s %%, and acted on none.")
        return text % {"n": matched, "all": looked, "share": rule.max_share}
    return ""


def _do(ready: Prepared, ids: list[int], excess: str, now: datetime) -> tuple[Results, list[int]]:
    """Act, or say what would be done; return results by document, and those in use."""
    rule = ready.rule
    if excess:
        drop_rule(rule, excess, now=now)
    if rule.mode == RuleMode.SHADOW:
        return dict.fromkeys(ids[: rule.max_acts], (RuleResult.SHADOW, "")), []
    alone = {pk for pk in ids if is_control(rule.pk, pk, rule.control_share)}
    results: Results = dict.fromkeys(sorted(alone), (RuleResult.CONTROL, ""))
    chosen = [pk for pk in ids if pk not in alone]
    attempted = _act(ready, chosen, now) if chosen else {}
    busy = [pk for pk, (outcome, _why) in attempted.items() if outcome == RowOutcome.WAITING]
    return results | {
        pk: (RESULTS[RowOutcome(outcome)], why)
        for pk, (outcome, why) in attempted.items()
        if pk not in busy
    }, busy


def _act(ready: Prepared, ids: list[int], now: datetime) -> dict[int, tuple[str, str]]:
    """Do the action as the rule's owner; what follows from it knows the rule as its cause."""
    rule, who = ready.rule, current_actor()
    reason = ready.because[:300]
    name = f"rule-{rule.pk}-{uuid4().hex[:12]}"
    with acting(rule.owner_id, request_id=name, origin=who.origin, rules=(*who.rules, rule.pk)):
        return attempt(
            lambda some: ready.action.service(some, now=now, reason=reason, **ready.parameters),
            ids,
        )


def _write(
    rule: Rule, results: Results, run: RuleRun, events: Mapping[int, int] | None = None
) -> None:
    """Write down what was done, and why not what was not."""
    run.acted += sum(result == RuleResult.ACTED for result, _why in results.values())
    run.save()
    if not results:
        return
    version = rule.history.aggregate(newest=Max("history_id"))["newest"]  # type: ignore[attr-defined]
    insert_rows(
        RuleAct,
        {
            "subject_id": list(results),
            "event_id": [events[pk] if events else None for pk in results],
            "result": [result for result, _why in results.values()],
            "reasons": [why for _result, why in results.values()],
        },
        constants={
            "rule_id": rule.pk,
            "rule_version": version,
            "subject_type": rule.document,
            "slot_at": None if events else run.slot_at,
            "mode": rule.mode,
            "acted_at": run.ran_at,
        },
    )


def _stop(rule: Rule, results: Results, stopped: Stopped) -> None:
    """Keep later rules from what a final one acted on."""
    if rule.is_final:
        acted = {pk for pk, (result, _) in results.items() if result == RuleResult.ACTED}
        stopped[rule.document] |= acted
