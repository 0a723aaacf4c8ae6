"""What was printed, by whom and how often: packing slips, pick lists, labels."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from backoffice.core.actor import current_unit, service
from backoffice.core.states import Machine, Outcome
from logistics.states import PARCEL, PICK_LIST, SHIPMENT


@service
def record_prints(machine: Machine, ids: Sequence[int], *, now: datetime) -> Outcome:
    """Record that the papers of documents were printed."""
    outcome = machine.check(ids, "print")
    values = {"prints": F("prints") + 1, "printed_by_id": current_unit().actor.user_id}
    machine.move(outcome.moved, "print", values=values, versioned=False)
    return outcome


def print_slips(shipment_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Record that packing slips were printed."""
    return record_prints(SHIPMENT, shipment_ids, now=now)


def print_pick_lists(pick_list_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Record that pick lists were printed."""
    return record_prints(PICK_LIST, pick_list_ids, now=now)


def print_labels(parcel_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Record that labels were printed."""
    return record_prints(PARCEL, parcel_ids, now=now)
