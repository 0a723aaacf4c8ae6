"""PDF: a heading, facts and tables over as many pages as they need.

Latin text is set in the reader's Helvetica, all other in its song typeface for Chinese
(STSong-Light): both belong to PDF itself, so that no font has to be installed or shipped.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from backoffice.core.money import DIGITS

CHINESE = "STSong-Light"
MARGIN = 18 * mm
# What the frame of a page keeps free at both sides together.
PADDING = 12
GREY = colors.HexColor("#667085")
RULE = colors.HexColor("#d0d5dd")
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9, leading=12)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=8, textColor=GREY)
TITLE = ParagraphStyle("title", parent=BODY, fontSize=18, leading=24)
PART = ParagraphStyle("part", parent=BODY, fontSize=11, leading=16, spaceBefore=10)
RIGHT = ParagraphStyle("right", parent=BODY, alignment=2)

pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: the widths are shares of the page; amounts stand to the right."""

    title: str
    head: Sequence[str]
    rows: Iterable[Sequence[Any]]
    widths: Sequence[float]
    total: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document on paper: who sends it to whom, its facts, its tables, a last word."""

    title: str
    sender: Sequence[str]
    receiver: Sequence[str]
    facts: Sequence[tuple[str, Any]]
    grids: Sequence[Grid]
    notes: Sequence[str] = field(default_factory=list)


def shown(amount: Decimal, currency: str) -> str:
    """Return an amount with as many digits as its currency has."""
    return str(number_format(amount, DIGITS.get(currency, 2), force_grouping=True))


def marked(text: Any) -> str:
    """Return text as reportlab's markup, each run in a typeface that has it."""
    runs = groupby(str(text), key=lambda c: _is_latin(c))
    return "".join(
        escape(run) if is_latin else f'<font name="{CHINESE}">{escape(run)}</font>'
        for is_latin, run in ((flag, "".join(group)) for flag, group in runs)
    )


def _is_latin(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _cell(value: Any) -> Any:
    # A paragraph costs fifty times a string: only what has to be wrapped or set in another face.
    text = str(value)
    if len(text) <= 18 and _is_latin(text):
        return text
    return Paragraph(marked(text), BODY)


def write_pdf(sheet: Sheet) -> bytes:
    """Return a sheet as PDF; the same sheet gives the same bytes."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=sheet.title,
        author=sheet.sender[0] if sheet.sender else "",
        invariant=1,
    )
    footer = _footer(sheet.title)
    document.build(
        list(_parts(sheet, document.width - PADDING)), onFirstPage=footer, onLaterPages=footer
    )
    return out.getvalue()


def _footer(title: str) -> Any:
    def draw(canvas: Any, document: Any) -> None:
        words = _("%(title)s · page %(n)s") % {"title": title, "n": canvas.getPageNumber()}
        line = Paragraph(marked(words), SMALL)
        line.wrapOn(canvas, document.width, MARGIN)
        line.drawOn(canvas, MARGIN, MARGIN / 2)

    return draw


def _parts(sheet: Sheet, width: float) -> Iterator[Any]:
    sender, receiver = (
        [Paragraph(marked(line), BODY) for line in lines if line] or ""
        for lines in (sheet.sender, sheet.receiver)
    )
    yield Table([[receiver, sender]], colWidths=[width * 0.6, width * 0.4], style=_plain())
    yield Spacer(1, 8 * mm)
    yield Paragraph(marked(sheet.title), TITLE)
    yield Spacer(1, 3 * mm)
    facts = [[Paragraph(marked(name), SMALL), _cell(value)] for name, value in sheet.facts]
    yield Table(facts, colWidths=[width * 0.35, width * 0.65], style=_plain())
    for grid in sheet.grids:
        yield Paragraph(marked(grid.title), PART)
        yield _table(grid, width)
    yield Spacer(1, 5 * mm)
    for note in sheet.notes:
        yield Paragraph(marked(note), SMALL)


def _plain() -> TableStyle:
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ("FONTSIZE", (0, 0), (-1, -1), 9),
        ]
    )


def _table(grid: Grid, width: float) -> LongTable:
    rows = [[_amount(v) if isinstance(v, Amount) else _cell(v) for v in r] for r in grid.rows]
    numbers = [n for n, value in enumerate(rows[0]) if isinstance(value, _Right)] if rows else []
    head = [
        Paragraph(marked(name), ParagraphStyle("head", parent=SMALL, alignment=2 * (n in numbers)))
        for n, name in enumerate(grid.head)
    ]
    if grid.total:
        rows.append([_amount(v) if isinstance(v, Amount) else _cell(v) for v in grid.total])
    style = [
        ("FONTSIZE", (0, 0), (-1, -1), 9),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, GREY),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        *(("ALIGN", (n, 0), (n, -1), "RIGHT") for n in numbers),
    ]
    if grid.total:
        style += [
            ("FONTNAME", (0, -1), (-1, -1), "Helvetica-Bold"),
            ("LINEABOVE", (0, -1), (-1, -1), 0.8, GREY),
        ]
    sizes = [width * share / sum(grid.widths) for share in grid.widths]
    return LongTable([head, *rows], colWidths=sizes, repeatRows=1, style=TableStyle(style))


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount in a table; without one the cell is empty."""

    value: Decimal | None
    currency: str


class _Right(str):
    """Text that stands to the right."""


def _amount(amount: Amount) -> _Right:
    return _Right("" if amount.value is None else shown(amount.value, amount.currency))
