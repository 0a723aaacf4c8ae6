"""One box that finds everything: exact numbers first, few of each kind, only what one may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from backoffice.ui.lists.search import DIGITS, NUMBER

PER_KIND = 10
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """One row that was found."""

    title: str
    url: str
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """The rows of one kind that were found, and the list that shows them all."""

    label: str
    hits: list[Hit]
    url: str
    rank: int

    @property
    def is_exact(self) -> bool:
        return any(hit.is_exact for hit in self.hits)


def find(request: HttpRequest, site: Any, text: str) -> list[Kind]:
    """Return what each list's own search finds: exact hits first, then by use."""
    kinds = list(_kinds(request, site, text)) if len(text) >= SHORTEST else []
    return sorted(kinds, key=lambda kind: (not kind.is_exact, kind.rank))


def _kinds(request: HttpRequest, site: Any, text: str) -> Iterator[Kind]:
    for model, screen in site._registry.items():
        if not screen.get_search_fields(request) or not screen.has_view_permission(request):
            continue
        found = _rows(request, screen, text) or _rows(request, screen, text.upper())
        if not found:
            continue
        opts = model._meta
        name = f"{site.name}:{opts.app_label}_{opts.model_name}"
        hits = [
            Hit(str(row), reverse(f"{name}_change", args=[row.pk]), _is_exact(row, text))
            for row in found
        ]
        yield Kind(
            str(opts.verbose_name_plural),
            sorted(hits, key=lambda hit: not hit.is_exact),
            f"{reverse(f'{name}_changelist')}?{urlencode({'q': text})}",
            screen.search_rank,
        )


def _rows(request: HttpRequest, screen: Any, text: str) -> list[Any]:
    rows, _may_repeat = screen.get_search_results(request, screen.get_queryset(request), text)
    order: tuple[Any, ...] = ("-pk",)
    if DIGITS.fullmatch(text) and screen.opts.pk.get_internal_type() == "BigAutoField":
        # A document's number is its key: of those that end in these digits it is the first.
        order = (Case(When(pk=int(text), then=0), default=1), *order)
    return list(rows.order_by(*order)[:PER_KIND])


def _is_exact(row: Any, text: str) -> bool:
    title = str(row)
    names = (title, *(str(getattr(row, n, "")) for n in ("code", "tracking_number", "username")))
    short = NUMBER.fullmatch(title)
    if short and DIGITS.fullmatch(text) and int(short[2]) == int(text):
        return True
    return text.casefold() in (name.casefold() for name in names)


def search_page(request: HttpRequest, site: Any) -> HttpResponse:
    """Show what was found: a page of its own, or the part that the dialog of Ctrl-K asks for."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    context = {"bo_text": text, "bo_kinds": find(request, site, text), "bo_shortest": SHORTEST}
    if request.headers.get("X-Part"):
        return TemplateResponse(request, "ui/hits.html", context)
    whole = site.each_context(request) | context | {"title": _("Search")}
    return TemplateResponse(request, "ui/search.html", whole)
