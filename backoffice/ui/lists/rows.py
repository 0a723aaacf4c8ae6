"""The rows of a list as HTML: put together in one pass, not by a template for every cell."""

import re
from typing import Any
from urllib.parse import quote

from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from backoffice.ui.display import LONG, Cell
from backoffice.ui.lists.columns import Column, page_base
from backoffice.ui.lists.page import ListPage

LINK = re.compile(r"</?a\b[^>]*>")


def body(page: ListPage, *, has_actions: bool) -> SafeString:
    """Return the rows; the first column leads to the row's page."""
    open_link = _opener(page)
    choose = escape(_("Choose"))
    first, *others = page.columns
    cells = [
        (f'<td class="{column.css}">' if column.css else "<td>", _whole(column))
        for column in others
    ]
    lines = []
    for row in page.rows:
        # A related row is shown as a link, and no link may stand in another.
        head = LINK.sub("", str(first.cell(row)))
        box = (
            f'<td><input type="checkbox" name="_selected_action" value="{escape(row.pk)}"'
            f' class="action-select" aria-label="{choose} {escape(str(row))}"></td>'
            if has_actions
            else ""
        )
        rest = "".join(f"{start}{cell(row)}</td>" for start, cell in cells)
        lines.append(f"<tr>{box}<th scope=row>{open_link(row, head)}</th>{rest}</tr>")
    return mark_safe("\n".join(lines))  # noqa: S308


def _whole(column: Column) -> Cell:
    """Return what shows a cell; what may be cut off is told whole when it is pointed at."""
    if column.css != LONG:
        return column.cell

    def cell(row: Any) -> str:
        shown = str(column.cell(row))
        return f'<span title="{strip_tags(shown)}">{shown}</span>'

    return cell


def _opener(page: ListPage) -> Any:
    request, screen = page.request, page.screen
    if IS_POPUP_VAR in request.GET:
        attribute = request.GET.get(TO_FIELD_VAR) or screen.opts.pk.attname
        if not screen.to_field_allowed(request, attribute):
            attribute = screen.opts.pk.attname
        return lambda row, text: (
            f'<a href="#" data-popup-opener="{escape(getattr(row, attribute))}">{text}</a>'
        )
    base = page_base(screen.admin_site, screen.opts)
    query = request.GET.urlencode()
    kept = f"?_changelist_filters={quote(query)}" if query and screen.keeps_filters else ""
    return lambda row, text: (
        f'<a href="{base}{quote(str(row.pk), safe="")}/change/{kept}">{text}</a>'
    )
