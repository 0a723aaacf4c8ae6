"""What staff decide about exceptions: matched, booked, written off, left out, put off."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import current_unit, service
from backoffice.core.approvals import (
    AskApproval,
    approval_kind,
    need_approval,
    request_approvals,
)
from backoffice.core.sql import execute, insert_rows
from backoffice.core.states import BlockedError, Outcome
from finance.accounts import DIFFERENCES
from finance.choices import ExceptionStatus, MatchRule, Resolution
from finance.models import (
    FileRow,
    LedgerAccount,
    ProviderFile,
    ReconciliationException,
    ReconciliationMatch,
    ReconciliationRule,
)
from finance.services.file_posting import post_rows
from finance.services.matching import ALONE
from finance.states import EXCEPTION

WRITE_OFF = "finance.write_off"
approval_kind(
    WRITE_OFF,
    _("Write off what a file tells"),
    permission="finance.clear_reconciliationexception",
)
ASKED = _("It is above the limit: a second person is asked.")
Subject = tuple[str, int]


@dataclass(frozen=True, slots=True)
class MatchBySight:
    """Exceptions of rows that belong together, and what they belong to; one side has one."""

    exceptions: Sequence[int]
    subjects: Sequence[Subject]


# What a document is in a row's own sign, and whether a row of this kind has told it already.
EXPECTED = """
SELECT s.type, s.id, coalesce(p.currency, b.currency, q.currency, o.currency) AS currency,
  CASE s.type WHEN 'finance.payment' THEN p.captured_amount WHEN 'finance.refund' THEN -b.amount
    WHEN 'finance.filerow' THEN q.paid_amount ELSE -o.amount END AS expected,
  coalesce(p.status = 'CAPTURED', b.status = 'SUCCEEDED', q.paid_amount <> 0, o.status = 'PAID')
    AS is_settled,
  EXISTS (SELECT FROM finance_reconciliationmatch m WHERE m.subject_type = s.type
    AND m.subject_id = s.id AND m.kind = %(kind)s AND m.undone_at IS NULL AND m.rule <> 'SAME'
    AND m.kind <> 'CHARGEBACK') AS is_taken
FROM unnest(%(types)s::text[], %(ids)s::bigint[]) AS s(type, id)
LEFT JOIN finance_payment p ON s.type = 'finance.payment' AND p.id = s.id
LEFT JOIN finance_refund b ON s.type = 'finance.refund' AND b.id = s.id
LEFT JOIN finance_filerow q ON s.type = 'finance.filerow' AND q.id = s.id
LEFT JOIN finance_payout o ON s.type = 'finance.payout' AND o.id = s.id
ORDER BY s.type, s.id
"""


@service
def match_by_sight(
    wanted: MatchBySight, *, now: datetime, reason: str = "", is_approved: bool = False
) -> Outcome:
    """Match rows with what somebody saw that they belong to; a difference is written off."""
    execute(ALONE)
    outcome = EXCEPTION.check(wanted.exceptions, "match")
    if outcome.blocked:
        return outcome
    rows = _rows_of(outcome.moved)
    expected = _expected(list(rows.values()), wanted.subjects)
    whole = sum((row.gross_amount for row in rows.values()), Decimal(0))
    is_chargeback = next(iter(rows.values())).kind == "CHARGEBACK"
    off = Decimal(0) if is_chargeback else whole - sum(expected.values(), Decimal(0))
    first = outcome.moved[0]
    if off and not is_approved and _is_asked({first: abs(off)}, wanted, reason, now=now):
        outcome.block(outcome.moved, ASKED)
        return outcome
    links: list[tuple[FileRow, Subject, Decimal]] = (
        [(row, wanted.subjects[0], row.gross_amount) for row in rows.values()]
        if len(wanted.subjects) == 1
        else [(row, subject, money) for row in rows.values() for subject, money in expected.items()]
    )
    group = min(row.pk for row, _s, _a in links) if len(links) > 1 else None
    more = Decimal(0) if len(wanted.subjects) == 1 else off
    _link(
        [
            _Link(row, subject, amount + (0 if n else more), Decimal(0) if n else off, group)
            for n, (row, subject, amount) in enumerate(links)
        ],
        reason,
    )
    _clear(outcome.moved, "match", Resolution.MATCHED, now=now)
    post_rows([row.pk for row in rows.values()], now=now)
    return outcome


@service
def write_off_exceptions(
    exception_ids: Sequence[int], *, now: datetime, reason: str = "", is_approved: bool = False
) -> Outcome:
    """Book rows that nobody can explain as a loss or gain; above the limit a second person says."""
    outcome = EXCEPTION.check(exception_ids, "write_off")
    amounts = {pk: abs(row.net_amount) for pk, row in _rows_of(outcome.moved).items()}
    if not is_approved:
        asked = _is_asked(amounts, None, reason, now=now)
        outcome.block(asked, ASKED)
    account = LedgerAccount.objects.get(code=DIFFERENCES)
    _book(outcome.moved, account.pk, "write_off", Resolution.WRITTEN, reason, now=now)
    return outcome


@service
def book_exceptions(
    exception_ids: Sequence[int],
    *,
    account_id: int,
    words: str = "",
    now: datetime,
    reason: str = "",
) -> Outcome:
    """Book rows to an account, and propose to do so with others of their sort."""
    outcome = EXCEPTION.check(exception_ids, "book")
    rows = _rows_of(outcome.moved)
    _book(outcome.moved, account_id, "book", Resolution.BOOKED, reason, now=now)
    formats = dict(
        ProviderFile.objects.filter(pk__in={r.file_id for r in rows.values()}).values_list(
            "pk", "format"
        )
    )
    banks = {"camt053", "mt940", "ofx"}
    for row in rows.values():
        # A bank calls everything alike: only words tell its rows apart.
        is_bank = formats[row.file_id] in banks
        category = "" if is_bank else row.category
        if category or words:
            _propose(formats[row.file_id], category, words if is_bank else "", account_id)
    return outcome


def _propose(format: str, category: str, words: str, account_id: int) -> None:
    """Count how often rows of a sort were booked so; a rule that is new waits to be accepted."""
    if not (category or words):
        return
    rule, is_new = ReconciliationRule.objects.get_or_create(
        format=format,
        category=category,
        words=words,
        defaults={"account_id": account_id, "is_active": False, "times": 1},
    )
    if not is_new and rule.account_id == account_id:  # type: ignore[attr-defined]
        rule.times += 1
        rule.save()


@service
def ignore_exceptions(exception_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Leave rows and payments out, with the reason; nothing is booked."""
    outcome = EXCEPTION.check(exception_ids, "ignore")
    if not reason.strip():
        outcome.block(outcome.moved, _("Say why it is left out."))
    _clear(outcome.moved, "ignore", Resolution.IGNORED, now=now)
    return outcome


@service
def put_off_exceptions(
    exception_ids: Sequence[int], *, until: datetime, now: datetime, reason: str = ""
) -> Outcome:
    """Let exceptions wait until an instant; they come back by themselves."""
    return EXCEPTION.apply(exception_ids, "wait", values={"waits_until": until})


@service
def resume_exceptions(exception_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Take up exceptions that waited."""
    return EXCEPTION.apply(exception_ids, "resume", values={"waits_until": None, "asked": None})


@service
def assign_exceptions(
    exception_ids: Sequence[int], *, user_id: int | None, now: datetime, reason: str = ""
) -> Outcome:
    """Give exceptions to somebody, or to nobody."""
    return EXCEPTION.apply(exception_ids, "assign", values={"assignee_id": user_id})


def _rows_of(exception_ids: Sequence[int]) -> dict[int, FileRow]:
    """Return the rows of exceptions, by exception."""
    found = ReconciliationException.objects.filter(pk__in=list(exception_ids)).order_by("pk")
    of = dict(found.values_list("pk", "row_id"))
    rows = FileRow.objects.in_bulk([row for row in of.values() if row])
    return {pk: rows[row] for pk, row in of.items() if row}


def _expected(rows: Sequence[FileRow], subjects: Sequence[Subject]) -> dict[Subject, Decimal]:
    """Return what subjects come to; refuse what does not exist, is taken or in another currency."""
    if not rows or not subjects or (len(rows) > 1 and len(subjects) > 1):
        raise BlockedError([_("Choose one row and its documents, or one document and its rows.")])
    if len({(row.kind, row.currency) for row in rows}) > 1:
        raise BlockedError([_("The rows are of different kinds or currencies.")])
    known = execute(
        EXPECTED,
        {
            "types": [kind for kind, _pk in subjects],
            "ids": [pk for _kind, pk in subjects],
            "kind": rows[0].kind,
        },
    )
    problems = []
    for kind, pk, currency, expected, is_settled, is_taken in known:
        if expected is None or not is_settled:
            problems.append(_("There is no such document, or its money has not moved yet."))
        elif currency != rows[0].currency:
            problems.append(_("It is in another currency."))
        elif is_taken:
            problems.append(_("It is matched with another row already: undo that first."))
        elif kind == "finance.filerow" and pk in {row.pk for row in rows}:
            problems.append(_("A row does not belong to itself."))
    if problems:
        raise BlockedError(problems)
    return {(kind, pk): expected for kind, pk, _c, expected, _s, _t in known}


@dataclass(frozen=True, slots=True)
class _Link:
    row: FileRow
    subject: Subject | None
    amount: Decimal
    difference: Decimal
    group: int | None = None
    account_id: int | None = None


def _link(links: Sequence[_Link], reason: str) -> None:
    unit = current_unit()
    insert_rows(
        ReconciliationMatch,
        {
            "row_id": [link.row.pk for link in links],
            "kind": [link.row.kind for link in links],
            "subject_type": [link.subject[0] if link.subject else "" for link in links],
            "subject_id": [link.subject[1] if link.subject else None for link in links],
            "group_id": [link.group for link in links],
            "account_id": [link.account_id for link in links],
            "amount": [link.amount for link in links],
            "difference": [link.difference for link in links],
        },
        constants={
            "rule": MatchRule.STAFF,
            "reason": reason[:300],
            "matched_at": unit.now,
            "matched_by_id": unit.actor.user_id,
        },
    )


def _book(
    moved: Sequence[int],
    account_id: int,
    verb: str,
    resolution: Resolution,
    reason: str,
    *,
    now: datetime,
) -> None:
    rows = _rows_of(moved)
    if rows:
        _link(
            [
                _Link(row, None, row.gross_amount, Decimal(0), account_id=account_id)
                for row in rows.values()
            ],
            reason,
        )
    _clear(moved, verb, resolution, now=now)
    post_rows([row.pk for row in rows.values()], now=now)


def _clear(moved: Sequence[int], verb: str, resolution: Resolution, *, now: datetime) -> None:
    values: Mapping[str, Any] = {"resolution": resolution, "waits_until": None, "asked": None}
    EXCEPTION.move(moved, verb, values=values)


def _is_asked(
    amounts: Mapping[int, Decimal], wanted: MatchBySight | None, reason: str, *, now: datetime
) -> list[int]:
    """Ask a second person for what is above the limit; return the exceptions that wait."""
    known = ReconciliationException.objects.in_bulk(list(amounts))
    asks = [
        AskApproval(
            WRITE_OFF, "finance.reconciliationexception", pk, amount, known[pk].currency, reason
        )
        for pk, amount in amounts.items()
    ]
    waiting = [ask for ask, needed in zip(asks, need_approval(asks), strict=True) if needed]
    ids = [ask.subject_id for ask in waiting]
    if not ids:
        return []
    act: dict[str, Any] = {"reason": reason}
    if wanted:
        act |= {
            "exceptions": list(wanted.exceptions),
            "subjects": [list(s) for s in wanted.subjects],
        }
        ids = list(wanted.exceptions)
    moved = EXCEPTION.apply(ids, "ask", values={"asked": act}).moved
    request_approvals(waiting, now=now, reason=reason)
    return moved


@service
def carry_out_approved(exception_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Do what a second person agreed to; what has changed meanwhile stays open, with the reason."""
    done = Outcome()
    waiting = ReconciliationException.objects.filter(
        pk__in=list(exception_ids), status=ExceptionStatus.ASKED
    )
    asked = {pk: act for pk, act in waiting.values_list("pk", "asked") if act}
    plain: dict[str, list[int]] = defaultdict(list)
    for pk, act in asked.items():
        if "subjects" in act:
            wanted = MatchBySight(act["exceptions"], [(k, i) for k, i in act["subjects"]])
            moved = match_by_sight(wanted, now=now, reason=act["reason"], is_approved=True)
            done.moved += moved.moved
            done.blocked |= moved.blocked
        else:
            plain[act["reason"]].append(pk)
    for why, ids in plain.items():
        moved = write_off_exceptions(ids, now=now, reason=why, is_approved=True)
        done.moved += moved.moved
        done.blocked |= moved.blocked
    return done


@service
def wake_exceptions(*, now: datetime, reason: str = "") -> int:
    """Take up exceptions whose time to wait is over."""
    over = ReconciliationException.objects.filter(
        status=ExceptionStatus.WAITING, waits_until__lte=now
    )
    return len(resume_exceptions(list(over.values_list("pk", flat=True)), now=now).moved)
