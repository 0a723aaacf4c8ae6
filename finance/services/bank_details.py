"""Where sellers' money goes: proposed by one person, in use once another has agreed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.secrets import seal
from backoffice.core.sql import insert_rows
from backoffice.core.states import Outcome, Text
from finance.choices import BankDetailsStatus
from finance.models import BankDetails
from finance.payout_files.accounts import compact, validate_account_number, validate_bank_code
from finance.states import BANK_DETAILS
from inventory.models import Seller

NO_SELLER = _("There is no such seller.")
NO_HOLDER = _("Say whose account it is.")
WAITING = _("Other bank details of this seller wait for a second person: decide them first.")


@dataclass(frozen=True, slots=True)
class ProposeDetails:
    """A seller's account for payouts in one currency."""

    seller_id: int
    currency: str
    holder: str
    account_number: str
    bank_code: str = ""


@dataclass(slots=True)
class ProposedDetails:
    """What came of proposing, by position: the new rows, and the refused with reasons."""

    created: dict[int, int] = field(default_factory=dict)
    refused: dict[int, list[Text]] = field(default_factory=dict)


@service
def propose_bank_details(
    commands: Sequence[ProposeDetails], *, now: datetime, reason: str = ""
) -> ProposedDetails:
    """Propose accounts of sellers; what is used now stays in use until somebody agrees."""
    done = ProposedDetails()
    known = set(lock(Seller, [c.seller_id for c in commands]))
    open_ones = BankDetails.objects.filter(status=BankDetailsStatus.PROPOSED, seller_id__any=known)
    taken = set(open_ones.values_list("seller_id", "currency"))
    good: dict[int, ProposeDetails] = {}
    for n, command in enumerate(commands):
        pair = (command.seller_id, command.currency)
        reasons = _problems(command, known)
        if not reasons and pair in taken:
            reasons = [WAITING]
        if reasons:
            done.refused[n] = reasons
        else:
            taken.add(pair)
            good[n] = command
    if not good:
        return done
    numbers = [compact(c.account_number) for c in good.values()]
    rows = insert_rows(
        BankDetails,
        {
            "seller_id": [c.seller_id for c in good.values()],
            "currency": [c.currency for c in good.values()],
            "holder": [c.holder.strip()[:70] for c in good.values()],
            "account_number": [seal(number) for number in numbers],
            "ending": [number[-4:] for number in numbers],
            "bank_code": [compact(c.bank_code) for c in good.values()],
        },
        constants={"status": BankDetailsStatus.PROPOSED},
    )
    done.created = {n: pk for n, (pk,) in zip(good, rows, strict=True)}
    emit(
        "bank_details.proposed",
        [Fact(pk, None, {"seller": good[n].seller_id}) for n, pk in done.created.items()],
    )
    return done


def _problems(command: ProposeDetails, known: set[int]) -> list[Text]:
    if command.seller_id not in known:
        return [NO_SELLER]
    found: list[Text] = [] if command.holder.strip() else [NO_HOLDER]
    for check, text in (
        (validate_account_number, command.account_number),
        (validate_bank_code, command.bank_code),
    ):
        try:
            if text or check is validate_account_number:
                check(text)
        except ValidationError as error:
            found += error.messages
    return found


@service
def approve_bank_details(details_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Put bank details that somebody else proposed into use, instead of those before."""
    wanted = BankDetails.objects.filter(pk__any=list(details_ids))
    pairs = set(wanted.values_list("seller_id", "currency"))
    active = BankDetails.objects.filter(
        seller_id__any=[seller for seller, _ in pairs], status=BankDetailsStatus.ACTIVE
    )
    # In one lock with those that they replace, so that no batch is written in between.
    lock(BankDetails, [*details_ids, *active.values_list("pk", flat=True)])
    outcome = BANK_DETAILS.check(details_ids, "approve")
    agreed = set(wanted.filter(pk__any=outcome.moved).values_list("seller_id", "currency"))
    before = [
        pk
        for pk, *pair in active.values_list("pk", "seller_id", "currency")
        if tuple(pair) in agreed
    ]
    BANK_DETAILS.move(BANK_DETAILS.check(before, "replace").moved, "replace")
    values = {"approved_by_id": current_unit().actor.user_id}
    BANK_DETAILS.move(outcome.moved, "approve", values=values)
    return outcome


@service
def reject_bank_details(details_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Refuse proposed bank details; what is used now stays in use."""
    return BANK_DETAILS.apply(details_ids, "reject")
