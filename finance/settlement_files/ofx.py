"""OFX, the bank's and the card's statement: 1.x as SGML with open ends, 2.x as XML.

Amounts are signed, with point or comma. The closing balance is told, the opening one is not, so
nothing in the file proves that it is whole; a transaction's FITID is unique in its account.
"""

import html
import re
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from finance.settlement_files.amounts import currency_of, minor, short_day
from finance.settlement_files.base import (
    Account,
    Format,
    Reading,
    RefusedError,
    Row,
    RowKind,
    WrongFormatError,
)
from finance.settlement_files.text import decode, single
from finance.settlement_files.tree import parse_xml, text_at

TOKEN = re.compile(r"<(/?)([A-Za-z0-9._]+)\s*>([^<]*)")
ENCODINGS = ("utf-8", "cp1252", "latin-1")


def read(content: bytes) -> Reading:
    """Read all statements of a file."""
    root = _root(content)
    statements = [*root.iter("STMTRS"), *root.iter("CCSTMTRS")]
    if not statements:
        raise RefusedError(_("The file has no statement."))
    rows: list[Row] = []
    problems: list[str] = []
    accounts: list[Account] = []
    seen: set[tuple[str, ...]] = set()
    for statement in statements:
        currency = currency_of(text_at(statement, "CURDEF"))
        account = text_at(statement, "BANKACCTFROM/ACCTID") or text_at(
            statement, "CCACCTFROM/ACCTID"
        )
        count = 0
        for entry in statement.iterfind("BANKTRANLIST/STMTTRN"):
            count += 1
            row = _row(entry, currency, len(rows) + 1)
            key = (account, row.external_id, str(row.gross), row.raw.get("DTPOSTED", ""))
            if key in seen:
                problems.append(_("Transaction %s is there twice.") % row.external_id)
            seen.add(key)
            rows.append(row)
        closing = text_at(statement, "LEDGERBAL/BALAMT")
        accounts.append(
            Account(
                account=account,
                number=text_at(statement, "BANKTRANLIST/DTEND")[:8],
                currency=currency,
                opening=None,
                closing=_amount(closing, currency) if closing else None,
                day=text_at(statement, "LEDGERBAL/DTASOF")[:8],
                rows=count,
            )
        )
    return Reading(rows, False, problems, accounts)


def _row(entry: Element, currency: str, number: int) -> Row:
    raw = {e.tag: (e.text or "").strip() for e in entry.iter() if (e.text or "").strip()}
    missing = [name for name in ("DTPOSTED", "TRNAMT", "FITID") if not raw.get(name)]
    if missing:
        raise RefusedError(
            _("Transaction %(n)d lacks %(fields)s.") % {"n": number, "fields": ", ".join(missing)}
        )
    own = text_at(entry, "CURRENCY/CURSYM")
    currency = currency_of(own) if own else currency
    return Row(
        number=number,
        raw=raw,
        kind=RowKind.OTHER,
        currency=currency,
        gross=_amount(raw["TRNAMT"], currency),
        external_id=raw["FITID"],
        reference=" ".join(raw[name] for name in ("NAME", "MEMO") if name in raw),
        category=raw.get("TRNTYPE", ""),
        happened_at=short_day(raw["DTPOSTED"][2:8]),
    )


def _amount(text: str, currency: str) -> int:
    return minor(text, currency, mark="," if "," in text else ".")


def _root(content: bytes) -> Element:
    content = single(content)
    head = content[:3].strip(b"\xef\xbb\xbf\xff\xfe") + content[3:400].replace(b"\x00", b"")
    if b"<?xml" in head or b"<?OFX" in head:
        root, _space = parse_xml(content)
    else:
        root = _sgml(decode(content, *ENCODINGS))
    if root.tag.upper() != "OFX":
        raise WrongFormatError(_("This is no OFX file."))
    return root


def _sgml(text: str) -> Element:
    """Build the tree of a 1.x file, whose values may lack their closing tag."""
    start = text.find("<OFX>")
    if start < 0 or not text.lstrip("\ufeff \r\n").startswith(("OFXHEADER", "<OFX>")):
        raise WrongFormatError(_("This is no OFX file."))
    body = text[start:]
    if not body.rstrip().endswith("</OFX>") or body.count("<OFX>") > 1:
        raise RefusedError(_("The file is cut, or there are two in one."))
    root = Element("")
    stack = [root]
    for closes, tag, value in TOKEN.findall(body):
        name, value = tag.upper(), html.unescape(value.strip())
        if closes:
            _close(stack, name)
        elif value:
            leaf = Element(name)
            leaf.text = value
            stack[-1].append(leaf)
        else:
            child = Element(name)
            stack[-1].append(child)
            stack.append(child)
    if len(stack) != 1 or len(root) != 1:
        raise RefusedError(_("The file is cut, or there are two in one."))
    return root[0]


def _close(stack: list[Element], name: str) -> None:
    """Close an element; what is open inside it are values without text, whose end is missing."""
    if len(stack[-1]) and stack[-1][-1].tag == name and (stack[-1][-1].text or "").strip():
        return
    depth = next((d for d in range(len(stack) - 1, 0, -1) if stack[d].tag == name), 0)
    if not depth:
        raise RefusedError(_("The file is cut: </%s> closes nothing.") % name)
    for parent, child in zip(stack[depth:-1], stack[depth + 1 :], strict=True):
        # An empty value was taken for the parent of what follows it.
        parent.extend(list(child))
        for moved in list(child):
            child.remove(moved)
    del stack[depth:]


def _recognises(content: bytes) -> bool:
    head = content[:3000].replace(b"\x00", b"").upper()
    return b"<OFX>" in head or b"OFXHEADER" in head


FORMATS = (Format("ofx", gettext_lazy("Bank: OFX"), read, _recognises, is_bank=True),)
