"""PayPal's settlement report (STL): records by type, sums by currency in the footers.

Amounts are unsigned hundredths, of yen too (the specification writes both 100,00 yen and $100.00
as 10000); the side stands in a column of its own, for the fee as well. Rows stand between a
section's header (SH) and its footers (SF per currency, SC the count); RF and RC sum the report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from finance.settlement_files.amounts import currency_of, moment, scaled
from finance.settlement_files.base import (
    Format,
    Reading,
    RefusedError,
    Row,
    RowKind,
    WrongFormatError,
)
from finance.settlement_files.text import (
    Record,
    column_name,
    decode,
    read_rows,
    require,
    split_lines,
)

TYPES = ("RH", "FH", "SH", "CH", "SB", "SF", "SC", "RF", "RC", "FF")
SIDE, GROSS, CURRENCY = (
    "transaction debit or credit",
    "gross transaction amount",
    "gross transaction currency",
)
FEE_SIDE, FEE, FEE_CURRENCY = "fee debit or credit", "fee amount", "fee currency"
NEEDED = ("transaction id", "transaction event code", SIDE, GROSS, CURRENCY, FEE_SIDE, FEE)
KINDS = {
    "T00": RowKind.PAYMENT,
    "T01": RowKind.FEE,
    "T11": RowKind.REFUND,
    "T12": RowKind.CHARGEBACK,
}


@dataclass(slots=True)
class Section:
    """What stands between a section's header and its footers."""

    head: tuple[str, ...] = ()
    records: list[Record] = field(default_factory=list)
    footers: dict[str, list[str]] = field(default_factory=dict)
    count: str = ""


@dataclass(slots=True)
class Report:
    """The parts of a file."""

    sections: list[Section] = field(default_factory=list)
    footers: dict[str, list[str]] = field(default_factory=dict)
    count: str = ""
    types: list[str] = field(default_factory=list)


def read(content: bytes) -> Reading:
    """Read a settlement report; every section has to prove itself."""
    report = _split(decode(content, "utf-8"))
    rows = read_rows([record for s in report.sections for record in s.records], _row)
    problems: list[str] = []
    first = 0
    for section in report.sections:
        own = rows[first : first + len(section.records)]
        first += len(section.records)
        problems += _unproved(own, section.footers, section.count, "SF", "SC")
    if not problems and (report.footers or report.count):
        problems += _unproved(rows, report.footers, report.count, "RF", "RC")
    if "FH" in report.types and "FF" not in report.types:
        problems.append(_("The file's footer (FF) is missing: the file is cut."))
    return Reading(rows, True, problems)


def _split(text: str) -> Report:
    report = Report()
    header: list[str] = []
    head = text.lstrip("\ufeff \r\n").splitlines()[:1]
    delimiter = "\t" if head and "\t" in head[0] else ","
    for number, cells in split_lines(text.lstrip("\ufeff"), delimiter):
        kind = cells[0].strip()
        if not any(cell.strip() for cell in cells):
            continue
        if kind not in TYPES:
            wrong = RefusedError if report.types else WrongFormatError
            raise wrong(
                _("Line %(line)d begins with “%(type)s”: no record of a settlement report.")
                % {"line": number, "type": kind[:20]}
            )
        if kind in ("RH", "FH", "FF", "RC") and kind in report.types:
            raise RefusedError(
                _("Line %(line)d: %(type)s is there twice.") % {"line": number, "type": kind}
            )
        report.types.append(kind)
        if kind == "SH":
            section = Section(tuple(cells[1:]))
            if any(section.head == other.head for other in report.sections):
                raise RefusedError(_("Line %d repeats a section.") % number)
            report.sections.append(section)
            header = []
        elif kind == "RF":
            report.footers[_currency(cells, number, report.footers)] = cells[2:]
        elif kind == "RC":
            report.count = cells[1] if len(cells) > 1 else ""
        elif kind in ("CH", "SB", "SF", "SC"):
            if not report.sections:
                raise RefusedError(_("Line %d stands before its section's header (SH).") % number)
            header = _body(report.sections[-1], kind, cells, number, header)
    if not report.sections:
        raise WrongFormatError(_("This is no settlement report: it has no section (SH)."))
    return report


def _body(
    section: Section, kind: str, cells: list[str], number: int, header: list[str]
) -> list[str]:
    if kind == "CH":
        header = [column_name(cell) for cell in cells]
        require(header, NEEDED)
    elif kind == "SB":
        if not header:
            raise RefusedError(_("Line %d stands before its column header (CH).") % number)
        if any(cell.strip() for cell in cells[len(header) :]):
            raise RefusedError(_("Line %d has more cells than its header.") % number)
        if section.footers or section.count:
            raise RefusedError(_("Line %d stands after its section's footer.") % number)
        cells = [cell.strip() for cell in cells]
        section.records.append(Record(number, dict(zip(header, cells, strict=False))))
    elif kind == "SF":
        section.footers[_currency(cells, number, section.footers)] = cells[2:]
    else:
        section.count = cells[1] if len(cells) > 1 else ""
    return header


def _currency(cells: Sequence[str], number: int, footers: Mapping[str, object]) -> str:
    currency = currency_of(cells[1] if len(cells) > 1 else "")
    if currency in footers:
        raise RefusedError(
            _("Line %(line)d: %(type)s is there twice.")
            % {"line": number, "type": f"{cells[0]} {currency}"}
        )
    return currency


def _row(record: Record) -> Row:
    currency = currency_of(record[CURRENCY])
    code = record["transaction event code"].upper()
    fee = _signed(record[FEE_SIDE], record[FEE], currency)
    other = record[FEE_CURRENCY]
    if fee and other and currency_of(other) != currency:
        raise RefusedError(_("the fee is in another currency than the amount."))
    return Row(
        number=record.number,
        raw=record.cells,
        kind=KINDS.get(code[:3], RowKind.OTHER),
        currency=currency,
        gross=_signed(record[SIDE], record[GROSS], currency),
        fee=-fee,
        external_id=record["transaction id"],
        reference=record["invoice id"] or record["custom field"],
        payment_reference=record["paypal reference id"],
        category=code,
        batch=record["bank reference id"],
        # A withdrawal to the bank; its reversal comes back.
        paid=-_signed(record[SIDE], record[GROSS], currency) if code[:3] == "T04" else 0,
        happened_at=moment(record["transaction completion date"]),
    )


def _signed(side: str, amount: str, currency: str) -> int:
    """Return an amount with its side's sign; only nothing may be on no side."""
    value = _count(amount or "0")
    if value and side.upper() not in ("CR", "DR"):
        raise RefusedError(_("“%s” is neither CR nor DR.") % side[:10])
    return scaled(-value if side.upper() == "DR" else value, currency, digits=2)


def _count(text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 18:
        raise RefusedError(_("“%s” is no whole number.") % text.strip()[:40])
    return int(text)


def _unproved(
    rows: Sequence[Row],
    footers: Mapping[str, list[str]],
    count: str,
    footer: str,
    counter: str,
) -> list[str]:
    """Return what the rows and the footers over them disagree about."""
    problems = []
    try:
        for currency in sorted({row.currency for row in rows} - set(footers)):
            problems.append(
                _("The footer %(footer)s of %(currency)s is missing: the file is cut.")
                % {"footer": footer, "currency": currency}
            )
        if not footers and footer == "SF" and not rows:
            problems.append(_("The section's footer (SF) is missing: the file is cut."))
        for currency, cells in footers.items():
            own = [row for row in rows if row.currency == currency]
            if not _agrees(own, cells, currency, len(rows)):
                problems.append(
                    _("The rows of %(currency)s do not come to the sums in its footer %(footer)s.")
                    % {"currency": currency, "footer": footer}
                )
        if count.strip() and _count(count) != len(rows):
            problems.append(
                _("%(counter)s says %(said)s rows, there are %(is)d.")
                % {"counter": counter, "said": count.strip(), "is": len(rows)}
            )
    except RefusedError as error:
        problems.append(f"{footer}: {error}")
    return problems


def _agrees(rows: Sequence[Row], cells: Sequence[str], currency: str, count: int) -> bool:
    """Say whether a footer's sums, balances and count are those of the rows."""
    cells = [cell.strip() for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) < 5:
        raise RefusedError(_("the footer is cut."))
    sums = [scaled(_count(cell), currency, digits=2) for cell in cells[:4]]
    credit = sum(row.gross for row in rows if row.gross > 0)
    debit = -sum(row.gross for row in rows if row.gross < 0)
    given = -sum(row.fee for row in rows if row.fee < 0)
    taken = sum(row.fee for row in rows if row.fee > 0)
    # Old reports tell the fees taken first, newer ones the fees given back.
    if sums[:2] != [credit, debit] or sums[2:] not in ([given, taken], [taken, given]):
        return False
    # The count is the currency's, or the whole section's.
    if len(cells) % 2 and _count(cells[-1]) not in (len(rows), count):
        return False
    pairs = cells[4 : len(cells) - len(cells) % 2]
    balances = [
        _signed(side, amount, currency)
        for side, amount in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    # Beginning and ending stand side by side: in all, available, payable.
    moved = [end - begin for begin, end in zip(balances[::2], balances[1::2], strict=False)]
    return not any(balances) or sum(row.net for row in rows) in moved


def _recognises(content: bytes) -> bool:
    try:
        lines = decode(content, "utf-8").lstrip("\ufeff \r\n").splitlines()[:6]
    except RefusedError:
        return False
    return any(line.replace('"', "")[:3].rstrip(",\t") in ("RH", "SH") for line in lines[:1]) and (
        any(line.replace('"', "").startswith(("CH", "SF")) for line in lines)
    )


FORMATS = (Format("paypal-stl", gettext_lazy("PayPal: settlement report"), read, _recognises),)
