"""Papers by batch: looked at (GET), then printed and counted (POST)."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from backoffice.core.scope import for_actor
from backoffice.ui.admin import DocumentAdmin
from backoffice.ui.dialogs import Button
from backoffice.ui.display import NOTHING, column, moments
from logistics.selectors.papers import Paper

# As many as a printer takes without somebody standing by.
AT_ONCE = 200


def _printed(model: type[Any]) -> Callable[[Any], str]:
    show = moments(timezone.now())

    def cell(row: Any) -> str:
        if not row.prints:
            return NOTHING
        return format_html("{}× {} {}", row.prints, show(row.printed_at), row.printed_by)

    return cell


PRINTED = column("printed", _printed, gettext_lazy("printed"), "printed_at", "")


class PrintsMixin(DocumentAdmin):
    """Offer the paper of a document, for one and for many."""

    paper: Callable[[QuerySet, str], list[Paper]]
    paper_template = ""
    print_label: Any = ""

    @property
    def _print_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_print"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.print_view)
        return [path("print/", view, name=self._print_name), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("verb_print", None)
        if self._may_print(request):
            actions["print"] = (self._print_many, "print", self.print_label)
        return actions

    def _may_print(self, request: HttpRequest) -> bool:
        assert self.machine is not None
        return self.may(request, self.machine.transitions["print"])

    def _print_many(
        self, modeladmin: Any, request: HttpRequest, queryset: QuerySet
    ) -> HttpResponse | None:
        """Show the papers of the chosen."""
        ids = list(queryset.values_list("pk", flat=True)[: AT_ONCE + 1])
        if len(ids) > AT_ONCE:
            text = _("Choose at most %(n)s: so many are printed at once.") % {"n": AT_ONCE}
            self.message_user(request, text, "ERROR")
            return None
        return HttpResponseRedirect(self._print_url(ids))

    def _print_url(self, ids: list[int]) -> str:
        return f"{reverse(f'admin:{self._print_name}')}?ids={','.join(map(str, sorted(ids)))}"

    def page_buttons(self, request: HttpRequest, document: Any) -> list[Button]:
        buttons = super().page_buttons(request, document)
        url = self._print_url([document.pk])
        return [
            Button(b.name, self.print_label, url, b.reasons) if b.name == "print" else b
            for b in buttons
        ]

    def print_view(self, request: HttpRequest) -> HttpResponse:
        """Show papers (GET); count them as printed and open the printer's dialog (POST)."""
        assert self.machine is not None
        if not (self.has_view_permission(request) and self._may_print(request)):
            raise PermissionDenied
        given = request.GET.get("ids", "").split(",")
        if not all(n.isascii() and n.isdigit() and len(n) < 19 for n in given):
            return HttpResponseBadRequest(_("Choose what is to be printed in the list."))
        wanted = sorted({int(n) for n in given})[:AT_ONCE]
        rows = for_actor(self.model._default_manager.filter(pk__any=wanted))
        ids = list(rows.values_list("pk", flat=True))
        if request.method == "POST":
            done = self.verbs["print"](ids, now=timezone.now(), reason="")
            return HttpResponseRedirect(f"{self._print_url(done.moved or ids)}&go=1")
        outcome = self.machine.explain_many(ids, "print")
        reader = get_language() or "en"
        papers = type(self).paper(rows.filter(pk__any=outcome.moved), reader)
        context = {
            "title": self.print_label,
            "papers": [self._sheet(paper) for paper in papers],
            "again": sum(1 for paper in papers if paper.document.prints),
            "files": [p.document for p in papers if self._has_file(p.document)],
            "blocked": self._grouped(outcome),
            "goes": request.GET.get("go") == "1",
            "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
        }
        return TemplateResponse(request, "logistics/print.html", context)

    def _has_file(self, document: Any) -> bool:
        return getattr(document, "label_url", "").startswith(("https://", "http://"))

    def _sheet(self, paper: Paper) -> dict[str, SafeString | str]:
        with override(paper.language):
            html = render_to_string(self.paper_template, {"paper": paper, "row": paper.document})
        return {"language": paper.language, "html": html}
