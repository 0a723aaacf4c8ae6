"""Whether a rule may run: its trigger, filter, action and owner, read anew every time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from backoffice.core.actor import acting
from backoffice.core.choices import Origin
from backoffice.core.filtering import FilterError, FilterSet, filterset_of, narrow, read_filter
from backoffice.core.models import Rule, User
from backoffice.core.models.rule import Trigger
from backoffice.core.rules.registry import ACTIONS, RuleAction
from backoffice.core.rules.triggers import kinds_of
from backoffice.core.scope import for_actor

Errors = dict[str, list[str]]
# What tells when a rule runs, by its trigger.
ONLY_FOR = {"event": Trigger.EVENT, "every_minutes": Trigger.EVERY, "at_hour": Trigger.DAILY}


class RuleError(ValueError):
    """A rule may not run as it is; `errors` says why by field, `filter.status` for a filter."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = dict(errors)
        super().__init__(" ".join(f"{name}: {' '.join(why)}" for name, why in errors.items()))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A rule that was read and found right: what it picks out and what it does."""

    rule: Rule
    action: RuleAction
    parameters: Mapping[str, Any]
    filterset: FilterSet

    @property
    def found(self) -> QuerySet:
        return self.filterset.qs

    @property
    def because(self) -> str:
        """Return the rule and its conditions in words."""
        words = {"rule": self.rule.name, "filter": "; ".join(self.filterset.words().values())}
        return _("Rule “%(rule)s”: %(filter)s") % words


def documents(label: str) -> QuerySet:
    """Return what rules may look at: what was imported has its past behind it."""
    model = apps.get_model(label)
    rows = model._base_manager.all()
    has_origin = any(f.name == "origin" for f in model._meta.concrete_fields)
    return rows.exclude(origin=Origin.IMPORT) if has_origin else rows


def prepare(rule: Rule, *, now: datetime) -> Prepared:
    """Read a rule's parts and its owner's rights; raise RuleError where anything is wrong."""
    action = ACTIONS.get(rule.action)
    if filterset_of(rule.document) is None or action is None or action.document != rule.document:
        raise RuleError({"action": [_("There is no such action for this document.")]})
    errors: Errors = {}
    known = {kind.name for kind in kinds_of(rule.document)}
    if rule.trigger == Trigger.EVENT and rule.event not in known:
        errors["event"] = [_("There is no such event for this document.")]
    if rule.trigger == Trigger.EVERY and not rule.every_minutes:
        errors["every_minutes"] = [_("Say how many minutes lie between two runs.")]
    if rule.trigger == Trigger.DAILY and rule.at_hour is None:
        errors["at_hour"] = [_("Say at which hour it runs.")]
    idle = [name for name, trigger in ONLY_FOR.items() if trigger != rule.trigger]
    text = _("Leave it empty: the rule runs by something else.")
    errors |= {name: [text] for name in idle if getattr(rule, name) not in ("", None)}
    filterset = None
    try:
        with acting(rule.owner_id):
            rows = for_actor(documents(rule.document))
        filterset = read_filter(rule.document, rule.filter, now=now, queryset=rows)
        narrow(filterset)
    except FilterError as error:
        errors |= {f"filter.{name}".rstrip("."): why for name, why in error.errors.items()}
    parameters, wrong = action.read(rule.parameters)
    errors |= {f"parameters.{name}": why for name, why in wrong.items()}
    if filterset is not None and (missing := missing_rights(rule.owner, action, filterset)):
        words = {"owner": rule.owner, "names": ", ".join(missing)}
        errors["owner"] = [_("%(owner)s lacks the permissions: %(names)s.") % words]
    if errors or filterset is None:
        raise RuleError(errors)
    return Prepared(rule, action, parameters, filterset)


def missing_rights(user: User, action: RuleAction, filterset: FilterSet) -> list[str]:
    """Return the permissions that a user lacks to do an act on what a filter shows."""
    meta = filterset.queryset.model._meta
    needed = {action.permission, f"{meta.app_label}.view_{meta.model_name}"}
    needed |= {p for name, p in filterset.permissions.items() if name in filterset.used()}
    return sorted(p for p in needed if not user.has_perm(p))


def warnings(rule: Rule, *, now: datetime) -> list[str]:
    """Return what a rule's owner should know though the rule may run."""
    read = read_filter(rule.document, rule.filter, now=now)
    text = _("%(filter)s names a fixed day: an age such as 7d does not grow old.")
    labels = read.form.fields
    return [text % {"filter": labels[name].label} for name in read.rotting()]
