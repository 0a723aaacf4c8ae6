"""Replenishment: proposed every night, approved or rejected, ordered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from backoffice.core.actor import service
from backoffice.core.sql import per_row
from backoffice.core.states import Outcome
from inventory.choices import ProposalStatus
from inventory.models import ReplenishmentProposal, ReplenishmentRun, Warehouse
from inventory.planning.assortment import Levels, Rule, plan_assortment
from inventory.services.calibration import current_curve, to_json
from inventory.services.candidates import read_assortment, read_candidates
from inventory.services.proposing import Planned, Written, write_proposals
from inventory.services.purchasing import (
    CreatePurchaseOrder,
    PurchaseLine,
    create_purchase_orders,
)
from inventory.states import PROPOSAL

# Nobody decided for so long: the numbers are stale, the next night reckons anew.
PROPOSAL_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a night proposed, what of it was ordered without asking, and what expired."""

    created: list[int] = field(default_factory=list)
    ordered: list[int] = field(default_factory=list)
    expired: list[int] = field(default_factory=list)


def propose_replenishment(
    *, now: datetime, warehouse_ids: Sequence[int] | None = None, reason: str = ""
) -> Proposed:
    """Propose what to buy for warehouses; a second run of the same night proposes nothing more.

    Planned in parts, each proposed in a transaction of its own: a run that died goes on where it
    stood. A need that is on order or proposed already is covered. Proposals within their policy's
    limit are approved and ordered at once.
    """
    if warehouse_ids is None:
        active = Warehouse.objects.filter(is_active=True).order_by("pk")
        warehouse_ids = list(active.values_list("pk", flat=True))
    proposed = Proposed(expired=_expire(warehouse_ids, now=now))
    candidates = read_candidates(warehouse_ids, now=now)
    if not candidates.rows:
        return proposed
    measured = current_curve(candidates, now=now)
    figures: Counter[str] = Counter(frozen=candidates.frozen)
    for part in candidates.chunks():
        known = read_assortment(part, now=now)
        levels = plan_assortment(known, measured.curve)
        planned = Planned(part, known, levels, measured.curve)
        written, ordered = _propose(planned, now=now, reason=reason)
        proposed.created.extend(written.created.values())
        proposed.ordered.extend(ordered)
        _count(figures, levels, written)
    proposed.created.sort()
    ReplenishmentRun.objects.create(
        started_at=now,
        warehouses=sorted(candidates.zones),
        curve=to_json(measured.curve),
        measured_at=measured.at,
        figures=dict(figures) | {"ordered": len(proposed.ordered)},
    )
    return proposed


def _count(figures: Counter[str], levels: Levels, written: Written) -> None:
    for rule in Rule:
        figures[f"rule_{rule.name.lower()}"] += int((levels.rule == rule).sum())
    figures["planned"] += len(levels.rule)
    figures["proposed"] += len(written.created)
    figures["cut"] += written.cut
    figures["left_out"] += written.left_out
    figures["value"] += round(written.value)
    figures["left_out_value"] += round(written.left_out_value)


@service
def _propose(planned: Planned, *, now: datetime, reason: str = "") -> tuple[Written, list[int]]:
    written = write_proposals(planned, now=now, reason=reason)
    within = gettext_noop("within the policy's limit")
    approve_proposals(written.free, now=now, reason=within)
    return written, order_proposals(written.free, now=now, reason=within).moved


@service
def _expire(warehouse_ids: Sequence[int], *, now: datetime) -> list[int]:
    old = ReplenishmentProposal.objects.filter(
        warehouse_id__any=warehouse_ids,
        status=ProposalStatus.PROPOSED,
        created_at__lt=now - PROPOSAL_LIFE,
    )
    return PROPOSAL.apply(old.values_list("pk", flat=True), "expire", skip_locked=True).moved


@service
def approve_proposals(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Approve proposals."""
    return PROPOSAL.apply(ids, "approve")


@service
def reject_proposals(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Reject proposals; the same night does not propose them again."""
    return PROPOSAL.apply(ids, "reject")


@service
def order_proposals(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Order approved proposals: one purchase order per supplier, warehouse, currency and origin."""
    outcome = PROPOSAL.check(ids, "order")
    if not outcome.moved:
        return outcome
    rows = ReplenishmentProposal.objects.filter(pk__any=outcome.moved).order_by("pk")
    columns = ("supplier_item__supplier_id", "warehouse_id", "currency", "origin")
    groups: dict[tuple[int, int, str, str], list[tuple[int, PurchaseLine]]] = {}
    for pk, sku, quantity, price, *key in rows.values_list(
        "pk", "sku_id", "quantity", "unit_price", *columns
    ):
        line = PurchaseLine(sku, quantity, price)
        groups.setdefault((key[0], key[1], key[2], key[3]), []).append((pk, line))
    # Each order serves the proposals of its group, which are of one origin: the first speaks.
    commands = [
        CreatePurchaseOrder(
            supplier, house, [line for _pk, line in members], currency, proposal_id=members[0][0]
        )
        for (supplier, house, currency, _origin), members in groups.items()
    ]
    created = create_purchase_orders(commands, now=now, reason=reason)
    placed: dict[int, int] = {}
    for n, members in enumerate(groups.values()):
        if n in created.ids:
            placed |= {pk: created.ids[n] for pk, _line in members}
        for refusal in created.refused.get(n, []):
            outcome.block([pk for pk, _line in members], refusal)
    _order(outcome.moved, placed)
    return outcome


def _order(ids: Sequence[int], placed: Mapping[int, int]) -> None:
    PROPOSAL.move(
        ids,
        "order",
        data={pk: {"purchase_order_id": order} for pk, order in placed.items()},
        values={"purchase_order_id": per_row(ReplenishmentProposal, "purchase_order", placed)},
    )
