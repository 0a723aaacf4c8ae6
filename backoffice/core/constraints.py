"""What a constraint asks for, in a sentence: made of its fields, unless its model words it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.apps import apps
from django.db import DatabaseError, models
from django.db.models import CheckConstraint, F, Func, Q, UniqueConstraint
from django.db.models.expressions import BaseExpression, CombinedExpression
from django.utils.text import capfirst
from django.utils.translation import gettext as _

Model = type[models.Model]
FLOORS = {"backoffice", "inventory", "orders", "logistics", "finance", "support"}


def ours() -> Iterator[tuple[Model, Any]]:
    """Yield the constraints of the product's own models."""
    for model in apps.get_models():
        if (model.__module__ or "").partition(".")[0] in FLOORS:
            for constraint in model._meta.constraints:
                yield model, constraint


def word_constraints() -> None:
    """Let forms say a sentence of ours where Django would name the constraint."""
    for model, constraint in ours():
        constraint.get_violation_error_message = partial(sentence, model, constraint)


def refusal(error: DatabaseError) -> str:
    """Return in words what the database refused, "" where no constraint of ours did."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None)
    found = next((c for _model, c in ours() if c.name == name), None)
    return found.get_violation_error_message() if found else ""


def sentence(model: Model, constraint: Any) -> str:
    """Return what a constraint asks for."""
    # Django would take a model's own words for a format.
    if constraint.violation_error_message != constraint.default_violation_error_message:
        return str(constraint.violation_error_message)
    if isinstance(constraint, UniqueConstraint):
        names = [*constraint.fields, *_names(*constraint.expressions)]
        names += [leaf[0] for leaf, _no in _leaves(constraint.condition) if _is_mark(leaf)]
        text = _("There is one already with the same values of: %(fields)s.")
        return text % {"fields": _fields(model, names)}
    assert isinstance(constraint, CheckConstraint)
    rules = [_rule(model, *leaf) for leaf in _leaves(_where_given(constraint.condition))]
    if all(rules):
        return capfirst(_("%(rules)s.") % {"rules": _("; ").join(rules)})
    text = _("These do not fit together: %(fields)s. Change one of them.")
    return text % {"fields": _fields(model, _names(constraint.condition))}


def _where_given(condition: Any) -> Any:
    """Return what holds for a value, where having none is allowed as well."""
    if isinstance(condition, Q) and condition.connector == Q.OR and len(condition) == 2:
        for nothing, other in (condition.children, condition.children[::-1]):
            name = nothing[0].removesuffix("__isnull") if isinstance(nothing, tuple) else ""
            if nothing == (f"{name}__isnull", True) and _names(other)[:1] == [name]:
                return other if isinstance(other, Q) else Q(other)
    return condition


def _is_mark(leaf: Any) -> bool:
    return isinstance(leaf, tuple) and leaf[1] is True and "__" not in leaf[0]


def _leaves(condition: Any) -> Iterator[tuple[Any, bool]]:
    """Yield what has to hold, each with whether it is denied; a choice between things is whole."""
    if not isinstance(condition, Q) or (condition.connector != Q.AND and len(condition) > 1):
        yield condition, False
    elif condition.negated:
        yield (condition.children[0] if len(condition) == 1 else condition), True
    else:
        for child in condition.children:
            yield from _leaves(child) if isinstance(child, Q) else [(child, False)]


def _rule(model: Model, leaf: Any, is_denied: bool) -> str:
    """Return one thing that has to hold; "" where it is not that simple."""
    if isinstance(leaf, Func) and leaf.extra.get("function") == "is_money":
        text = _("%(field)s must not have more digits than its currency")
        return text % {"field": _fields(model, _names(leaf)[:1])}
    if not isinstance(leaf, tuple):
        return ""
    path, value = leaf
    name, _dot, lookup = path.partition("__")
    words = {"field": _label(model, name)}
    if is_denied:
        return _denied(lookup, value) % (words | {"value": _value(model, value)})
    if lookup == "range":
        bounds = {"least": value[0], "most": value[1]}
        return _("%(field)s must be between %(least)s and %(most)s") % (words | bounds)
    if lookup == "gte" and value == 0:
        return _("%(field)s must not be negative") % words
    texts = {
        "": _("%(field)s must be %(value)s") if isinstance(value, (F, BaseExpression)) else "",
        "gt": _("%(field)s must be more than %(value)s"),
        "gte": _("%(field)s must be at least %(value)s"),
        "lt": _("%(field)s must be less than %(value)s"),
        "lte": _("%(field)s must be at most %(value)s"),
        "len__lte": _("%(field)s must be at most %(value)s"),
        "day": _("%(field)s must be on day %(value)s of its month"),
    }
    return texts.get(lookup, "") % (words | {"value": _value(model, value)})


def _denied(lookup: str, value: Any) -> str:
    if lookup:
        return ""
    if isinstance(value, F):
        return _("%(field)s must differ from %(value)s")
    texts = {"": _("%(field)s must not be empty"), "0": _("%(field)s must not be 0")}
    return texts.get("" if value == [] else str(value), "")


def _value(model: Model, value: Any) -> str:
    if isinstance(value, F):
        return _label(model, value.name)  # type: ignore[attr-defined]
    if isinstance(value, CombinedExpression):
        left, right = _value(model, value.lhs), _value(model, value.rhs)
        return f"{left} {value.connector} {right}"
    return str(value)


def _names(*parts: Any) -> list[str]:
    """Return the fields that conditions and expressions speak of, each once."""
    found: dict[str, None] = {}
    for part in parts:
        if isinstance(part, Q):
            found |= dict.fromkeys(_names(*part.children))
        elif isinstance(part, tuple) and isinstance(part[0], str):
            found |= dict.fromkeys([part[0].partition("__")[0], *_names(part[1])])
        elif isinstance(part, F):
            found[part.name] = None  # type: ignore[attr-defined]
        elif isinstance(part, BaseExpression):
            found |= dict.fromkeys(_names(*filter(None, part.get_source_expressions())))
    return list(found)


def _fields(model: Model, names: list[str]) -> str:
    return ", ".join(_label(model, name) for name in names)


def _label(model: Model, name: str) -> str:
    return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
