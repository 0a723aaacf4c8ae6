"""Batches of payouts: gathered, approved by a second person, written as a file, in the books."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.money import round_amount
from backoffice.core.sql import execute, insert_rows
from backoffice.core.states import BlockedError, Outcome, Text
from finance.choices import BankDetailsStatus, BatchStatus, PayoutStatus
from finance.models import (
    BankDetails,
    CommissionContract,
    Payout,
    PayoutAccount,
    PayoutBatch,
    PayoutFile,
)
from finance.payout_files.accounts import compact
from finance.payout_files.base import Batch, Party, Transfer
from finance.payout_files.registry import FORMATS
from finance.services.days import company_day
from finance.services.payouts import fail_payouts, pay_payouts, post_sent
from finance.states import BATCH, PAYOUT

OPEN = (PayoutStatus.DRAFT, PayoutStatus.APPROVED)
NO_ACCOUNT = _("There is no such payout account in use.")
PAST = _("The day on which the bank pays lies in the past.")
NOTHING = _("No open payout in %(currency)s waits for a batch.")
NO_DETAILS = _("The seller has no approved bank details in %(currency)s.")
CHANGED = _("The bank details of %(payouts)s were replaced: call the batch off and gather again.")
PART_PAID = _("Some payouts of the batch are paid: record the others one by one.")
NO_FILE = _("The file is written once the batch is sent.")

OF_SELLER = """
UPDATE finance_payout p SET batch_id = %(batch)s, bank_details_id = d.id,
  updated_at = %(now)s, modified_by_id = %(actor)s
FROM finance_bankdetails d
WHERE p.id = ANY(%(ids)s) AND d.seller_id = p.seller_id AND d.currency = p.currency
  AND d.status = 'ACTIVE'
"""


@dataclass(slots=True)
class Gathered:
    """Batches by account, the payouts left out and accounts without a batch, with reasons."""

    created: dict[int, int] = field(default_factory=dict)
    left_out: dict[int, Text] = field(default_factory=dict)
    refused: dict[int, Text] = field(default_factory=dict)


@service
def gather_payouts(
    account_ids: Sequence[int], *, execute_on: date, now: datetime, reason: str = ""
) -> Gathered:
    """Gather what is to be paid in an account's currency and in no batch yet, on one day."""
    done = Gathered()
    accounts = PayoutAccount.objects.filter(pk__any=list(account_ids), is_active=True)
    known = {account.pk: account for account in accounts.order_by("pk")}
    for pk in account_ids:
        if pk not in known:
            done.refused[pk] = NO_ACCOUNT
        elif execute_on < company_day(now):
            done.refused[pk] = PAST
    free = Payout.objects.filter(status__in=OPEN, batch__isnull=True)
    lock(Payout, free.values_list("pk", flat=True))
    for pk, account in known.items():
        if pk not in done.refused:
            _gather(account, execute_on, done, now=now)
    return done


def _gather(account: PayoutAccount, execute_on: date, done: Gathered, *, now: datetime) -> None:
    # Read again under the lock: another batch may have taken them meanwhile.
    free = Payout.objects.filter(status__in=OPEN, batch__isnull=True, currency=account.currency)
    words = {"currency": account.currency}
    payable = BankDetails.objects.filter(
        status=BankDetailsStatus.ACTIVE, currency=account.currency
    ).values("seller_id")
    without = list(free.exclude(seller_id__in=payable).values_list("pk", flat=True))
    done.left_out |= dict.fromkeys(without, NO_DETAILS % words)
    good = dict(free.filter(seller_id__in=payable).values_list("pk", "amount"))
    if not good:
        done.refused[account.pk] = NO_DETAILS % words if without else NOTHING % words
        return
    total = sum(good.values(), Decimal(0))
    [(pk,)] = insert_rows(
        PayoutBatch,
        {"account_id": [account.pk]},
        constants={
            "currency": account.currency,
            "execute_on": execute_on,
            "status": BatchStatus.DRAFT,
            "payout_count": len(good),
            "total_amount": total,
        },
    )
    actor = current_unit().actor.user_id
    execute(OF_SELLER, {"batch": pk, "now": now, "actor": actor, "ids": list(good)})
    told = {"payouts": len(good), "total": str(total), "currency": account.currency}
    emit("payout_batch.gathered", [Fact(pk, None, told)])
    done.created[account.pk] = pk


@service
def approve_batches(batch_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Approve batches that somebody else gathered, and those of their payouts that nobody has."""
    outcome = BATCH.check(batch_ids, "approve")
    drafts = _payouts(outcome.moved, PayoutStatus.DRAFT)
    payouts = PAYOUT.check(drafts, "approve_in_batch")
    _block(outcome, payouts)
    approver = {"approved_by_id": current_unit().actor.user_id}
    moved = _payouts(outcome.moved, PayoutStatus.DRAFT)
    PAYOUT.move(moved, "approve_in_batch", values=approver)
    BATCH.move(outcome.moved, "approve", values=approver)
    return outcome


@service
def cancel_batches(batch_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Call batches off before their file is written; their payouts are free for others."""
    outcome = BATCH.check(batch_ids, "cancel")
    lock(Payout, ids := _payouts(outcome.moved))
    Payout.objects.filter(pk__any=ids).update(
        batch=None, updated_at=now, modified_by_id=current_unit().actor.user_id
    )
    BATCH.move(outcome.moved, "cancel")
    return outcome


@service
def send_batches(batch_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Write the files of approved batches: the sellers' balances pay them in the same moment."""
    outcome = BATCH.check(batch_ids, "send")
    payouts = Payout.objects.filter(batch_id__any=outcome.moved)
    lock(BankDetails, payouts.values_list("bank_details_id", flat=True))
    lock(CommissionContract, payouts.values_list("statement__contract_id", flat=True))
    _block(outcome, PAYOUT.check(payouts.values_list("pk", flat=True), "send_in_batch"))
    _block_replaced(outcome)
    files = _write(outcome, now=now)
    sent = _payouts(outcome.moved)
    PAYOUT.move(sent, "send_in_batch")
    post_sent(sent, now=now)
    BATCH.move(
        outcome.moved, "send", data={pk: {"sha256": file.sha256} for pk, file in files.items()}
    )
    PayoutFile.objects.bulk_create(files.values())
    return outcome


@service
def pay_batches(batch_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Record that the bank carried batches out: what was not returned by now is paid."""
    outcome = BATCH.check(batch_ids, "pay")
    pay_payouts(_payouts(outcome.moved, PayoutStatus.SENT), now=now)
    BATCH.move(outcome.moved, "pay")
    return outcome


@service
def take_back_batches(batch_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Record that the bank did not carry batches out: their payouts are owed again."""
    outcome = BATCH.check(batch_ids, "take_back")
    paid = Payout.objects.filter(batch_id__any=outcome.moved, status=PayoutStatus.PAID)
    outcome.block(paid.values_list("batch_id", flat=True), PART_PAID)
    fail_payouts(_payouts(outcome.moved, PayoutStatus.SENT), now=now, reason=reason)
    BATCH.move(outcome.moved, "take_back")
    return outcome


@service
def download_batch(batch_id: int, *, now: datetime, reason: str = "") -> PayoutFile:
    """Hand the file of a batch out, and keep who took it; BlockedError where there is none."""
    file = PayoutFile.objects.filter(pk=batch_id).first()
    if file is None:
        raise BlockedError([NO_FILE])
    emit("payout_batch.downloaded", [Fact(batch_id, None, {"sha256": file.sha256})])
    return file


def _payouts(batch_ids: Sequence[int], *statuses: str) -> list[int]:
    rows = Payout.objects.filter(batch_id__any=list(batch_ids))
    rows = rows.filter(status__in=statuses) if statuses else rows
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _block(outcome: Outcome, payouts: Outcome) -> None:
    """Keep batches back of which a payout may not move, and name it."""
    rows = Payout.objects.filter(pk__any=list(payouts.blocked))
    for pk, batch, number in rows.order_by("pk").values_list("pk", "batch_id", "number"):
        _refuse(outcome, batch, (f"{number}: {why}" for why in payouts.blocked[pk]))


def _refuse(outcome: Outcome, batch_id: int, reasons: Iterable[Text]) -> None:
    for why in reasons:
        outcome.block([batch_id], why)


def _block_replaced(outcome: Outcome) -> None:
    gone = Payout.objects.filter(batch_id__any=outcome.moved).exclude(
        bank_details__status=BankDetailsStatus.ACTIVE
    )
    numbers: dict[int, list[str]] = defaultdict(list)
    for batch, number in gone.order_by("pk").values_list("batch_id", "number"):
        numbers[batch].append(number)
    for batch, names in numbers.items():
        outcome.block([batch], CHANGED % {"payouts": ", ".join(names)})


def _write(outcome: Outcome, *, now: datetime) -> dict[int, PayoutFile]:
    """Return the files of the batches that may leave; those that no file can hold are blocked."""
    batches = PayoutBatch.objects.filter(pk__any=outcome.moved).select_related("account")
    rows = Payout.objects.filter(batch_id__any=outcome.moved).select_related(
        "bank_details", "statement"
    )
    inside: dict[int, list[Payout]] = defaultdict(list)
    for payout in rows.order_by("pk"):
        inside[payout.batch_id].append(payout)  # type: ignore[index]
    files = {}
    for batch in batches:
        form = FORMATS[batch.account.file_format]
        told = _told(batch, inside[batch.pk], now)
        problems = [f"{whose}: {why}".lstrip(": ") for whose, why in form.problems(told)]
        if problems:
            _refuse(outcome, batch.pk, dict.fromkeys(problems))
            continue
        content = form.write(told)
        files[batch.pk] = PayoutFile(
            batch=batch,
            name=f"{batch.number}.{form.suffix}",
            content=content.decode(),
            sha256=hashlib.sha256(content).hexdigest(),
        )
    return files


def _told(batch: PayoutBatch, payouts: Sequence[Payout], now: datetime) -> Batch:
    account = batch.account
    return Batch(
        batch.number,
        Party(account.name, compact(account.account_number), compact(account.bank_code)),
        account.company_id,
        batch.currency,
        batch.execute_on,
        now,
        [_transfer(payout) for payout in payouts],
    )


def _transfer(payout: Payout) -> Transfer:
    to = payout.bank_details
    assert to is not None  # a payout in a batch has them, by a CHECK
    party = Party(to.holder, to.account_number, to.bank_code)
    # As many digits as the currency has: that is what a bank reads.
    amount = round_amount(payout.amount, payout.currency)
    return Transfer(payout.number, party, amount, payout.statement.number)
