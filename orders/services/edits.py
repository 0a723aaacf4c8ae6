"""Edits of orders: drafted with what they cost, committed as a whole or after a second person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, F, Sum, Value, When
from django.db.models.functions import Abs
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.approvals import AskApproval, need_approval, request_approvals
from backoffice.core.events import Fact, emit
from backoffice.core.models import Address
from backoffice.core.money import round_amount
from backoffice.core.sql import execute, insert_rows, next_ids
from backoffice.core.states import GONE, Outcome, Text
from inventory.models import Sku
from orders.choices import EditStatus
from orders.models import Order, OrderEdit, OrderEditLine, OrderLine
from orders.services.catalogue import read_catalogue
from orders.services.commands import AddressData, Change, EditOrder
from orders.services.edit_plans import EditPlan, as_command, plan_edit
from orders.services.edit_writes import missing_units, write_plans
from orders.services.intake import ADDRESS_COLUMNS, insert_addresses
from orders.states import FRESH, ORDER, ORDER_EDIT

APPROVAL = "orders.edit"
SUBJECT = "orders.orderedit"
WAITS = _("Another edit of this order waits for approval: decide it first.")

Wanted = tuple[int, Sequence[Change], str]


@dataclass(slots=True)
class Drafted:
    """What came of drafting, by position: edit ids, and the refused with reasons."""

    created: dict[int, int] = field(default_factory=dict)
    refused: dict[int, list[str]] = field(default_factory=dict)


@service
def draft_edits(commands: Sequence[EditOrder], *, now: datetime, reason: str = "") -> Drafted:
    """Write down what is to be changed, with what it does to the money; nothing is changed yet."""
    result = Drafted()
    editable = ORDER.check([c.order_id for c in commands], "edit")
    plans = _plans({n: (c.order_id, c.changes, c.note) for n, c in enumerate(commands)})
    good: dict[int, EditPlan] = {}
    for n, command in enumerate(commands):
        blocked = editable.blocked.get(command.order_id)
        if blocked:
            result.refused[n] = [str(text) for text in blocked]
        elif command.version not in (None, plans[n].order.version):
            result.refused[n] = [str(FRESH.reason)]
        elif plans[n].reasons:
            result.refused[n] = plans[n].reasons
        else:
            good[n] = plans[n]
    if good:
        told = [commands[n].follows_channel for n in good]
        result.created = dict(zip(good, _insert(list(good.values()), told), strict=True))
    return result


def _plans(wanted: Mapping[int, Wanted]) -> dict[int, EditPlan]:
    """Plan edits in memory, in a fixed number of queries; orders that are gone have no plan."""
    ids = sorted({order_id for order_id, _changes, _note in wanted.values()})
    orders = Order.objects.select_related("channel", "ship_to").in_bulk(ids)
    known = {n: w for n, w in wanted.items() if w[0] in orders}
    catalogue = read_catalogue([as_command(orders[w[0]], w[1]) for w in known.values()])
    lines: dict[int, list[OrderLine]] = {}
    rows = OrderLine.objects.filter(order_id__any=ids).select_related("sku")
    for line in rows.order_by("order_id", "position"):
        lines.setdefault(line.order_id, []).append(line)
    return {
        n: plan_edit(orders[order_id], lines.get(order_id, []), changes, catalogue, note=note)
        for n, (order_id, changes, note) in known.items()
    }


def _insert(plans: Sequence[EditPlan], follows_channel: Sequence[bool]) -> list[int]:
    ids = next_ids(OrderEdit, len(plans))
    orders = [plan.order for plan in plans]
    after = [plan.total() for plan in plans]
    insert_rows(
        OrderEdit,
        {
            "id": ids,
            "order_id": [order.pk for order in orders],
            "order_version": [order.version for order in orders],
            "note": [plan.note[:300] for plan in plans],
            "follows_channel": list(follows_channel),
            "currency": [order.currency for order in orders],
            "total_before": [order.total_amount for order in orders],
            "total_after": [total.gross for total in after],
            "tax_before": [order.tax_amount for order in orders],
            "tax_after": [total.tax for total in after],
        },
    )
    _insert_changes([(pk, n, c) for pk, p in zip(ids, plans, strict=True) for n, c in _numbered(p)])
    facts = [Fact(pk, p.order.pk, _money(p)) for pk, p in zip(ids, plans, strict=True)]
    emit("order_edit.drafted", facts)
    return ids


def _money(plan: EditPlan) -> dict[str, str]:
    currency = plan.order.currency
    return {
        "total": str(round_amount(plan.total().gross, currency)),
        "was": str(round_amount(plan.order.total_amount, currency)),
        "currency": currency,
    }


def _numbered(plan: EditPlan) -> Iterable[tuple[int, Change]]:
    return enumerate(plan.changes, 1)


def _insert_changes(rows: Sequence[tuple[int, int, Change]]) -> None:
    changes = [change for _edit, _n, change in rows]
    codes = {c.sku for c in changes if c.sku}
    skus = dict(Sku.objects.filter(code__any=list(codes)).values_list("code", "pk"))
    addresses = [c.address for c in changes if c.address is not None]
    made = iter(insert_addresses(addresses) if addresses else [])
    insert_rows(
        OrderEditLine,
        {
            "edit_id": [edit for edit, _n, _change in rows],
            "position": [n for _edit, n, _change in rows],
            "kind": [c.kind for c in changes],
            "line_id": [c.line_id for c in changes],
            "sku_id": [skus.get(c.sku) for c in changes],
            "quantity": [c.quantity for c in changes],
            "unit_price": [c.unit_price for c in changes],
            "tax_rate": [c.tax_rate for c in changes],
            "amount": [c.amount for c in changes],
            "address_id": [next(made) if c.address is not None else None for c in changes],
        },
    )


def acts(edit_ids: Sequence[int]) -> dict[int, AskApproval]:
    """Return what a second person would be asked about edits that move money.

    The amount is what all edits of the order move together, so that many small ones do not pass
    where a large one would not.
    """
    ours = OrderEdit.objects.filter(follows_channel=False).exclude(total_after=F("total_before"))
    edits = ours.filter(pk__any=list(edit_ids))
    moved = Sum(Abs(F("total_after") - F("total_before")))
    done = ours.filter(
        order_id__any=[e.order_id for e in edits],
        status__in=[EditStatus.PROPOSED, EditStatus.COMMITTED],
    ).exclude(pk__any=list(edit_ids))
    sums = done.values("order_id").annotate(moved=moved).order_by("order_id")
    earlier = dict(sums.values_list("order_id", "moved"))
    return {
        e.pk: AskApproval(
            APPROVAL,
            SUBJECT,
            e.pk,
            amount=abs(e.total_change) + earlier.get(e.order_id, Decimal(0)),
            currency=e.currency,
            note=e.note,
        )
        for e in edits
    }


def above_threshold(edit_ids: Sequence[int]) -> set[int]:
    """Return the edits that a second person has to agree to."""
    asked = acts(edit_ids)
    needed = need_approval(list(asked.values()))
    return {pk for pk, needs in zip(asked, needed, strict=True) if needs}


@service
def submit_edits(edit_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Commit edits that need nobody else, and ask a second person for the others."""
    _lock_orders(edit_ids)
    above = above_threshold(edit_ids)
    committed = commit_edits([i for i in edit_ids if i not in above], now=now, reason=reason)
    proposed = propose_edits([i for i in edit_ids if i in above], now=now, reason=reason)
    return Outcome(
        sorted([*committed.moved, *proposed.moved]), committed.blocked | proposed.blocked
    )


@service
def propose_edits(edit_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Ask a second person to agree to edits; one of an order at a time."""
    editable = _lock_orders(edit_ids)
    outcome = ORDER_EDIT.check(edit_ids, "propose")
    edits = _blocked_by_orders(outcome, editable)
    waiting = OrderEdit.objects.filter(
        order_id__any=[e.order_id for e in edits], status=EditStatus.PROPOSED
    )
    taken = set(waiting.values_list("order_id", flat=True))
    for edit in edits:
        if edit.order_id in taken:
            outcome.block([edit.pk], WAITS)
        taken.add(edit.order_id)
    ORDER_EDIT.move(outcome.moved, "propose")
    asked = acts(outcome.moved)
    request_approvals([asked[i] for i in outcome.moved if i in asked], now=now, reason=reason)
    return outcome


@service
def commit_edits(edit_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Make edits: lines, stock, totals and address of each order at once, or nothing of it.

    Each is made for the reason that it was drafted with, where none is given now.
    """
    _lock_orders(edit_ids)
    ids: dict[str, list[int]] = {}
    rows = OrderEdit.objects.filter(pk__any=list(edit_ids)).order_by("pk")
    for pk, note in rows.values_list("pk", "note"):
        ids.setdefault(reason or note, []).append(pk)
    outcome = Outcome()
    outcome.block(set(edit_ids) - {pk for group in ids.values() for pk in group}, GONE)
    for why, group in ids.items():
        done = _commit(group, now=now, reason=why)
        outcome.moved += done.moved
        outcome.blocked |= done.blocked
    return outcome


@service
def _commit(edit_ids: Sequence[int], *, now: datetime, reason: str) -> Outcome:
    editable = _lock_orders(edit_ids)
    outcome = ORDER_EDIT.check(edit_ids, "commit")
    edits = {e.pk: e for e in _blocked_by_orders(outcome, editable)}
    changes, addresses = _stored(edits)
    plans = _plans({pk: (e.order_id, changes[pk], e.note) for pk, e in edits.items()})
    seen: set[int] = set()
    for pk, edit in edits.items():
        plan = plans[pk]
        is_same = not plan.reasons and plan.total().gross == edit.total_after
        if edit.order_id in seen or not is_same:
            outcome.block([pk], FRESH.reason)
        seen.add(edit.order_id)
    good = {pk: plans[pk] for pk in outcome.moved}
    for order_id, reasons in missing_units(list(good.values()), now=now).items():
        for pk in [pk for pk, plan in good.items() if plan.order.pk == order_id]:
            for text in reasons:
                outcome.block([pk], text)
    _write({pk: good[pk] for pk in outcome.moved}, addresses, now=now)
    note = Case(When(note="", then=Value(reason[:300])), default=F("note"))
    ORDER_EDIT.move(outcome.moved, "commit", values={"note": note})
    return outcome


def _write(plans: Mapping[int, EditPlan], addresses: Mapping[int, int], *, now: datetime) -> None:
    if not plans:
        return
    ship_to = {plan.order.pk: addresses[pk] for pk, plan in plans.items() if pk in addresses}
    facts = {plan.order.pk: {"edit": pk, **_money(plan)} for pk, plan in plans.items()}
    execute(
        "UPDATE orders_ordereditline l SET address_before_id = o.ship_to_id"
        " FROM orders_orderedit e JOIN orders_order o ON o.id = e.order_id"
        " WHERE l.edit_id = e.id AND e.id = ANY(%s) AND l.address_id IS NOT NULL",
        [list(plans)],
    )
    write_plans(list(plans.values()), ship_to, facts, now=now)


def _stored(edits: Mapping[int, OrderEdit]) -> tuple[dict[int, list[Change]], dict[int, int]]:
    """Return the changes of edits as they were shown, and their new addresses."""
    changes: dict[int, list[Change]] = {pk: [] for pk in edits}
    addresses: dict[int, int] = {}
    rows = OrderEditLine.objects.filter(edit_id__any=list(edits)).select_related("sku", "address")
    for row in rows.order_by("edit_id", "position"):
        if row.address is not None:
            addresses[row.edit_id] = row.address.pk
        change = Change(
            row.kind,
            line_id=row.line_id,
            sku=row.sku.code if row.sku else "",
            quantity=row.quantity,
            unit_price=row.unit_price,
            tax_rate=row.tax_rate,
            amount=row.amount,
            address=_data(row.address) if row.address else None,
        )
        changes[row.edit_id].append(change)
    return changes, addresses


def _data(address: Address) -> AddressData:
    return AddressData(**{name: getattr(address, name) for name in ADDRESS_COLUMNS})


@service
def reject_edits(edit_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Refuse edits that were proposed."""
    return ORDER_EDIT.apply(edit_ids, "reject")


@service
def cancel_edits(edit_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Call edits off before they are made."""
    return ORDER_EDIT.apply(edit_ids, "cancel")


def _lock_orders(edit_ids: Sequence[int]) -> Outcome:
    """Lock the orders of edits and say which may be edited; orders are locked before edits."""
    edits = OrderEdit.objects.filter(pk__any=list(edit_ids))
    return ORDER.check(edits.values_list("order_id", flat=True), "edit")


def _blocked_by_orders(outcome: Outcome, editable: Outcome) -> list[OrderEdit]:
    """Block edits whose orders may not be edited; return the others."""
    edits = OrderEdit.objects.filter(pk__any=outcome.moved).order_by("pk")
    reasons: dict[int, list[Text]] = editable.blocked
    for edit in edits:
        for text in reasons.get(edit.order_id, []):
            outcome.block([edit.pk], text)
    return [edit for edit in edits if edit.order_id not in reasons]
