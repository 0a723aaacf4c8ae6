"""Tracking numbers that people enter: of carriers that sell no labels, or where buying failed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.sql import execute, per_row
from backoffice.core.states import Outcome
from logistics.models import LabelRequest, Parcel
from logistics.services.handover import lock_family
from logistics.states import PARCEL

LONGEST = 80
TAKEN = _("A parcel with this tracking number exists.")
EMPTY = _("The tracking number is missing or has more than 80 characters.")
FIND = """
SELECT p.account_id, p.tracking_number, p.id
FROM unnest(%s::bigint[], %s::text[]) AS n(account, number)
JOIN logistics_parcel p ON p.account_id = n.account AND p.tracking_number = n.number
  AND p.tracking_number <> ''
"""


def taken_numbers(keys: Sequence[tuple[int, str]]) -> list[tuple[int, str, int]]:
    """Return which of (account, number) parcels have, as (account, number, parcel)."""
    rows = execute(FIND, [[account for account, _n in keys], [number for _a, number in keys]])
    return [(account, number, pk) for account, number, pk in rows]


@service
def enter_numbers(
    parcel_ids: Sequence[int], *, numbers: Mapping[int, str], now: datetime, reason: str = ""
) -> Outcome:
    """Give parcels their tracking numbers, or correct them before they leave."""
    lock_family(parcel_ids)
    outcome = PARCEL.check(parcel_ids, "enter_number")
    given = {pk: numbers.get(pk, "").strip() for pk in outcome.moved}
    outcome.block([pk for pk, number in given.items() if not 0 < len(number) <= LONGEST], EMPTY)
    _block_taken(outcome, given)
    values = {pk: given[pk] for pk in outcome.moved}
    LabelRequest.objects.filter(pk__any=outcome.moved).delete()
    PARCEL.move(
        outcome.moved,
        "enter_number",
        values={"tracking_number": per_row(Parcel, "tracking_number", values)},
    )
    return outcome


def _block_taken(outcome: Outcome, given: Mapping[int, str]) -> None:
    parcels = Parcel.objects.filter(pk__any=outcome.moved).order_by("pk")
    keys = {pk: (account, given[pk]) for pk, account in parcels.values_list("pk", "account_id")}
    holders = {(account, n): pk for account, n, pk in taken_numbers(list(keys.values()))}
    for pk, key in keys.items():
        # Of two parcels that are given the same number, the first gets it.
        if holders.setdefault(key, pk) != pk:
            outcome.block([pk], TAKEN)


def enter_number(
    parcel_ids: Sequence[int], *, tracking_number: str, now: datetime, reason: str = ""
) -> Outcome:
    """Give a parcel its tracking number, or correct it before it leaves."""
    numbers = dict.fromkeys(parcel_ids, tracking_number)
    return enter_numbers(parcel_ids, numbers=numbers, now=now, reason=reason)
