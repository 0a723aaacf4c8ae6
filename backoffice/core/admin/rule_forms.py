"""The form of a rule: when, of which documents, what."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.filtering import FILTERSETS
from backoffice.core.models import Rule
from backoffice.core.rules.checking import ONLY_FOR
from backoffice.core.rules.registry import ACTIONS, actions_of
from backoffice.core.rules.triggers import kinds_of

FILTER = "f"


def documents_with_rules() -> list[tuple[str, str]]:
    """Return what rules can be made for: documents with filters and with acts."""
    labels = {action.document for action in ACTIONS.values()} & set(FILTERSETS)
    named = [
        (label, str(FILTERSETS[label].Meta.model._meta.verbose_name_plural)) for label in labels
    ]  # type: ignore[attr-defined]
    return sorted(named, key=lambda pair: pair[1])


class RuleForm(forms.ModelForm):
    """The rule's own fields; the filter and the act's parameters are forms beside it."""

    class Meta:
        model = Rule
        fields = [
            *("name", "trigger", "event", "every_minutes", "at_hour", "action", "priority"),
            *("is_final", "again_after_hours", "control_share", "max_acts", "max_share"),
            *("valid_until", "is_active"),
        ]

    def __init__(self, *args: Any, document: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.document = document
        kinds = [(kind.name, _(kind.help)) for kind in kinds_of(document)]
        self.fields["event"] = forms.ChoiceField(
            choices=[("", "–"), *kinds], required=False, label=gettext_lazy("event")
        )
        acts = [(action.name, action.label) for action in actions_of(document)]
        self.fields["action"] = forms.ChoiceField(
            choices=[("", "–"), *acts], label=gettext_lazy("action")
        )

    def _post_clean(self) -> None:
        # The rule is checked whole when it is written, with its filter and its parameters.
        trigger = self.cleaned_data.get("trigger")
        for name, value in self.cleaned_data.items():
            # What was chosen for another trigger before is of no use any more.
            is_idle = ONLY_FOR.get(name, trigger) != trigger
            empty = Rule._meta.get_field(name).get_default() if is_idle else value
            setattr(self.instance, name, empty)


def filter_form(document: str, query: str) -> forms.Form:
    """Return the filter fields of a document, filled with a query string."""
    filterset = FILTERSETS[document](QueryDict(query) if query else None)
    form = filterset.form
    form.prefix = FILTER
    form.use_required_attribute = False
    if form.is_bound:
        data = QueryDict(mutable=True)
        for name, values in QueryDict(query).lists():
            data.setlist(f"{FILTER}-{name}", values)
        form.data = data
    return form


def posted_filter(post: MultiValueDict) -> str:
    """Return the query string of the filter fields that were filled in."""
    query = QueryDict(mutable=True)
    for name, values in post.lists():
        given = [value.strip() for value in values if value.strip() not in ("", "unknown")]
        if name.startswith(f"{FILTER}-") and given:
            query.setlist(name.removeprefix(f"{FILTER}-"), given)
    return query.urlencode()


def parameter_forms(
    document: str, chosen: str, values: Mapping[str, Any]
) -> Sequence[tuple[str, Any, forms.Form]]:
    """Return the parameters of each act: its name, its label and its form."""
    found = []
    for action in actions_of(document):
        form = action.form()
        form.prefix = f"a-{action.name}"
        if action.name == chosen:
            form.initial = dict(values)
        form.use_required_attribute = False
        if action.parameters:
            found.append((action.name, action.label, form))
    return found


def posted_parameters(action: str, post: MultiValueDict) -> dict[str, Any]:
    """Return the parameters of the chosen act that were filled in."""
    known = ACTIONS[action].parameters if action in ACTIONS else {}
    given = {name: post.get(f"a-{action}-{name}", "").strip() for name in known}
    return {name: value for name, value in given.items() if value}
