"""SWIFT MT940, customer statement: tagged lines, decimal comma, dates of six digits.

A statement of several pages closes with an interim balance (62M) that the next page opens with
(60M). Every page proves itself.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from finance.settlement_files.amounts import currency_of, minor, short_day, shown
from finance.settlement_files.balances import unbalanced
from finance.settlement_files.base import (
    Account,
    Format,
    Reading,
    RefusedError,
    Row,
    RowKind,
    WrongFormatError,
)
from finance.settlement_files.text import decode

ENCODINGS = ("utf-8", "cp1252", "latin-1")
TAG = re.compile(r"^:(\d\d[A-Z]?|NS):(.*)$", re.DOTALL)
BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})(\d{1,15}(?:,\d*)?)")
LINE = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4})?(?P<mark>RC|RD|EC|ED|C|D)(?P<funds>[A-Z])?"
    r"(?P<amount>\d{1,15},\d*)(?P<type>[A-Z][A-Z0-9]{3})(?P<rest>.*)",
    re.DOTALL,
)
SIGNS = {"C": 1, "D": -1, "RC": -1, "RD": 1, "EC": 1, "ED": -1}


@dataclass(slots=True)
class Page:
    """One message: its account, balances and lines."""

    fields: list[tuple[str, str]] = field(default_factory=list)

    def __getitem__(self, tag: str) -> str:
        return next((value for name, value in self.fields if name == tag), "")

    def has(self, tag: str) -> bool:
        return any(name == tag for name, _value in self.fields)


def read(content: bytes) -> Reading:
    """Read all statements of a file."""
    pages = list(_pages(decode(content, *ENCODINGS)))
    if not pages:
        raise WrongFormatError(_("This is no MT940 file: it has no statement."))
    rows: list[Row] = []
    problems: list[str] = []
    accounts: list[Account] = []
    for position, page in enumerate(pages):
        account, own = _statement(page, len(rows))
        if page.fields in [other.fields for other in pages[:position]]:
            problems.append(_("Statement %s is there twice.") % account.number)
        problems += unbalanced(account, own)
        before = pages[position - 1] if position else None
        if page.has("60M") or (before and before.has("62M")):
            problems += _torn(accounts[-1:], account, before)
        rows += own
        accounts.append(account)
    if pages[-1].has("62M"):
        problems.append(_("Statement %s: its last page is missing.") % accounts[-1].number)
    return Reading(rows, True, problems, accounts)


def _pages(text: str) -> Iterator[Page]:
    """Split a file into its messages; lines without a tag carry on the one before."""
    page: Page | None = None
    for line in text.splitlines():
        # The basic header of a message may stand before its first tag.
        line = re.sub(r"^\{1:.*?\{4:", "", line)
        match = TAG.match(line)
        if match and match[1] == "20":
            if page:
                yield page
            page = Page()
        if page is None:
            continue
        if match:
            page.fields.append((match[1], match[2].strip(" ")))
        elif line.startswith("-") and re.fullmatch(r"-(\}.*|X{2,}.*)?", line.rstrip()):
            yield page
            page = None
        elif page.fields and line.strip():
            tag, value = page.fields[-1]
            page.fields[-1] = (tag, f"{value}\n{line.rstrip()}")
    if page:
        yield page


def _statement(page: Page, before: int) -> tuple[Account, list[Row]]:
    number = page["28C"] or page["28"] or page["20"]
    opening = page["60F"] or page["60M"]
    closing = page["62F"] or page["62M"]
    if not opening or not closing:
        raise RefusedError(
            _("Statement %s: its opening or closing balance is missing.") % number.strip()
        )
    if sum(name in ("60F", "60M", "62F", "62M") for name, _value in page.fields) != 2:
        raise RefusedError(_("Statement %s: it has a balance twice.") % number.strip())
    currency, start, _day = _balance(opening)
    end_currency, end, day = _balance(closing)
    if currency != end_currency:
        raise RefusedError(
            _("Statement %s: its balances are missing or in two currencies.") % number.strip()
        )
    rows: list[Row] = []
    for position, (tag, value) in enumerate(page.fields):
        if tag == "61":
            rest = page.fields[position + 1 : position + 2]
            text = rest[0][1] if rest and rest[0][0] == "86" else ""
            rows.append(_row(value, text, currency, before + len(rows) + 1))
    account = Account(page["25"].strip(), number.strip(), currency, start, end, day, len(rows))
    return account, rows


def _balance(text: str) -> tuple[str, int, str]:
    match = BALANCE.fullmatch(text.strip())
    if not match:
        raise RefusedError(_("“%s” is no balance.") % text[:40])
    currency = currency_of(match[3])
    value = minor(match[4], currency, mark=",")
    day = short_day(match[2])
    return currency, -value if match[1] == "D" else value, day.date().isoformat() if day else ""


def _row(value: str, text: str, currency: str, number: int) -> Row:
    match = LINE.fullmatch(value)
    if not match:
        raise RefusedError(_("“%s” is no line of a statement.") % value[:60])
    own, _sep, bank = match["rest"].partition("\n")[0].partition("//")
    amount = minor(match["amount"], currency, mark=",") * SIGNS[match["mark"]]
    expected = match["mark"] in ("EC", "ED")
    return Row(
        number=number,
        raw={"61": value, "86": text} if text else {"61": value},
        kind=RowKind.PENDING if expected else RowKind.OTHER,
        currency=currency,
        gross=amount,
        external_id=bank.strip(),
        reference=" ".join(
            part for part in (own.strip() if own.strip() != "NONREF" else "", text) if part
        ),
        category=match["type"],
        happened_at=short_day(match["value"]),
    )


def _torn(accounts: Sequence[Account], account: Account, page: Page | None) -> list[str]:
    """Return a problem where a page does not carry on the one before."""
    before = accounts[0] if accounts and page and page.has("62M") else None
    if before is None or before.account != account.account:
        return [_("Statement %s: a page before or after it is missing.") % account.number]
    if before.closing == account.opening:
        return []
    return [
        _("Statement %(name)s opens with %(opening)s, the page before closed with %(closing)s.")
        % {
            "name": account.number,
            "opening": shown(account.opening or 0, account.currency),
            "closing": shown(before.closing or 0, before.currency),
        }
    ]


def _recognises(content: bytes) -> bool:
    try:
        text = decode(content, *ENCODINGS)
    except RefusedError:
        return False
    tags: Sequence[str] = (":20:", ":25", ":60")
    return all(re.search(f"^(\\{{.*)?{tag}", text[:5000], re.MULTILINE) for tag in tags)


FORMATS = (Format("mt940", gettext_lazy("Bank: MT940"), read, _recognises, is_bank=True),)
