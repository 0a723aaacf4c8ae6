"""Taking in what channels tell: each order once, by its newest message, or held with its problems.

Messages may come twice, in any order, or not at all: the channel's own time of the last change
decides which one counts.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import execute, insert_rows, per_row
from backoffice.core.states import Outcome
from orders.choices import ChannelOrderStatus, Problem
from orders.models import ChannelOrder, Order
from orders.services.channel_follow import follow_channel
from orders.services.channel_problems import (
    Trouble,
    accept_totals,
    corrected,
    find_problems,
    incomplete_addresses,
    trouble,
    with_listings,
)
from orders.services.channel_reading import Heard, is_part, read_again
from orders.services.commands import PlaceOrder
from orders.services.intake import place_orders
from orders.services.lifecycle import cancel_orders
from orders.states import CHANNEL_ORDER

TOLD = gettext_noop("told by the channel")
# Columns that taking in may change.
COLUMNS: dict[str, Callable[[Any], Any]] = {
    "problems": json.dumps,
    "refunds": json.dumps,
    **dict.fromkeys(
        "problem order_id version_at told_at message_id followed_id reference is_deleted"
        " paid_amount".split(),
        lambda value: value,
    ),
}


@dataclass(slots=True)
class Case:
    """One channel order in hand: its row, the newest that was told, and what came of it."""

    row: ChannelOrder
    heard: Heard | None = None
    command: PlaceOrder | None = None
    problems: list[Trouble] = field(default_factory=list)
    is_new: bool = False
    is_touched: bool = False
    before: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        self.before = () if self.is_new else self.as_is()

    def as_is(self) -> tuple[Any, ...]:
        """Return what a held row is known by."""
        row = self.row
        told = sorted(row.refunds)
        return (list(row.problems), row.message_id, row.told_at, told, row.is_deleted)


@service
def take_in(heard: Sequence[Heard], *, now: datetime, reason: str = "") -> None:
    """Take in what messages tell, in a fixed number of statements for any number of orders."""
    cases = _cases(heard)
    for one in heard:
        _hear(cases[one.channel.pk, one.told.external_id], one)
    _skip_repeated(cases.values())
    _complete(cases.values())
    _settle([case for case in cases.values() if case.is_touched], now=now)


@service
def retry_channel_orders(
    channel_order_ids: Sequence[int], *, now: datetime, reason: str = ""
) -> Outcome:
    """Read held and differing channel orders again and take them in as far as can be."""
    outcome = CHANNEL_ORDER.check(channel_order_ids, "retry")
    rows = ChannelOrder.objects.filter(pk__any=outcome.moved).select_related("channel")
    settle_again(list(rows.order_by("pk")), now=now)
    return outcome


def settle_again(rows: Sequence[ChannelOrder], *, now: datetime) -> None:
    """Take in locked channel orders by the newest message that is kept of each."""
    newest = read_again(rows, "message_id")["message_id"]
    _settle([Case(row, newest.get(row.pk), is_touched=True) for row in rows], now=now)


def _cases(heard: Sequence[Heard]) -> dict[tuple[int, str], Case]:
    """Lock the rows of what was told, made where they are new."""
    keys = sorted({(h.channel.pk, h.told.external_id) for h in heard})
    new = insert_rows(
        ChannelOrder,
        {"channel_id": [c for c, _ in keys], "external_id": [e for _, e in keys]},
        on_conflict="ON CONFLICT (channel_id, external_id) DO NOTHING",
    )
    rows = execute(
        "SELECT o.id FROM orders_channelorder o JOIN unnest(%s::bigint[], %s::text[])"
        " AS k(channel, external) ON o.channel_id = k.channel AND o.external_id = k.external",
        [[c for c, _ in keys], [e for _, e in keys]],
    )
    ids = lock(ChannelOrder, [row[0] for row in rows])
    made = {row[0] for row in new}
    found = ChannelOrder.objects.filter(pk__any=ids).select_related("channel")
    return {(row.channel_id, row.external_id): Case(row, is_new=row.pk in made) for row in found}


def _hear(case: Case, heard: Heard) -> None:
    """Note the newest of what was told; parts of the story add up."""
    row, told = case.row, heard.told
    if is_part(told):
        case.is_touched = True
        row.is_deleted |= told.is_cancelled
    elif case.heard is None:
        known = (row.version_at, row.told_at)
        if row.version_at is None or (told.version, heard.told_at) > known:
            case.heard = heard
    elif (told.version, heard.told_at) > (case.heard.told.version, case.heard.told_at):
        case.heard = heard
    case.is_touched |= case.heard is heard
    for refund in told.refunds:
        if refund.external_id not in row.refunds:
            row.refunds[refund.external_id] = {"amount": str(refund.amount), "told": False}
            case.is_touched = True


def _skip_repeated(cases: Iterable[Case]) -> None:
    """Leave out what says the same as the message that is known, as of the same moment."""
    same = [c for c in cases if c.heard and c.heard.told.version == c.row.version_at]
    known = read_again([c.row for c in same], "message_id")["message_id"] if same else {}
    for case in same:
        before = known.get(case.row.pk)
        if before and case.heard and before.told == case.heard.told:
            case.is_touched = False


def _complete(cases: Iterable[Case]) -> None:
    """Read the newest message that is kept beside the parts that came."""
    parts = [c for c in cases if c.is_touched and c.heard is None and c.row.message_id]
    newest = read_again([c.row for c in parts], "message_id")["message_id"] if parts else {}
    for case in parts:
        case.heard = newest.get(case.row.pk)


def _settle(cases: Sequence[Case], *, now: datetime) -> None:
    for case in cases:
        _note(case)
    live = [c for c in cases if c.row.status != ChannelOrderStatus.DISMISSED]
    for case in live:
        told = case.heard.told if case.heard else None
        if told is None and case.row.order_id is None:
            case.problems.append(trouble(Problem.AWAITED))
        elif told is not None and told.problem:
            case.problems.append(trouble(Problem.CONTENT, reasons=[told.problem]))
        elif told is not None:
            case.command = told.command
    _place([c for c in live if c.command and c.row.order_id is None], now=now)
    placed = [c for c in live if c.row.order_id is not None]
    # All at once: edits and cancellations lock stock after them.
    lock(Order, [c.row.order_id for c in placed if c.row.order_id is not None])
    # What is cancelled follows first, so that it ends the same whatever was skipped.
    _follow([c for c in placed if c.command], now=now)
    _cancel([c for c in placed if _is_gone(c)], now=now)
    _write(cases)


def _note(case: Case) -> None:
    row, heard = case.row, case.heard
    if heard is not None:
        row.message_id, row.told_at = heard.message_id, heard.told_at
        row.version_at = heard.told.version
        row.reference = heard.told.reference or row.reference


def _is_gone(case: Case) -> bool:
    told = case.heard.told if case.heard else None
    return case.row.is_deleted or bool(told and told.is_cancelled)


def _place(cases: Sequence[Case], *, now: datetime) -> None:
    """Make orders of those that can be; the others get their problems."""
    ready = with_listings(
        [corrected(c.command, c.row.corrections) for c in cases if c.command is not None]
    )
    commands = dict(enumerate(ready))
    theirs = {
        n: command
        for n, command in commands.items()
        if (cases[n].row.corrections or {}).get("total") == "theirs"
    }
    commands |= accept_totals(theirs) if theirs else {}
    lacking = incomplete_addresses(commands)
    whole = [n for n in commands if n not in lacking]
    placed = place_orders([commands[n] for n in whole], now=now, reason=TOLD)
    for at, order_id in {**placed.created, **placed.existing}.items():
        case = cases[whole[at]]
        case.row.order_id = order_id
        if at in placed.created:
            # It is as the channel has it: nothing is left to follow.
            case.command, case.row.followed_id = None, case.row.message_id
    refused = {n: commands[n] for n in [*lacking, *(whole[at] for at in placed.refused)]}
    found = find_problems(refused, lacking) if refused else {}
    reasons = {whole[at]: texts for at, texts in placed.refused.items()}
    for n in refused:
        cases[n].problems += found[n] or [trouble(Problem.CONTENT, reasons=reasons[n])]


def _cancel(cases: Sequence[Case], *, now: datetime) -> None:
    """Cancel what the channel cancelled."""
    gone = {c.row.order_id: c for c in cases if c.row.order_id is not None}
    if not gone:
        return
    outcome = cancel_orders(open_orders(list(gone)), now=now, reason=TOLD)
    for order_id, case in gone.items():
        if order_id in outcome.blocked:
            texts = [str(text) for text in outcome.blocked[order_id]]
            case.problems.append(trouble(Problem.CANCEL, reasons=texts))
        else:
            case.row.followed_id = case.row.message_id


def open_orders(order_ids: Sequence[int]) -> list[int]:
    """Return the orders that are not cancelled yet."""
    rows = execute(
        "SELECT id FROM orders_order WHERE id = ANY(%s) AND status <> 'CANCELLED' ORDER BY id",
        [list(order_ids)],
    )
    return [row[0] for row in rows]


def _follow(cases: Sequence[Case], *, now: datetime) -> None:
    """Change orders as their channel did."""
    behind = [c for c in cases if c.row.followed_id != c.row.message_id]
    if not behind:
        return
    before = read_again([c.row for c in behind], "followed_id")["followed_id"]
    told: dict[int, tuple[PlaceOrder, PlaceOrder | None]] = {}
    for case in behind:
        base = before.get(case.row.pk)
        if case.command is not None and case.row.order_id is not None:
            told[case.row.order_id] = (case.command, base.told.command if base else None)
    reopened = {
        c.row.order_id
        for c in behind
        if (base := before.get(c.row.pk)) is not None and base.told.is_cancelled
    }
    refused = follow_channel(told, reopened=reopened, now=now, reason=TOLD)
    for case in behind:
        why = refused.get(case.row.order_id or 0)
        if why and not _is_gone(case):
            case.problems.append(why)
        elif not why:
            case.row.followed_id = case.row.message_id


def _verb(case: Case) -> str:
    if case.row.status == ChannelOrderStatus.DISMISSED:
        return "pass_over"
    if case.row.order_id is None:
        return "hold"
    if case.row.status == ChannelOrderStatus.HELD:
        return "place"
    return "differ" if case.problems else "follow"


def _write(cases: Sequence[Case]) -> None:
    """Write the rows and tell, in one statement for each way that they went."""
    paid, refunded = [], []
    groups: dict[str, list[Case]] = {}
    for case in cases:
        row = case.row
        row.problems = case.problems
        row.problem = case.problems[0]["kind"] if case.problems else ""
        paid += _paid(case)
        refunded += _refunded(case)
        verb = _verb(case)
        # What was only tried again and stays as it was is no news.
        if verb not in ("hold", "differ") or case.as_is() != case.before:
            groups.setdefault(verb, []).append(case)
    for verb, members in sorted(groups.items()):
        ids = [c.row.pk for c in members]
        values: Mapping[str, Any] = {
            name: per_row(
                ChannelOrder,
                name.removesuffix("_id") if name == "order_id" else name,
                {c.row.pk: ready(getattr(c.row, name)) for c in members},
            )
            for name, ready in COLUMNS.items()
        }
        CHANNEL_ORDER.move(ids, verb, values=values, tell=False)
        told = {c.row.pk: {"problem": c.row.problem} if c.problems else {} for c in members}
        emit(
            CHANNEL_ORDER.transitions[verb].event,
            [Fact(c.row.pk, c.row.order_id, told[c.row.pk]) for c in members],
        )
        late = [c for c in members if verb == "place" and c.problems]
        if late:
            # It was placed, but what came with it could not be followed.
            CHANNEL_ORDER.move([c.row.pk for c in late], "differ", tell=False)
            emit(
                "channel_order.differs",
                [Fact(c.row.pk, c.row.order_id, told[c.row.pk]) for c in late],
            )
    emit("channel_order.paid", paid)
    emit("channel_order.refunded", refunded)


def _paid(case: Case) -> list[Fact]:
    """Tell what was paid since it was told last, once there is an order for it."""
    row, told = case.row, case.heard.told if case.heard else None
    if told is None or row.order_id is None or told.paid <= row.paid_amount:
        return []
    amount, row.paid_amount = told.paid - row.paid_amount, told.paid
    payment = f"{row.external_id}:{told.paid.normalize():f}"
    data = {"amount": f"{amount.normalize():f}", "payment": payment}
    return [Fact(row.pk, row.order_id, data | {"channel": row.channel.code})]


def _refunded(case: Case) -> list[Fact]:
    row = case.row
    if row.order_id is None:
        return []
    facts = []
    for external_id, refund in row.refunds.items():
        if not refund["told"]:
            refund["told"] = True
            data = {"amount": refund["amount"], "refund": external_id}
            facts.append(Fact(row.pk, row.order_id, data | {"channel": row.channel.code}))
    return facts
