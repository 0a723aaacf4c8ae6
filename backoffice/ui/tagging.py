"""The dialogs by which staff put tags on a document and take them off."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.core.extensions import Dialog, Text, dialog
from backoffice.core.states import BlockedError, Machine, Outcome
from backoffice.core.tags import tag_field
from backoffice.ui.forms import DocumentForm

NO_TAGS = _("It has no tags.")


class TagForm(DocumentForm):
    """A tag to be put on a document."""

    def prepare(self, document: Any) -> None:
        self.fields["tag"] = tag_field()


class UntagForm(DocumentForm):
    """One of a document's tags."""

    def prepare(self, document: Any) -> None:
        choices = [(tag, tag) for tag in document.tags]
        self.fields["tag"] = forms.ChoiceField(choices=choices, label=_("tag"))


def tag_dialogs(
    machine: Machine, permission: str, tag: Callable[..., Outcome], untag: Callable[..., Outcome]
) -> None:
    """Register the dialogs of a document whose machine has the verbs `tag` and `untag`."""

    def acts(service: Callable[..., Outcome]) -> Callable[..., str]:
        def act(document: Any, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
            outcome = service([document.pk], tag=values["tag"], now=now)
            if outcome.blocked:
                raise BlockedError(outcome.blocked[document.pk])
            return ""

        return act

    def no_tags(document: Any) -> list[Text]:
        return [] if document.tags else [NO_TAGS]

    label = machine.model._meta.label_lower
    dialog(
        label,
        Dialog(
            *("tag", _("Tag…"), permission, TagForm, acts(tag)),
            reasons=lambda document: machine.reasons(document.pk, "tag"),
        ),
    )
    dialog(
        label,
        Dialog("untag", _("Take a tag off…"), permission, UntagForm, acts(untag), no_tags),
    )
