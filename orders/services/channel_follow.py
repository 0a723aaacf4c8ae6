"""Edits by which orders follow their channel: made at once, since the customer agreed there."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from orders.choices import OrderStatus, Problem
from orders.models import Order
from orders.services.catalogue import read_catalogue
from orders.services.channel_changes import changes_wanted, lines_of
from orders.services.channel_problems import Trouble, trouble, with_listings
from orders.services.commands import EditOrder, PlaceOrder
from orders.services.edits import commit_edits, draft_edits


def follow_channel(
    told: Mapping[int, tuple[PlaceOrder, PlaceOrder | None]],
    *,
    reopened: set[int | None],
    now: datetime,
    reason: str,
) -> dict[int, Trouble]:
    """Change orders as their channel did since; return those that could not follow, and why.

    Each comes with what the channel says now and what the order follows by now, where it is kept.
    """
    orders = Order.objects.select_related("ship_to", "channel").in_bulk(list(told))
    refused: dict[int, Trouble] = {}
    for pk, order in list(orders.items()):
        if order.status == OrderStatus.CANCELLED:
            if pk in reopened:
                text = _("The channel took the cancellation back: place a new order.")
                refused[pk] = trouble(Problem.CHANGE, reasons=[text])
            del orders[pk]
    if not orders:
        return refused
    now_told = dict(zip(orders, with_listings([told[pk][0] for pk in orders]), strict=True))
    bases = {pk: told[pk][1] for pk in orders}
    before = {pk: base for pk, base in bases.items() if base is not None}
    before = dict(zip(before, with_listings(list(before.values())), strict=True))
    catalogue = read_catalogue([*now_told.values(), *before.values()])
    lines = lines_of(orders)
    commands = []
    for pk, order in orders.items():
        wanted = changes_wanted(now_told[pk], before.get(pk), order, lines[pk], catalogue)
        if wanted.codes:
            refused[pk] = trouble(Problem.SKU, codes=sorted(wanted.codes))
        elif wanted.changes:
            note = _("As the channel has it")
            commands.append(EditOrder(pk, wanted.changes, note, follows_channel=True))
    late = _edit(commands, now=now, reason=reason)
    return refused | {pk: trouble(Problem.CHANGE, reasons=texts) for pk, texts in late.items()}


def _edit(commands: list[EditOrder], *, now: datetime, reason: str) -> dict[int, list[str]]:
    if not commands:
        return {}
    drafted = draft_edits(commands, now=now, reason=reason)
    refused = {commands[n].order_id: texts for n, texts in drafted.refused.items()}
    edits = {edit_id: commands[n].order_id for n, edit_id in drafted.created.items()}
    outcome = commit_edits(list(edits), now=now, reason=reason)
    for edit_id, texts in outcome.blocked.items():
        refused[edits[edit_id]] = [str(text) for text in texts]
    return refused
