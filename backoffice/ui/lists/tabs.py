"""The tabs above a list: all, those of the product, saved views; each is a strict filter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
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


def keepers(screen: Any, request: HttpRequest) -> list[tuple[str, str]]:
    """Return what may be made of the filter at hand: a saved view, a rule."""
    query, label = current_filter(request), screen.opts.label_lower
    if not query:
        return []
    offers = [
        (_("Save this filter as a view"), "core_savedview_add", "core.add_savedview", "query"),
        (_("Make a rule of this filter"), "core_rule_add", "core.add_rule", "filter"),
    ]
    found = []
    for text, name, permission, parameter in offers:
        if name == "core_rule_add" and not screen.has_rules():
            continue
        if request.user.has_perm(permission):
            try:
                url = reverse(f"admin:{name}")
            except NoReverseMatch:
                continue
            found.append((text, f"{url}?{urlencode({'document': label, parameter: query})}"))
    return found
