"""Beancount: every entry, the opening balances, and what each account has to come to."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from finance.choices import AccountKind
from finance.exports.base import Export, Month, told
from finance.selectors.reports import BookLine

ROOTS = {
    AccountKind.ASSET: "Assets",
    AccountKind.LIABILITY: "Liabilities",
    AccountKind.EQUITY: "Equity",
    AccountKind.INCOME: "Income",
    AccountKind.EXPENSE: "Expenses",
}


def _account(kind: str, code: str, name: str) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    return f"{ROOTS[AccountKind(kind)]}:{code}" + (f"-{words}" if words else "")


def _of(line: BookLine) -> str:
    account = _account(line.account_kind, line.account, line.account_name)
    seller = re.sub(r"[^A-Za-z0-9]+", "-", line.seller).strip("-")
    return f"{account}:S-{seller}" if seller else account


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _leg(account: str, amount: Decimal, currency: str) -> str:
    return f"  {account}  {amount:f} {currency}\n"


def write(month: Month) -> Iterator[str]:
    """Yield the ledger; the balances at the end are counted apart from the postings."""
    used: set[str] = set()
    known = [(_account(b.kind, b.code, b.name), b) for b in month.balances]
    opening = [(name, b) for name, b in known if b.opening]
    if opening:
        yield f'{month.first} * "Opening balances"\n'
        yield from (_leg(name, b.opening, b.currency) for name, b in opening)
    for lines in month.entries():
        head = lines[0]
        yield f"\n{head.day} * {_quoted(told(head))} {_quoted(head.key)}\n"
        yield f"  entry: {_quoted(str(head.entry_id))}\n"
        for line in lines:
            used.add(_of(line))
            yield _leg(_of(line), line.amount, line.currency)
    yield "\n"
    for name, balance in known:
        used.add(name)
        day = month.last + timedelta(days=1)
        yield f"{day} balance {name}  {balance.closing:f} {balance.currency}\n"
    yield from (f"{month.first} open {name}\n" for name in sorted(used))


BEANCOUNT = Export("Beancount", "beancount", write)
