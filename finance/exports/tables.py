"""Journals as tables: QuickBooks, Xero, and vouchers as Yonyou and Kingdee take them."""

from collections.abc import Iterator, Sequence
from typing import Any

from backoffice.core.exports import csv_lines
from finance.exports.base import Export, Month, sides, told

QUICKBOOKS_HEAD = "JournalNo JournalDate Currency AccountName Debits Credits Description Name"
XERO_HEAD = "*Narration *Date Description *AccountCode *TaxRate *Amount TrackingName1"
VOUCHER_HEAD = (
    "日期 凭证字 凭证号 分录号 摘要 科目代码 科目名称 币别 借方金额 贷方金额 往来单位 订单号"
)


def _quickbooks(month: Month) -> Iterator[Sequence[Any]]:
    for lines in month.entries():
        for line in lines:
            account = f"{line.account} {line.account_name}"
            number, day = line.entry_id, f"{line.day:%m/%d/%Y}"
            yield (
                *(number, day, line.currency, account, *sides(line.amount), told(line)),
                line.seller,
            )


def _xero(month: Month) -> Iterator[Sequence[Any]]:
    for lines in month.entries():
        narration = f"{lines[0].key} {lines[0].currency}"
        for line in lines:
            day = f"{line.day:%d/%m/%Y}"
            yield (narration, day, told(line), line.account, "Tax Exempt", line.amount, line.seller)


def _vouchers(month: Month) -> Iterator[Sequence[Any]]:
    for number, lines in enumerate(month.entries(), 1):
        for n, line in enumerate(lines, 1):
            yield (
                *(line.day, "记", number, n, told(line), line.account, line.account_name),
                *(line.currency, *sides(line.amount), line.seller, line.order_number),
            )


QUICKBOOKS = Export(
    "QuickBooks", "quickbooks.csv", lambda m: csv_lines(QUICKBOOKS_HEAD.split(), _quickbooks(m))
)
XERO = Export("Xero", "xero.csv", lambda m: csv_lines(XERO_HEAD.split(), _xero(m)))
VOUCHERS = Export(
    "用友 / 金蝶", "vouchers.csv", lambda m: csv_lines(VOUCHER_HEAD.split(), _vouchers(m))
)
