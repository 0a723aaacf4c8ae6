"""Alipay's business bill (业务明细): a GBK table between comments, alone or in its ZIP.

The lines after the table say how many payments and refunds there are and what they come to; the
summary beside it in the ZIP proves the fees. What the merchant receives (商家实收) is gross. Bills
write the service fee with either sign; a payment costs it and a refund gives it back.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from finance.settlement_files.amounts import CHINA, minor, moment, shown
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
    Table,
    column_name,
    decode_plain,
    make_table,
    read_rows,
    refuse_repeats,
    unpack,
    whole,
)

CURRENCY = "CNY"
ENCODINGS = ("utf-8", "gb18030")
TITLE, END = "业务明细列表", "业务明细列表结束"
NUMBER, TYPE, RECEIVED = "支付宝交易号", "业务类型", "商家实收(元)"
FEE, SHARE = "服务费(元)", "分润(元)"
NEEDED = (NUMBER, "商户订单号", TYPE, RECEIVED, FEE)
KINDS = {"交易": RowKind.PAYMENT, "退款": RowKind.REFUND}
TRAILER = re.compile(
    r"(交易|退款)合计[:：]\s*(\d+)\s*笔.*?(?:商家实收|退款|总金额|实收)[^\d+-]*([+-]?[\d.]+)\s*元"
)
SUMMARY = {
    "交易订单总笔数": "payments",
    "退款订单总笔数": "refunds",
    "商家实收(元)": "received",
    "服务费(元)": "fee",
}


@dataclass(slots=True)
class Bill:
    """The parts of a bill: its table, what its trailer says, whether its end is there."""

    table: Table
    trailer: dict[str, tuple[int, int]]
    has_end: bool


def read(content: bytes) -> Reading:
    """Read a bill, and the summary beside it."""
    detail, summary = _members(content)
    bill = _bill(detail)
    rows = read_rows(bill.table.records, _row)
    problems = refuse_repeats(bill.table.records, whole)
    if not bill.has_end:
        problems.append(_("The line that ends the list is missing: the file is cut."))
    for word, kind in KINDS.items():
        if word in bill.trailer:
            count, amount = bill.trailer[word]
            own = [row.gross for row in rows if row.kind == kind]
            # Some bills sum the refunds without their sign.
            if (count, abs(amount)) != (len(own), abs(sum(own))):
                problems.append(
                    _("%(word)s: %(count)d, %(amount)s are said; the rows are %(is)d, %(sum)s.")
                    % {
                        "word": word,
                        "count": count,
                        "amount": shown(amount, CURRENCY),
                        "is": len(own),
                        "sum": shown(sum(own), CURRENCY),
                    }
                )
        elif not bill.trailer or any(row.kind == kind for row in rows):
            problems.append(_("%s: the sum at the end is missing.") % word)
    if summary:
        problems += _unlike(summary, rows)
    return Reading(rows, True, problems)


def _members(content: bytes) -> tuple[str, str]:
    """Return the bill and, where there is one, the summary."""
    detail: list[str] = []
    summary: list[str] = []
    for name, data in unpack(content).items():
        text = decode_plain(data, *ENCODINGS)
        (summary if "汇总" in name or "业务汇总列表" in text else detail).append(text)
    if len(detail) != 1 or len(summary) > 1:
        raise RefusedError(_("The archive has %d bills, not one.") % len(detail))
    return detail[0], summary[0] if summary else ""


def _bill(text: str) -> Bill:
    lines = list(enumerate(text.splitlines(), 1))
    comments = [(number, line) for number, line in lines if line.startswith("#")]
    ends = [number for number, line in comments if END in line]
    if len(ends) > 1:
        raise RefusedError(_("The list ends twice: the file is doubled."))
    body = iter([(n, line) for n, line in lines if line.strip() and not line.startswith("#")])
    _number, header = next(body, (0, ""))
    if column_name(header.split(",")[0]) != NUMBER and NUMBER not in header:
        raise WrongFormatError(_("This is no bill of Alipay: its header is missing."))
    names = _cells(header, 0)
    rest = list(body)
    if ends and any(number > ends[0] for number, _line in rest):
        raise RefusedError(_("There are rows after the end of the list."))
    table = make_table(names, _split(rest, len(names)), NEEDED)
    trailer: dict[str, tuple[int, int]] = {}
    for _line_number, line in comments:
        match = TRAILER.search(line)
        if match:
            if match[1] in trailer:
                raise RefusedError(_("The sum at the end is there twice."))
            trailer[match[1]] = (int(match[2]), minor(match[3], CURRENCY))
    return Bill(table, trailer, bool(ends))


def _split(lines: Sequence[tuple[int, str]], width: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        yield number, _cells(line, width)


def _cells(line: str, width: int) -> list[str]:
    """Split a line; Alipay quotes nothing, spreadsheets quote what has a comma."""
    plain = line.split(",")
    if '"' not in line or len(plain) == width:
        return plain
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return plain


def _row(record: Record) -> Row:
    kind = KINDS.get(record[TYPE])
    if kind is None:
        raise RefusedError(_("“%s” is no kind of business that is known.") % record[TYPE][:20])
    gross = minor(record[RECEIVED], CURRENCY)
    if (gross < 0 and kind == RowKind.PAYMENT) or (gross > 0 and kind == RowKind.REFUND):
        raise RefusedError(_("the amount has the wrong sign."))
    fee = abs(minor(record[FEE] or "0", CURRENCY)) + abs(minor(record[SHARE] or "0", CURRENCY))
    happened_at = moment(record["完成时间"] or record["创建时间"])
    return Row(
        number=record.number,
        raw=record.cells,
        kind=kind,
        currency=CURRENCY,
        gross=gross,
        fee=fee if kind == RowKind.PAYMENT else -fee,
        external_id=record["退款批次号/请求号"] or record[NUMBER],
        reference=record["商户订单号"],
        payment_reference=record[NUMBER],
        category=record[TYPE],
        happened_at=happened_at.replace(tzinfo=CHINA) if happened_at else None,
    )


def _unlike(summary: str, rows: Sequence[Row]) -> list[str]:
    """Return what the summary's last line says otherwise than the rows."""
    lines = [line for line in summary.splitlines() if line.strip() and not line.startswith("#")]
    names = [column_name(cell) for cell in _cells(lines[0], 0)] if lines else []
    sums = [
        cells for cells in (_cells(line, len(names)) for line in lines[1:]) if "合计" in cells[0]
    ]
    if len(sums) != 1:
        return [_("The summary has no line that sums it up.")]
    said = {SUMMARY[n]: c.strip() for n, c in zip(names, sums[0], strict=False) if n in SUMMARY}
    payments = sum(row.kind == RowKind.PAYMENT for row in rows)
    own = {
        "payments": payments,
        "refunds": len(rows) - payments,
        "received": sum(row.gross for row in rows),
        "fee": abs(sum(abs(minor(r.raw[FEE] or "0", CURRENCY)) * _side(r) for r in rows)),
    }
    problems = []
    for key, text in said.items():
        count = key in ("payments", "refunds")
        value = int(minor(text, "JPY")) if count else minor(text, CURRENCY)
        if (abs(value) if key == "fee" else value) != own[key]:
            problems.append(_("The summary's sums are not those of the rows (%s).") % text)
    return problems


def _side(row: Row) -> int:
    return 1 if row.kind == RowKind.PAYMENT else -1


def _recognises(content: bytes) -> bool:
    try:
        detail, _summary = _members(content)
    except RefusedError:
        return False
    head = detail[:3000]
    return NUMBER in head and TYPE in head and "商家实收" in head


FORMATS = (Format("alipay", gettext_lazy("Alipay: business bill"), read, _recognises),)
