"""Writing rules and switching them: by people, and by themselves when something is wrong."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError
from django.db import transaction as django_transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from psycopg.errors import UniqueViolation

from backoffice.core.actor import current_actor, service
from backoffice.core.events import Fact, declare, emit
from backoffice.core.filtering import canonical
from backoffice.core.locks import lock
from backoffice.core.models import Rule, User
from backoffice.core.models.rule import RuleMode
from backoffice.core.rules.checking import RuleError, prepare
from backoffice.core.rules.registry import ACTIONS
from backoffice.core.states import Outcome, Text

declare(
    "core",
    "core.rule",
    {
        "rule.switched": gettext_noop("Somebody switched the rule"),
        "rule.stopped": gettext_noop("The rule switched itself off"),
        "rule.dropped": gettext_noop("The rule did too much and went to shadow"),
    },
)
# What a rule is; a running one that becomes another begins in shadow again.
DEFINITION = (
    *("document", "trigger", "event", "every_minutes", "at_hour", "filter", "action"),
    *("parameters", "again_after_hours"),
)


@service
def write_rule(rule: Rule, *, now: datetime, reason: str = "") -> Rule:
    """Save a new or changed rule as who acts, who owns it from now on; raise RuleError.

    A running rule that became another goes on in shadow.
    """
    rule.owner = User.objects.get(pk=current_actor().user_id)
    prepare(rule, now=now)
    rule.filter = canonical(rule.filter)
    old = Rule.objects.filter(pk=rule.pk).first() if rule.pk else None
    if old is not None:
        lock(Rule, [rule.pk])
        changed = any(getattr(old, name) != getattr(rule, name) for name in DEFINITION)
        if not rule.is_active:
            rule.mode = RuleMode.OFF
        elif changed and rule.mode == RuleMode.ON:
            rule.mode, rule.mode_at = RuleMode.SHADOW, now
    try:
        with django_transaction.atomic():
            rule.save()
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        text = _("There is another rule of this name: choose another name.")
        raise RuleError({"name": [text]}) from None
    return rule


@service
def switch_rules(rule_ids: Sequence[int], *, mode: str, now: datetime, reason: str = "") -> Outcome:
    """Switch rules; only one that is right, by somebody who may do what it does, may run."""
    outcome = Outcome(moved=lock(Rule, rule_ids))
    user = User.objects.get(pk=current_actor().user_id)
    for rule in Rule.objects.filter(pk__any=outcome.moved).select_related("owner"):
        if mode != RuleMode.OFF and (why := _why_not(rule, user, now)):
            outcome.block([rule.pk], why)
    _set_mode(outcome.moved, mode, alert="", now=now)
    emit("rule.switched", [Fact(pk, data={"mode": mode}) for pk in outcome.moved])
    return outcome


def _why_not(rule: Rule, user: User, now: datetime) -> Text:
    if not rule.is_active:
        return _("The rule is retired: make it active first.")
    try:
        prepare(rule, now=now)
    except RuleError as error:
        return str(error)
    if is_over(rule, now):
        return _("Its time is over: change “valid until” first.")
    if not user.has_perm(ACTIONS[rule.action].permission):
        return _("You lack the permission for its action.")
    return ""


def is_over(rule: Rule, now: datetime) -> bool:
    """Say whether a rule's time has passed."""
    return rule.valid_until is not None and rule.valid_until <= now


@service
def stop_rule(rule: Rule, why: str, *, now: datetime, reason: str = "") -> None:
    """Switch a rule off that may not run, and say why."""
    _alert(rule, RuleMode.OFF, "rule.stopped", why, now)


@service
def drop_rule(rule: Rule, why: str, *, now: datetime, reason: str = "") -> None:
    """Let a rule that did too much only tell what it would do, and say why."""
    if rule.mode == RuleMode.ON or not rule.alert:
        _alert(rule, RuleMode.SHADOW, "rule.dropped", why, now)


def _alert(rule: Rule, mode: RuleMode, kind: str, why: str, now: datetime) -> None:
    lock(Rule, [rule.pk])
    _set_mode([rule.pk], mode, alert=why[:500], now=now)
    rule.mode, rule.mode_at, rule.alert = mode, now, why[:500]
    emit(kind, [Fact(rule.pk, data={"why": why[:300]})])


def _set_mode(ids: Sequence[int], mode: str, *, alert: str, now: datetime) -> None:
    Rule.objects.filter(pk__any=list(ids)).update(
        mode=mode, mode_at=now, alert=alert, updated_at=now
    )


@service
def recheck_rules(*, now: datetime, reason: str = "") -> list[int]:
    """Switch off the rules that may not run any more, such as after a deploy; return them."""
    stopped = []
    for rule in Rule.objects.exclude(mode=RuleMode.OFF).select_related("owner").order_by("pk"):
        try:
            prepare(rule, now=now)
        except RuleError as error:
            stop_rule(rule, str(error), now=now)
            stopped.append(rule.pk)
    return stopped
