"""ISO 20022 CAMT.053, bank to customer statement, versions 2 to 13.

Amounts are unsigned, their side stands beside them; only what is booked counts. A batch that is
booked as one entry is one row.
"""

import re
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from finance.settlement_files.amounts import currency_of, minor, moment
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
from finance.settlement_files.text import single
from finance.settlement_files.tree import parse_xml, text_at

SPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(\d\d)")
# The code of a balance on either end, the surest first.
OPENING, CLOSING = ("OPBD", "PRCD", "ITBD"), ("CLBD", "ITBD")


def read(content: bytes) -> Reading:
    """Read one message with all its statements."""
    root, space = parse_xml(single(content))
    match = SPACE.fullmatch(space)
    documents = [root] if root.tag == "Document" else root.findall(".//Document")
    if not match or not 2 <= int(match[1]) <= 13 or not documents:
        raise WrongFormatError(_("This is no CAMT.053 message."))
    statements = [s for document in documents for s in document.findall("BkToCstmrStmt/Stmt")]
    if not statements:
        raise RefusedError(_("The message has no statement."))
    rows: list[Row] = []
    problems: list[str] = []
    accounts: list[Account] = []
    for statement in statements:
        own = [_row(e, len(rows) + n) for n, e in enumerate(statement.findall("Ntry"), 1)]
        account = _account(statement, len(own))
        if any((a.account, a.number) == (account.account, account.number) for a in accounts):
            problems.append(_("Statement %s is there twice.") % account.number)
        problems += unbalanced(account, own)
        problems += _missummed(statement, account, own)
        rows += own
        accounts.append(account)
    return Reading(rows, True, problems, accounts)


def _account(statement: Element, count: int) -> Account:
    balances: dict[tuple[str, str], Element] = {}
    for balance in statement.findall("Bal"):
        code = text_at(balance, "Tp/CdOrPrtry/Cd")
        # The first interim balance opens a page, the last one closes it.
        balances.setdefault((code, "first"), balance)
        balances[code, "last"] = balance
    opening = next((balances[c, "first"] for c in OPENING if (c, "first") in balances), None)
    closing = next((balances[c, "last"] for c in CLOSING if (c, "last") in balances), None)
    currencies = {_currency(b) for b in (opening, closing) if b is not None}
    named = text_at(statement, "Acct/Ccy")
    if named:
        currencies.add(currency_of(named))
    if len(currencies) != 1:
        raise RefusedError(
            _("Statement %s: its balances are missing or in two currencies.")
            % text_at(statement, "Id")
        )
    return Account(
        account=text_at(statement, "Acct/Id/IBAN") or text_at(statement, "Acct/Id/Othr/Id"),
        number=text_at(statement, "Id"),
        currency=currencies.pop(),
        opening=None if opening is None else _signed(opening),
        closing=None if closing is None else _signed(closing),
        day="" if closing is None else _date(closing, "Dt"),
        rows=count,
    )


def _currency(element: Element) -> str:
    amount = element.find("Amt")
    return currency_of(amount.get("Ccy", "") if amount is not None else "")


def _signed(element: Element) -> int:
    value = minor(text_at(element, "Amt"), _currency(element))
    side = text_at(element, "CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        raise RefusedError(_("An amount is neither credit nor debit."))
    return -value if side == "DBIT" else value


def _date(element: Element, name: str) -> str:
    return text_at(element, f"{name}/Dt")[:10] or text_at(element, f"{name}/DtTm")[:10]


def _row(entry: Element, number: int) -> Row:
    status = text_at(entry, "Sts/Cd") or text_at(entry, "Sts")
    amount = _signed(entry)
    details = entry.find("NtryDtls/TxDtls")
    remittance = " ".join(
        (e.text or "").strip() for e in entry.iterfind("NtryDtls/TxDtls/RmtInf/Ustrd")
    )
    party = "Cdtr" if amount < 0 else "Dbtr"
    raw = {
        "amount": text_at(entry, "Amt"),
        "currency": _currency(entry),
        "side": text_at(entry, "CdtDbtInd"),
        "status": status,
        "booked": _date(entry, "BookgDt"),
        "value": _date(entry, "ValDt"),
        "reference": text_at(entry, "AcctSvcrRef") or text_at(entry, "NtryRef"),
        "end_to_end": text_at(details, "Refs/EndToEndId"),
        "creditor_reference": text_at(details, "RmtInf/Strd/CdtrRefInf/Ref"),
        "party": text_at(details, f"RltdPties/{party}/Nm")
        or text_at(details, f"RltdPties/{party}/Pty/Nm"),
        "text": remittance or text_at(entry, "AddtlNtryInf"),
    }
    return Row(
        number=number,
        raw={name: value for name, value in raw.items() if value},
        kind=RowKind.OTHER if status in ("BOOK", "") else RowKind.PENDING,
        currency=raw["currency"],
        gross=amount,
        external_id=raw["reference"],
        reference=" ".join(raw[n] for n in ("end_to_end", "creditor_reference", "text") if raw[n]),
        category=text_at(entry, "BkTxCd/Domn/Fmly/SubFmlyCd") or text_at(entry, "BkTxCd/Prtry/Cd"),
        happened_at=moment(raw["booked"]),
    )


def _missummed(statement: Element, account: Account, rows: list[Row]) -> list[str]:
    """Return what the statement's own summary says otherwise; some banks sum up pending rows."""
    booked = [row for row in rows if row.kind != RowKind.PENDING]
    problems = []
    for path, side in (("TtlNtries", 0), ("TtlCdtNtries", 1), ("TtlDbtNtries", -1)):
        summary = statement.find(f"TxsSummry/{path}")
        if summary is None:
            continue
        count, total = text_at(summary, "NbOfNtries"), text_at(summary, "Sum")
        fits = False
        for chosen in (booked, rows):
            own = [row.gross for row in chosen if not side or row.gross * side > 0]
            right = not count or minor(count, "JPY") == len(own)
            if total:
                right &= minor(total, account.currency) == sum(abs(amount) for amount in own)
            fits |= right
        if not fits:
            problems.append(
                _("Statement %(name)s: %(path)s says %(count)s rows, %(sum)s; the rows differ.")
                % {"name": account.number, "path": path, "count": count or "?", "sum": total or "?"}
            )
    return problems


def _recognises(content: bytes) -> bool:
    return b"camt.053.001." in content[:5000].replace(b"\x00", b"")


FORMATS = (Format("camt053", gettext_lazy("Bank: CAMT.053"), read, _recognises, is_bank=True),)
