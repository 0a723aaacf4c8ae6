"""The tabs above a list: all, those of the product, saved views; each is a strict filter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from backoffice.core.extensions import Text
from backoffice.core.filtering import FilterError, canonical, filterset_of, read_filter
from backoffice.core.models import SavedView
from backoffice.ui.lists.selection import OWN


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab; `is_wrong` where its filter is no longer understood: the list then says why."""

    label: Text
    url: str
    is_open: bool
    is_wrong: bool = False


def current_filter(request: HttpRequest) -> str:
    """Return the filter of the list at hand, without what is not a filter."""
    query = request.GET.copy()
    for name in OWN:
        query.pop(name, None)
    return canonical(query.urlencode())


def tabs(screen: Any, request: HttpRequest) -> list[Tab]:
    """Return the tabs of a list for this user, in one query."""
    label = screen.opts.label_lower
    if filterset_of(label) is None:
        return []
    here = current_filter(request)
    shipped: Sequence[tuple[Text, str]] = getattr(screen, "tabs", ())
    found = [Tab(name, f"?{query}", canonical(query) == here) for name, query in shipped]
    found += _saved(label, request, here)
    return [Tab(_("All"), "?", not here), *found] if found else []


def _saved(label: str, request: HttpRequest, here: str) -> Iterator[Tab]:
    mine = Q(owner=request.user.pk) | Q(is_shared=True)
    views = SavedView.objects.filter(mine, document=label, is_active=True)
    for view in views.order_by("position", "name", "pk"):
        try:
            read_filter(label, view.query, now=timezone.now()).strict()
            is_wrong = False
        except FilterError:
            is_wrong = True
        yield Tab(view.name, f"?{view.query}", canonical(view.query) == here, is_wrong)


def keepers(screen: Any, request: HttpRequest) -> list[tuple[str, str, Text]]:
    """Return what may be made of the filter at hand: its words, its address or why there is none.

    A view and a rule stand beside each other on every list.
    """
    query = current_filter(request)
    if not query:
        return []
    why_no_rule = "" if screen.has_rules() else screen.why_no_rule
    view, rule = _("Save this filter as a view"), _("Make a rule of this filter")
    return [
        (view, *_kept(screen, request, "savedview", {"query": query}, "")),
        (rule, *_kept(screen, request, "rule", {"filter": query}, why_no_rule)),
    ]


def _kept(
    screen: Any, request: HttpRequest, kind: str, values: dict[str, str], why: Text
) -> tuple[str, Text]:
    user: Any = request.user
    if why or not user.has_perm(f"core.add_{kind}"):
        return "", why or _("You lack the permission for this.")
    values = {"document": screen.opts.label_lower} | values
    return f"{reverse(f'admin:core_{kind}_add')}?{urlencode(values)}", ""
