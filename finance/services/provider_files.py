"""Files of providers and banks: read, proved, stored with every row, each file once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from backoffice.core.actor import current_actor, service
from backoffice.core.events import Fact, emit
from backoffice.core.files import store_file
from backoffice.core.scope import is_limited
from backoffice.core.sql import insert_rows, next_ids
from finance.choices import FileControl
from finance.models import BankStatement, FileRow, ProviderFile, ReconciliationDue
from finance.settlement_files.amounts import digits_of
from finance.settlement_files.base import Format, Row, Statement
from finance.settlement_files.personal import split
from finance.settlement_files.registry import read_file

# Rows of one INSERT: bounds the memory beside the file itself.
CHUNK = 5000
# A refused file is kept to find out why, one that was taken until its year is closed: nobody can be
# erased from it. Its rows and its hash stay as long as the books.
KEEP_REFUSED = timedelta(days=90)
KEEP_TAKEN = timedelta(days=400)
TAKEN = "ON CONFLICT (sha256) WHERE NOT (control = 'REFUSED') DO NOTHING"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: its document, whether it came now, what was read."""

    file: ProviderFile
    is_new: bool
    statement: Statement


class NotAllowedError(Exception):
    """Who is limited to warehouses or sellers brings in no files of money."""


def import_file(format: str, name: str, content: bytes, *, now: datetime) -> Imported:
    """Import a file whole, or keep it as refused with the reason; the same file counts once.

    UnknownFormatError where there is no such format, FileRefusedError where it is too big.
    """
    if is_limited():
        raise NotAllowedError(_("Only who sees all warehouses and sellers may bring files in."))
    found, statement = read_file(format, content)
    return store_statement(name, content, statement, found, now=now)


@service
def store_statement(
    name: str,
    content: bytes,
    statement: Statement,
    format: Format | None,
    *,
    now: datetime,
    reason: str = "",
) -> Imported:
    """Store what was read of a file, unless the same file was imported before."""
    digest = hashlib.sha256(content).hexdigest()
    before = ProviderFile.objects.filter(sha256=digest).exclude(control=FileControl.REFUSED)
    taken = before.first()
    if taken:
        return Imported(taken, is_new=False, statement=statement)
    is_refused = statement.control == FileControl.REFUSED
    stored = store_file(
        name,
        content or b" ",
        purpose="provider_file",
        now=now,
        keep_for=KEEP_REFUSED if is_refused else KEEP_TAKEN,
        content_type="application/octet-stream",
    )
    rows = insert_rows(
        ProviderFile,
        {"sha256": [digest]},
        constants={
            "file_id": stored.pk,
            "format": format.name if format else "",
            "is_bank": bool(format and format.is_bank),
            "control": statement.control,
            "reason": statement.reason[:500],
            "row_count": statement.count,
            "totals": _totals(statement),
            "imported_at": now,
            "imported_by_id": current_actor().user_id,
        },
        on_conflict=TAKEN,
    )
    if not rows:
        return Imported(before.get(), is_new=False, statement=statement)
    file = ProviderFile.objects.get(pk=rows[0][0])
    if not is_refused:
        _store_rows(file.pk, statement)
        insert_rows(ReconciliationDue, {"file_id": [file.pk]}, constants={"since": now})
    kind = "provider_file.refused" if is_refused else "provider_file.imported"
    emit(kind, [Fact(file.pk, data={"format": file.format, "rows": statement.count})])
    return Imported(file, is_new=True, statement=statement)


def _store_rows(file_id: int, statement: Statement) -> None:
    """Write all rows of a file, those of a bank below their statements."""
    pks = next_ids(BankStatement, len(statement.accounts)) if statement.accounts else []
    if pks:
        accounts = statement.accounts
        insert_rows(
            BankStatement,
            {
                "id": pks,
                "account": [a.account[:60] for a in accounts],
                "statement_number": [a.number[:60] for a in accounts],
                "currency": [a.currency for a in accounts],
                "opening_amount": [_decimal(a.opening, a.currency) for a in accounts],
                "closing_amount": [_decimal(a.closing, a.currency) for a in accounts],
                "closed_on": [_day(a.day) for a in accounts],
                "row_count": [a.rows for a in accounts],
            },
            constants={"file_id": file_id},
        )
    owners: list[int | None] = [
        pk for pk, a in zip(pks, statement.accounts, strict=True) for _row in range(a.rows)
    ]
    rows = iter(zip(statement.rows, owners or [None] * len(statement.rows), strict=True))
    while chunk := list(islice(rows, CHUNK)):
        _insert(file_id, [row for row, _owner in chunk], [owner for _row, owner in chunk])


def _insert(file_id: int, rows: Sequence[Row], statements: Sequence[int | None]) -> None:
    cells = [split(row.raw) for row in rows]
    insert_rows(
        FileRow,
        {
            "statement_id": statements,
            "row_number": [row.number for row in rows],
            "kind": [row.kind for row in rows],
            "currency": [row.currency for row in rows],
            "gross_amount": [_decimal(row.gross, row.currency) for row in rows],
            "fee_amount": [_decimal(row.fee, row.currency) for row in rows],
            "external_id": [row.external_id[:120] for row in rows],
            "reference": [row.reference[:300] for row in rows],
            "payment_reference": [row.payment_reference[:120] for row in rows],
            "category": [row.category[:80] for row in rows],
            "batch": [row.batch[:120] for row in rows],
            "paid_amount": [_decimal(row.paid, row.currency) for row in rows],
            "happened_at": [row.happened_at for row in rows],
            "raw": [raw for raw, _about in cells],
            "personal": [about for _raw, about in cells],
        },
        constants={"file_id": file_id},
    )


def _totals(statement: Statement) -> dict[str, Any]:
    return {
        currency: {
            "gross": str(_decimal(totals.gross, currency)),
            "fee": str(_decimal(totals.fee, currency)),
            "net": str(_decimal(totals.net, currency)),
        }
        for currency, totals in statement.totals.items()
    }


def _decimal(amount: int | None, currency: str) -> Decimal | None:
    return None if amount is None else Decimal(amount).scaleb(-digits_of(currency))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
