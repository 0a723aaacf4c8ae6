"""Why a document does not go on, with links to where that is put right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from backoffice.core import extensions
from backoffice.core.extensions import Fix, Text
from backoffice.core.states import Machine


@dataclass(frozen=True, slots=True)
class Shown:
    """One obstacle, and the links that this user may follow."""

    text: Text
    since: datetime | None
    links: list[tuple[Text, str]]


def obstacles_of(
    request: HttpRequest, model: type[Model], ids: Sequence[int]
) -> dict[int, list[Shown]]:
    """Return what keeps documents of a kind where they are."""
    label = model._meta.label_lower
    found = extensions.obstacles(label, list(ids), timezone.now())

    def leads(fix: Fix, pk: int) -> bool:
        # To the page that one is on, nothing leads.
        return may(request, fix) and (fix.document, fix.pk, fix.verb) != (label, pk, "")

    return {
        pk: [
            Shown(o.text, o.since, [(f.label, address(f)) for f in o.fixes if leads(f, pk)])
            for o in items
        ]
        for pk, items in found.items()
    }


def may(request: HttpRequest, fix: Fix) -> bool:
    """Say whether somebody may do what puts it right."""
    app, model = fix.document.split(".")
    permission = f"{app}.view_{model}"
    if fix.verb in extensions.dialogs(fix.document):
        permission = extensions.dialogs(fix.document)[fix.verb].permission
    elif fix.verb:
        permission = Machine.registry[fix.document].transitions[fix.verb].permission
    return request.user.has_perm(permission)  # type: ignore[union-attr]


def address(fix: Fix) -> str:
    """Return the page where something is put right."""
    name = f"admin:{fix.document.replace('.', '_')}"
    if not fix.pk:
        return f"{reverse(f'{name}_changelist')}?{fix.query}"
    if fix.verb:
        kind = "dialog" if fix.verb in extensions.dialogs(fix.document) else "verb"
        return reverse(f"{name}_{kind}", args=[fix.pk, fix.verb])
    return reverse(f"{name}_change", args=[fix.pk])
