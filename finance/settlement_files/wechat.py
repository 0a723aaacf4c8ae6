"""WeChat Pay's bills of trades (交易账单) and of funds (资金账单): yuan, Beijing time.

Every cell begins with a back-tick, and a comma inside one stays in it. The last two lines are the
header and the values of the sums. In the bill of trades a refund is positive in a column of its
own, and the fee that it gives back negative; the fund bill has the balance after each row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from finance.settlement_files.amounts import CHINA, currency_of, minor, moment, shown
from finance.settlement_files.base import Format, Reading, RefusedError, Row, RowKind
from finance.settlement_files.text import (
    Record,
    Table,
    column_name,
    decode,
    make_table,
    read_rows,
    refuse_repeats,
    split_lines,
    whole,
)

ENCODINGS = ("utf-8", "gb18030")
TRADES = ("交易时间", "微信订单号", "商户订单号", "交易状态", "手续费")
FUNDS = ("记账时间", "资金流水单号", "收支类型", "收支金额(元)", "账户结余(元)")
# Older bills call the settled amount the total; those of payments alone have no refunds.
SETTLED, REFUNDED = ("应结订单金额", "总金额"), "退款金额"
# What each sum at the end sums up.
SUMS = {
    "应结订单总金额": "应结订单金额",
    "总交易额": "总金额",
    "退款总金额": "退款金额",
    "总退款金额": "退款金额",
    "充值券退款总金额": "充值券退款金额",
    "总企业红包退款金额": "企业红包退款金额",
    "手续费总金额": "手续费",
    "订单总金额": "订单金额",
    "申请退款总金额": "申请退款金额",
}
IN, OUT = "收入", "支出"


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill's table and the sums below it."""

    table: Table
    sums: Mapping[str, str]


def _split(text: str, needed: Sequence[str], first_sum: str) -> Bill:
    lines = iter([(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()])
    _number, head = next(lines, (0, ""))
    header = _cells(head.lstrip("\ufeff"))
    body: list[tuple[int, list[str]]] = []
    for number, line in lines:
        cells = _cells(line)
        if column_name(cells[0]) != first_sum and not _is_sums(cells):
            body.append((number, cells))
            continue
        table = make_table(header, iter(body), needed)
        values = _cells(next(lines, (0, ""))[1])
        names = [column_name(cell) for cell in cells]
        if len(values) < len(names) or next(lines, None):
            raise RefusedError(_("The sums at the end are cut, or something follows them."))
        return Bill(table, dict(zip(names, (v.strip() for v in values), strict=False)))
    make_table(header, iter(()), needed)
    raise RefusedError(_("The sums at the end are missing: the file is cut."))


def _is_sums(cells: Sequence[str]) -> bool:
    names = {column_name(cell) for cell in cells}
    return "总交易单数" in names or "资金流水总笔数" in names


def _cells(line: str) -> list[str]:
    line = line.strip("\r\n")
    if line.startswith("`"):
        return [cell.strip() for cell in line[1:].split(",`")]
    cells: Iterator[tuple[int, list[str]]] = split_lines(line, ",")
    return [cell.strip().removeprefix("`") for cell in next(cells, (0, [""]))[1]]


def read_trades(content: bytes) -> Reading:
    """Read a bill of trades."""
    bill = _split(decode(content, *ENCODINGS), TRADES, "总交易单数")
    settled = bill.table.first(*SETTLED)
    if not settled:
        raise RefusedError(_("The column “%s” is missing.") % SETTLED[0])
    rows = read_rows(bill.table.records, lambda record: _trade(record, settled))
    problems = refuse_repeats(bill.table.records, whole)
    problems += _miscounted(bill.sums, "总交易单数", len(rows))
    if not problems:
        problems += _missummed(bill, _trade_sums(bill.table))
    return Reading(rows, True, problems)


def _trade(record: Record, settled: str) -> Row:
    currency = currency_of(record["货币种类"] or "CNY")
    paid = minor(record[settled] or "0", currency)
    back = minor(record[REFUNDED] or "0", currency)
    happened_at = moment(record["退款成功时间"] or record["交易时间"])
    return Row(
        number=record.number,
        raw=record.cells,
        kind=RowKind.PAYMENT if record["交易状态"] == "SUCCESS" else RowKind.REFUND,
        currency=currency,
        gross=paid - back,
        fee=minor(record["手续费"] or "0", currency),
        external_id=record["微信退款单号"] if back else record["微信订单号"],
        reference=record["商户退款单号"] if back else record["商户订单号"],
        payment_reference=record["微信订单号"],
        category=record["交易状态"],
        batch=record["商户号"],
        happened_at=happened_at.replace(tzinfo=CHINA) if happened_at else None,
    )


def _trade_sums(table: Table) -> Callable[[str], int | None]:
    def total(name: str) -> int | None:
        column = SUMS.get(name, "")
        if column not in table.columns:
            return 0 if column else None
        return sum(
            minor(r[column] or "0", currency_of(r["货币种类"] or "CNY")) for r in table.records
        )

    return total


def read_funds(content: bytes) -> Reading:
    """Read a bill of funds; every fen that came in or went out counts."""
    bill = _split(decode(content, *ENCODINGS), FUNDS, "资金流水总笔数")
    rows = read_rows(bill.table.records, _fund)
    problems = refuse_repeats(bill.table.records, whole)
    came = [abs(row.net) for row in rows if row.raw["收支类型"] == IN]
    went = [abs(row.net) for row in rows if row.raw["收支类型"] == OUT]
    sums = {"收入金额": sum(came), "支出金额": sum(went)}
    problems += _miscounted(bill.sums, "资金流水总笔数", len(rows))
    problems += _miscounted(bill.sums, "收入笔数", len(came))
    problems += _miscounted(bill.sums, "支出笔数", len(went))
    if not problems:
        problems += _missummed(bill, sums.get)
    return Reading(rows, True, problems)


def _fund(record: Record) -> Row:
    side = record["收支类型"]
    if side not in (IN, OUT):
        raise RefusedError(_("“%s” is neither in nor out.") % side[:10])
    amount = minor(record["收支金额(元)"], "CNY") * (1 if side == IN else -1)
    minor(record["账户结余(元)"] or "0", "CNY")
    kind = record["业务类型"]
    is_fee = "手续费" in kind
    happened_at = moment(record["记账时间"])
    return Row(
        number=record.number,
        raw=record.cells,
        kind=_fund_kind(kind),
        currency="CNY",
        gross=0 if is_fee else amount,
        fee=-amount if is_fee else 0,
        external_id=record["资金流水单号"],
        reference=record["业务凭证号"],
        payment_reference=record["微信支付业务单号"],
        category=kind,
        batch=record["微信支付业务单号"],
        paid=-amount if "提现" in kind and not is_fee else 0,
        happened_at=happened_at.replace(tzinfo=CHINA) if happened_at else None,
    )


def _fund_kind(kind: str) -> RowKind:
    if "手续费" in kind:
        return RowKind.FEE
    if "退款" in kind:
        return RowKind.REFUND
    return RowKind.PAYMENT if kind == "交易" else RowKind.OTHER


def _miscounted(sums: Mapping[str, str], name: str, count: int) -> list[str]:
    if name not in sums:
        return [_("The sum “%s” is missing.") % name]
    # Counts are written as whole numbers or as 20.0.
    return _differs(name, minor(sums[name], "JPY"), count, "JPY")


def _missummed(bill: Bill, total: Callable[[str], int | None]) -> list[str]:
    problems = []
    for name, text in bill.sums.items():
        own = total(name)
        if own is not None:
            problems += _differs(name, minor(text or "0", "CNY"), own, "CNY")
    return problems


def _differs(name: str, said: int, own: int, currency: str) -> list[str]:
    if said == own:
        return []
    return [
        _("%(name)s: the file says %(said)s, its rows come to %(is)s.")
        % {"name": name, "said": shown(said, currency), "is": shown(own, currency)}
    ]


def _begins_with(needed: Sequence[str]) -> Callable[[bytes], bool]:
    def recognises(content: bytes) -> bool:
        try:
            text = decode(content, *ENCODINGS)
            head = _cells((text.lstrip("\ufeff\r\n ").splitlines() or [""])[0])
        except RefusedError:
            return False
        return set(needed) <= {column_name(cell) for cell in head}

    return recognises


FORMATS = (
    Format("wechat-trade", gettext_lazy("WeChat Pay: trades"), read_trades, _begins_with(TRADES)),
    Format("wechat-fund", gettext_lazy("WeChat Pay: funds"), read_funds, _begins_with(FUNDS)),
)
