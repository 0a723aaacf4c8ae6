"""One page of a list: its place, its rows and how many there are."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from backoffice.core.filtering import FilterError
from backoffice.ui.lists.keyset import beyond, decode, encode, turned
from backoffice.ui.lists.order import Ordering
from backoffice.ui.lists.selection import AFTER, BEFORE, PAGE, Selection
from backoffice.ui.lists.size import planned_rows, table_rows

# How far a page may be reached by its number: beyond, its order or a filter leads there.
FARTHEST = 20_000


class ListPage(Ordering):
    """The rows that one address shows; `errors` says why it shows none."""

    def __init__(self, screen: Any, request: HttpRequest) -> None:
        super().__init__(screen, request)
        self.size = screen.list_per_page
        self.selection = Selection(screen, request)
        self.errors: dict[str, list[str]] = {}
        self.rows: list[Any] = []
        self.has_next = self.has_previous = False
        try:
            self.matching = self.selection.rows()
            self._read()
        except FilterError as error:
            self.errors = error.errors
            self.matching = screen.model._default_manager.none()

    @cached_property
    def number(self) -> int:
        """Return the page's number; 0 where it is not known, as on the last page."""
        place = self.request.GET
        text = place.get(PAGE, "")
        if not text:
            return 0 if AFTER in place or BEFORE in place else 1
        if not (text.isascii() and text.isdigit() and 0 < len(text) < 9 and int(text)):
            raise FilterError({PAGE: [_("There is no such page.")]})
        return int(text)

    def _read(self) -> None:
        place = self.request.GET
        if AFTER in place and BEFORE in place:
            raise FilterError(
                {AFTER: [_("This place in the list is not understood: begin again.")]}
            )
        keys = turned(self.keys) if BEFORE in place else self.keys
        rows = self.matching
        if AFTER in place or BEFORE in place:
            if at := place.get(AFTER) or place.get(BEFORE):
                rows = beyond(rows, keys, decode(keys, at))
        elif self.number > 1:
            rows = beyond(rows, keys, self._jump())
        found = list(self._related(rows).order_by(*map(str, keys))[: self.size + 1])
        more, self.rows = len(found) > self.size, found[: self.size]
        if BEFORE in place:
            self.rows.reverse()
            self.has_previous, self.has_next = more, bool(place[BEFORE])
        else:
            self.has_previous, self.has_next = AFTER in place or self.number > 1, more
        self.screen.fill(self.rows)

    def _jump(self) -> list[Any]:
        """Return the place before a page by its number; only the order's index is read."""
        if self.number > FARTHEST:
            text = _(
                "Page %(n)s is the last that can be reached by number: filter or sort instead."
            )
            raise FilterError({PAGE: [text % {"n": f"{FARTHEST:,}"}]})
        names = [key.name for key in self.keys]
        last = (self.number - 1) * self.size - 1
        ordered = self.matching.order_by(*map(str, self.keys)).values_list(*names)
        place = list(ordered[last : last + 1])
        if not place:
            raise FilterError({PAGE: [_("There is no such page.")]})
        return list(place[0])

    def _related(self, rows: QuerySet) -> QuerySet:
        wanted = {c.field.name for c in self.columns if c.field is not None and c.field.is_relation}
        named = self.screen.get_list_select_related(self.request) or ()
        wanted |= set(named) if not isinstance(named, bool) else set()
        return rows.select_related(*sorted(wanted)) if wanted else rows

    # -- addresses of this list

    def url(self, **changes: str) -> str:
        """Return this address with other parameters; it begins at the first page."""
        query: QueryDict = self.request.GET.copy()
        for name in (AFTER, BEFORE, PAGE, *changes):
            query.pop(name, None)
        for name, value in changes.items():
            if value:
                query[name] = value
        return f"?{query.urlencode()}"

    @property
    def next_url(self) -> str:
        if not (self.has_next and self.rows):
            return ""
        number = str(self.number + 1) if self.number else ""
        return self.url(**{AFTER: encode(self.keys, self.rows[-1]), PAGE: number})

    @property
    def previous_url(self) -> str:
        if not (self.has_previous and self.rows):
            return ""
        number = str(self.number - 1) if self.number > 1 else ""
        return self.url(**{BEFORE: encode(self.keys, self.rows[0]), PAGE: number})

    @property
    def last_url(self) -> str:
        if not self.has_next:
            return ""
        query = self.url()
        return f"{query}{'&' if len(query) > 1 else ''}{BEFORE}="

    # -- how many

    @cached_property
    def count(self) -> tuple[int, bool]:
        """Return how many rows match, and whether that is exact."""
        if self.errors or (not self.has_next and not self.has_previous):
            return len(self.rows), True
        if self.is_small:
            return self.matching.count(), True
        if self.matching.query.where:
            return planned_rows(self.matching), False
        return table_rows(self.screen.model), False
