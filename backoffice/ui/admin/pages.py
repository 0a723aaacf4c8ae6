"""The page of one row, to be read first: facts, tables, tabs, what may be done, what happened."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from backoffice.core import extensions
from backoffice.ui.dialogs import Button
from backoffice.ui.document import EMPTY, Cell, cell, facts, tables
from backoffice.ui.obstacles import obstacles_of
from backoffice.ui.timeline import Story, story


class PageMixin:
    """Show one row read-first; a screen says which buttons it has and what happened."""

    change_form_template = "ui/document.html"
    # What the head of the page shows at its end; without, the order and the amounts of the list.
    headline: Sequence[Any] = ()

    def page_buttons(self, request: HttpRequest, row: Any) -> list[Button]:
        """Return what may be done, or why not."""
        return []

    def page_panels(self, request: HttpRequest, row: Any) -> list[tuple[Any, str]]:
        """Return the tabs beside those of children: title and safe HTML."""
        panels = extensions.panels(self.opts.label_lower)
        return [(panel.title, panel.render(row, request)) for panel in panels]

    def page_story(self, row: Any) -> Story:
        """Return what happened."""
        return story(row)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method != "GET" or not self.has_view_permission(request, row):
            raise PermissionDenied
        told = self.page_story(row)
        buttons = self.page_buttons(request, row)
        context = self.admin_site.each_context(request) | {
            "title": str(row),
            "opts": self.opts,
            "original": row,
            "bo_badges": self._cells(request, row, self._marked("is_badge")),
            "bo_headline": self._cells(
                request, row, self.headline or ["order", *self._marked("is_headline")]
            ),
            "bo_obstacles": obstacles_of(request, self.model, [row.pk])[row.pk],
            "bo_verbs": buttons,
            # The way forward stands out; what ends a document does not.
            "bo_next": next((b.name for b in buttons if b.leads_on and not b.reasons), ""),
            "bo_blocked": [button for button in buttons if button.reasons],
            "bo_facts": facts(self, request, row),
            "bo_tables": tables(self, request, row),
            "bo_panels": [(title, html) for title, html in self.page_panels(request, row) if html],
            "bo_timeline": told.entries,
            "bo_changes": told.changes,
            "bo_has_history": hasattr(self.model, "history"),
        }
        return TemplateResponse(request, self.change_form_template, context | (extra_context or {}))

    def _marked(self, mark: str) -> list[Any]:
        return [name for name in self.list_display if getattr(name, mark, False)]

    def _cells(self, request: HttpRequest, row: models.Model, names: Sequence[Any]) -> list[Cell]:
        known = [n for n in names if not isinstance(n, str) or hasattr(row, n)]
        cells = [cell(self, request, row, name) for name in known]
        return [c for c in cells if c.value != EMPTY]
