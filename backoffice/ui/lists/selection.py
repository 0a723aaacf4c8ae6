"""Which rows a list's address names: its filters, read strictly, and its search."""

from functools import cached_property
from typing import Any

from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.filtering import FilterError, FilterSet, filterset_of
from backoffice.ui.lists.search import search

SEARCH, SORT, AFTER, BEFORE, PAGE, VIEW = "q", "o", "after", "before", "p", "view"
# What the filter form itself sends along: its empty fields mean no filter.
FORM = "_form"
OWN = {SEARCH, SORT, AFTER, BEFORE, PAGE, VIEW, FORM, IS_POPUP_VAR, TO_FIELD_VAR}
LONGEST = 200


class Selection:
    """The rows that one address of a list names, before any order or page."""

    def __init__(self, screen: Any, request: HttpRequest) -> None:
        self.screen, self.request = screen, request
        self.term = request.GET.get(SEARCH, "").strip()

    @cached_property
    def given(self) -> QueryDict:
        """Return the filters of the address, without the list's own parameters."""
        given = self.request.GET.copy()
        for name in OWN & set(given):
            del given[name]
        return given

    @cached_property
    def filterset(self) -> FilterSet | None:
        filters = filterset_of(self.screen.model)
        if filters is None:
            return None
        rows = self.screen.get_queryset(self.request)
        return filters(self.given, queryset=rows, request=self.request, now=timezone.now())

    def may(self, name: str) -> bool:
        """Say whether the user may use a filter."""
        right = self.filterset.permissions.get(name) if self.filterset else None
        return right is None or self.request.user.has_perm(right)

    def rows(self) -> QuerySet:
        """Return the rows; raise FilterError where any part of the address is wrong."""
        if self.filterset is None:
            if self.given:
                raise FilterError({name: [_("This filter is unknown.")] for name in self.given})
            rows = self.screen.get_queryset(self.request)
        else:
            rows = self.filterset.strict()
            known = self.filterset.known()
            refused = [name for name in self.given if not self.may(known[name])]
            if refused:
                text = _("You may not use this filter.")
                raise FilterError({name: [text] for name in refused})
        if not self.term:
            return rows
        if len(self.term) > LONGEST:
            raise FilterError({SEARCH: [_("This is too long to be searched for.")]})
        if not self.screen.search_fields:
            raise FilterError({SEARCH: [_("This list has no search.")]})
        return search(rows, self.screen.get_search_fields(self.request), self.term)
