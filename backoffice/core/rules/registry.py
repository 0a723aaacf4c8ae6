"""What rules can do and what their effect is measured by: registered by the apps."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.core.extensions import Text
from backoffice.core.states import Outcome

Service = Callable[..., Outcome]
Field = Callable[[], forms.Field]


@dataclass(frozen=True, slots=True)
class RuleAction:
    """An act on documents: `service(ids, *, now, reason, **parameters) -> Outcome`.

    Who owns the rule needs `permission`. Each parameter is a form field: it reads, checks and
    shows its value.
    """

    name: str
    document: str
    label: Text
    permission: str
    service: Service
    parameters: Mapping[str, Field] = field(default_factory=dict)

    def form(self, values: Mapping[str, Any] | None = None) -> forms.Form:
        """Return the form of the parameters, filled with stored values."""
        fields = {name: make() for name, make in self.parameters.items()}
        return type("ParametersForm", (forms.Form,), fields)(values)

    def read(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """Return the parameters with their types, and what is wrong with them by name."""
        form = self.form(values)
        errors = {name: [str(e) for e in wrong] for name, wrong in form.errors.items()}
        for name in set(values) - set(self.parameters):
            errors[name] = [_("This action has no such parameter.")]
        return {} if errors else form.cleaned_data, errors


@dataclass(frozen=True, slots=True)
class Measure:
    """What may become of a document later, counted to see what a rule is worth."""

    label: Text
    condition: Q


ACTIONS: dict[str, RuleAction] = {}
MEASURES: dict[str, list[Measure]] = defaultdict(list)


def rule_action(
    name: str,
    document: str,
    label: Text,
    *,
    permission: str,
    parameters: Mapping[str, Field] | None = None,
) -> Callable[[Service], Service]:
    """Register an act that rules can do: `@rule_action("orders.hold", "orders.order", …)`."""

    def register(service: Service) -> Service:
        ACTIONS[name] = RuleAction(name, document, label, permission, service, parameters or {})
        return service

    return register


def rule_measure(document: str, label: Text, condition: Q) -> None:
    """Register what may become of a document: `rule_measure("orders.order", _("cancelled"), …)`."""
    MEASURES[document].append(Measure(label, condition))


def actions_of(document: str) -> Sequence[RuleAction]:
    """Return what rules can do with a document."""
    return [action for action in ACTIONS.values() if action.document == document]
