"""Row scope: what somebody sees who is limited to some warehouses or sellers.

Users without limits see all. What no floor declares a scope for, the others do not see at all.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Case, Exists, Func, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import Actor, acting_now, current_actor

OUTSIDE = _("It lies outside of what you may see: choose a warehouse and seller of yours.")
# The ids that are somebody's, by dimension; no entry, no limit.
Limits = Mapping[str, Sequence[int]]
Rule = Callable[[Sequence[int]], Q]


SCOPES: dict[str, Mapping[str, Rule]] = {}
SHARED: dict[str, Mapping[str, Rule]] = {}
OWNERS: dict[str, str] = {}
_readers: list[Callable[[int], Limits]] = []
_known: ContextVar[tuple[Actor, Limits] | None] = ContextVar("limits", default=None)


def limits_from(reader: Callable[[int], Limits]) -> Callable[[int], Limits]:
    """Register who knows a user's limits."""
    _readers.append(reader)
    return reader


def scope(*classes: type[models.Model], **rules: Rule) -> None:
    """Declare how each dimension limits the rows of models."""
    SCOPES.update((model._meta.label_lower, rules) for model in classes)


def shared(model: type[models.Model], **rules: Rule) -> None:
    """Declare which rows of a model one may look at in part, having some of it."""
    SHARED[model._meta.label_lower] = rules


def owned(*classes: type[models.Model], by: str = "created_by") -> None:
    """Declare that rows are their maker's, whatever they are limited to."""
    OWNERS.update((model._meta.label_lower, by) for model in classes)


def everything(ids: Sequence[int]) -> Q:
    """Limit nothing."""
    return Q()


def column(path: str) -> Rule:
    """Limit by a column, reached over to-one relations."""
    return lambda ids: Q(**{f"{path}__any": ids})


def some(parts: QuerySet, parent: str, rule: Rule, outer: str = "pk") -> Rule:
    """Limit to rows of which some part is theirs."""
    return lambda ids: Q(Exists(parts.filter(rule(ids), **{parent: OuterRef(outer)})))


def all_of(parts: QuerySet, parent: str, rule: Rule, outer: str = "pk") -> Rule:
    """Limit to rows that have parts, all of which are theirs."""

    def limit(ids: Sequence[int]) -> Q:
        own = parts.filter(**{parent: OuterRef(outer)})
        theirs = Case(When(rule(ids), then=True), default=False)
        # As a second EXISTS it would be joined, and a list of the newest would read all there are.
        every = own.values(every=Func(theirs, function="bool_and"))
        return Q(Exists(own.filter(rule(ids)))) & Q(Subquery(every, models.BooleanField()))

    return limit


def limits() -> Limits:
    """Return the limits of who acts; where nobody does, programs look and see all."""
    actor = acting_now()
    if actor is None:
        return {}
    known = _known.get()
    if known is None or known[0] is not actor:
        found = [reader(actor.user_id) for reader in _readers]
        known = (actor, {name: ids for one in found for name, ids in one.items()})
        _known.set(known)
    return known[1]


def is_limited() -> bool:
    """Say whether who acts sees only a part of the rows."""
    return bool(limits())


def for_actor(rows: QuerySet, *, partly: bool = False) -> QuerySet:
    """Return the rows that who acts may see, or look at in part."""
    own = limits()
    if not own:
        return rows
    label = rows.model._meta.label_lower
    if label in OWNERS:
        return rows.filter(**{OWNERS[label]: current_actor().user_id})
    rules = (SHARED.get(label) if partly else None) or SCOPES.get(label, {})
    if not own.keys() <= rules.keys():
        # Unlike `none()`, this is SQL that goes into other statements.
        return rows.filter(Value(False, models.BooleanField()))
    return rows.filter(*(rules[name](ids) for name, ids in own.items()))


def wholly(model: type[models.Model]) -> Exists:
    """Return whether the row at hand is all of it within the scope of who acts."""
    return Exists(for_actor(model._default_manager.filter(pk=OuterRef("pk"))))


def visible_ids(model: type[models.Model], ids: Collection[int]) -> set[int]:
    """Return those of the ids that who acts may see."""
    if not is_limited():
        return set(ids)
    rows = for_actor(model._default_manager.filter(pk__any=list(ids)))
    return set(rows.values_list("pk", flat=True))


def require_visible(row: models.Model) -> None:
    """Raise PermissionDenied where what was just written is out of its writer's own sight."""
    if row.pk not in visible_ids(type(row), [row.pk]):
        raise PermissionDenied(OUTSIDE)
