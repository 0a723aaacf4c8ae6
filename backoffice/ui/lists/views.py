"""The view of a list: shows a page on GET, runs an action on POST."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.core.filtering import FilterError
from backoffice.core.imports.registry import IMPORTERS
from backoffice.core.rules.registry import actions_of
from backoffice.ui.lists.filterbar import chips, inputs
from backoffice.ui.lists.page import ListPage
from backoffice.ui.lists.rows import body
from backoffice.ui.lists.search import looks_for, search
from backoffice.ui.lists.selection import FORM, OWN, Selection
from backoffice.ui.lists.tabs import keepers, tabs


class ListMixin:
    """A list of our own in place of Django's: strict, bounded, quick."""

    list_per_page = 50
    # Whether the page of a row leads back to the list as it was.
    keeps_filters = False

    # Filters that everybody has as tabs: label and query string.
    tabs: Sequence[tuple[Any, str]] = ()
    why_no_import: Any
    why_no_rule: Any
    search_fields: Sequence[str]
    search_help_text: Any

    def has_rules(self) -> bool:
        """Say whether rules can be made for these rows."""
        return bool(actions_of(self.opts.label_lower))

    def search_help(self) -> str:
        """Say what the search box looks for."""
        return str(self.search_help_text or looks_for(self.model, self.search_fields))

    def fill(self, rows: Sequence[Any]) -> None:
        """Load what the columns need beyond the rows themselves, in few queries for all."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return search(queryset, self.get_search_fields(request), term), False
        except FilterError:
            return queryset.none(), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
        """Show the list, or run an action over chosen rows."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self.run_action(request)
        if FORM in request.GET:
            return HttpResponseRedirect(f"?{_without_empty(request)}")
        page = ListPage(self, request)
        actions = {} if IS_POPUP_VAR in request.GET else self.get_actions(request)
        count, is_exact = page.count
        context = self.admin_site.each_context(request) | {
            "title": capfirst(self.opts.verbose_name_plural),
            "opts": self.opts,
            "bo_list": page,
            "is_popup": IS_POPUP_VAR in request.GET,
            "inputs": list(inputs(page)),
            "chips": list(chips(page)),
            "errors": [why for name, why in page.errors.items() if name in OWN],
            "tabs": tabs(self, request),
            "keepers": keepers(self, request) if not page.errors else [],
            "heads": [_head(page, column) for column in page.columns],
            "body": body(page, has_actions=bool(actions)),
            "actions": [(name, action[2]) for name, action in actions.items()],
            "count": f"{count:,}",
            "is_exact": is_exact,
            "importing": self.importing(request),
            "has_add_permission": self.has_add_permission(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "ui/list.html", context)

    def importing(self, request: HttpRequest) -> tuple[str, Any]:
        """Return where files make rows of this list, or why none do."""
        item = IMPORTERS.get(self.opts.label_lower)
        if item is None:
            return "", self.why_no_import
        user: Any = request.user
        if not user.has_perms(["core.add_import", item.permission]):
            return "", _("You lack the permission for this.")
        return f"{reverse('admin:core_import_add')}?importer={item.name}", ""

    def run_action(self, request: HttpRequest) -> HttpResponseBase:
        here = HttpResponseRedirect(request.get_full_path())
        action = self.get_actions(request).get(request.POST.get("action", ""))
        if action is None:
            messages.error(request, _("Choose an action."))
            return here
        try:
            chosen = self._chosen(request)
        except FilterError as error:
            messages.error(request, str(error))
            return here
        if chosen is None:
            messages.error(request, _("Choose rows first."))
            return here
        answer = action[0](self, request, chosen)
        return answer if isinstance(answer, HttpResponseBase) else here

    def _chosen(self, request: HttpRequest) -> QuerySet | None:
        """Return the ticked rows, or all that this address names; None where there are none."""
        if request.POST.get("select_across") == "1":
            return Selection(self, request).rows()
        keys = request.POST.getlist("_selected_action")
        try:
            ticked = [self.opts.pk.to_python(key) for key in keys]
        except ValidationError:
            ticked = []
        return self.get_queryset(request).filter(pk__in=ticked) if ticked else None


def _head(page: ListPage, column: Any) -> dict[str, Any]:
    name, is_descending = page.sort if not page.errors else ("", False)
    is_sorted = name == column.name
    url = ""
    if not page.errors and page.is_sortable(column):
        url = page.url(o=f"{'' if is_sorted and is_descending else '-'}{column.name}")
    arrow = ("descending" if is_descending else "ascending") if is_sorted else ""
    return {"title": column.title, "css": column.css, "url": url, "sort": arrow}


def _without_empty(request: HttpRequest) -> str:
    """Return the address that a filter form means: what was left empty is no filter."""
    query = request.GET.copy()
    for name in [FORM, *query]:
        values = [value for value in query.getlist(name) if value and name != FORM]
        if values:
            query.setlist(name, values)
        else:
            query.pop(name, None)
    return query.urlencode()
