"""System checks: mistakes of wiring are found before anything runs."""

from typing import Any

from django.apps import apps
from django.core.checks import Error, register
from django.db.models import Q

from backoffice.core.events import FLOORS, KINDS, SUBSCRIPTIONS
from backoffice.core.filtering import filterset_of
from backoffice.core.history import is_history
from backoffice.core.models import BusinessDocument
from backoffice.core.personal import unblankable_fields, undeclared_fields, unreached_models
from backoffice.core.rules.registry import ACTIONS
from backoffice.core.states import Machine


@register()
def check_subscriptions(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Refuse handlers of unknown kinds and of events from a higher floor."""
    errors = []
    for subscription in SUBSCRIPTIONS.values():
        for name in subscription.kinds:
            kind = KINDS.get(name)
            if kind is None:
                errors.append(
                    Error(
                        f"{subscription.name} handles {name!r}, which nobody declares.",
                        id="core.E001",
                    )
                )
            elif FLOORS.index(kind.floor) > FLOORS.index(subscription.floor):
                errors.append(
                    Error(
                        f"{subscription.name} handles {name!r} of the higher floor {kind.floor}.",
                        hint="News travels up; let the higher floor call a service instead.",
                        id="core.E002",
                    )
                )
    return errors


@register()
def check_machines(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Refuse transitions with undeclared events and guards over to-many relations."""
    errors = []
    for machine in Machine.registry.values():
        for transition in machine.transitions.values():
            where = f"{machine.label}.{transition.name}"
            if transition.event not in KINDS:
                errors.append(
                    Error(f"{where} emits undeclared {transition.event!r}.", id="core.E003")
                )
            for guard in transition.guards:
                for name in _lookups(guard.condition):
                    if _crosses_to_many(machine.model, name):
                        errors.append(
                            Error(
                                f"{where}: guard {guard.name} crosses a to-many relation ({name}).",
                                hint="Use Exists(…): a join would double the row.",
                                id="core.E004",
                            )
                        )
    return errors


@register()
def check_served_documents(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Refuse a document that points at another and does not say whether it serves it."""
    return [
        Error(
            f"{model._meta.label} points at {', '.join(keys)} and declares no `serves`.",
            hint="Name the keys from which new documents take their origin, or ().",
            id="core.E005",
        )
        for model in apps.get_models()
        if issubclass(model, BusinessDocument) and not hasattr(model, "serves")
        if (keys := _document_keys(model))
    ]


def _document_keys(model: type[BusinessDocument]) -> list[str]:
    keys = [f for f in model._meta.concrete_fields if isinstance(f.related_model, type)]
    return [f.name for f in keys if issubclass(f.related_model, BusinessDocument)]  # type: ignore[arg-type]


@register()
def check_personal_data(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Refuse columns about people that no erasure would reach."""
    errors = []
    for model in apps.get_models():
        is_ours = (model.__module__ or "").split(".")[0] in {"backoffice", *FLOORS}
        undeclared = undeclared_fields(model) if is_ours and not is_history(model) else []
        for name in undeclared:
            errors.append(
                Error(
                    f"{model._meta.label}.{name} looks personal and is not declared.",
                    hint="Name it in `personal_fields`, or in `impersonal_fields` if it is not.",
                    id="core.E006",
                )
            )
        for name in unblankable_fields(model):
            errors.append(Error(f"{model._meta.label}.{name} cannot be blanked.", id="core.E007"))
    return errors + [
        Error(
            f"{model._meta.label} has personal data and nobody says whose.",
            hint="Register its rows by `personal_data` in the app's privacy.py.",
            id="core.E008",
        )
        for model in unreached_models()
    ]


@register()
def check_rule_actions(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Refuse acts of rules on documents that have no filters to choose them by."""
    return [
        Error(f"Rule action {action.name}: {action.document} has no filter set.", id="core.E009")
        for action in ACTIONS.values()
        if filterset_of(action.document) is None
    ]


def _lookups(condition: Q) -> list[str]:
    names = []
    for child in condition.children:
        if isinstance(child, Q):
            names += _lookups(child)
        elif isinstance(child, tuple):
            names.append(child[0])
    return names


def _crosses_to_many(model: Any, lookup: str) -> bool:
    for part in lookup.split("__"):
        try:
            field = model._meta.get_field(part)
        except Exception:
            return False
        if field.one_to_many or field.many_to_many:
            return True
        if field.related_model is None:
            return False
        model = field.related_model
    return False
