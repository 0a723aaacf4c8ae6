"""What buyers decide beside yes and no: another quantity, and what is left alone for a while."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.sql import per_row
from backoffice.core.states import Outcome
from inventory.models import ReplenishmentPolicy, ReplenishmentProposal
from inventory.services.replenishment import reject_proposals
from inventory.states import PROPOSAL

WHY = _("Say why: the reason is kept with the proposal.")
NOT_IN_PACKS = _("The supplier sells whole packs from its minimum on: look at the supplier's item.")
NO_CATEGORY = _("The SKU's product has no category: choose another scope.")


class FreezeScope(models.TextChoices):
    SKU_HERE = "SKU_HERE", _("This SKU in this warehouse")
    SKU = "SKU", _("This SKU in all warehouses")
    CATEGORY = "CATEGORY", _("Its category in all warehouses")
    WAREHOUSE = "WAREHOUSE", _("The whole warehouse")


@dataclass(frozen=True, slots=True)
class Freeze:
    """What to leave alone until a day, or until it is taken back."""

    scope: str
    until: date | None = None


@service
def change_quantities(
    ids: Sequence[int], *, quantity: int, now: datetime, reason: str = ""
) -> Outcome:
    """Propose another quantity, in whole packs; the reckoned one stays in the explanation."""
    outcome = PROPOSAL.check(ids, "change_quantity")
    if not reason.strip():
        outcome.block(outcome.moved, WHY)
    explanations: dict[int, str] = {}
    before: dict[int, int] = {}
    rows = ReplenishmentProposal.objects.filter(pk__any=outcome.moved).order_by("pk")
    for row in rows.select_related("supplier_item"):
        item = row.supplier_item
        if quantity < item.minimum_quantity or quantity % item.pack_size:
            outcome.block([row.pk], NOT_IN_PACKS)
            continue
        changed = {"before": row.quantity, "quantity": quantity, "reason": reason[:300]}
        explanations[row.pk] = json.dumps(row.explanation | {"changed": changed})
        before[row.pk] = row.quantity
    PROPOSAL.move(
        outcome.moved,
        "change_quantity",
        data={pk: {"before": units, "quantity": quantity} for pk, units in before.items()},
        values={
            "quantity": quantity,
            "explanation": per_row(ReplenishmentProposal, "explanation", explanations),
        },
    )
    return outcome


@service
def freeze_proposals(
    ids: Sequence[int], *, freeze: Freeze, now: datetime, reason: str = ""
) -> Outcome:
    """Reject proposals and propose nothing in their scope until a day."""
    outcome = PROPOSAL.check(ids, "reject")
    if not reason.strip():
        outcome.block(outcome.moved, WHY)
    rows = ReplenishmentProposal.objects.filter(pk__any=outcome.moved).order_by("pk")
    for row in rows.select_related("sku__product", "warehouse"):
        category = row.sku.product.category
        if freeze.scope == FreezeScope.CATEGORY and not category:
            outcome.block([row.pk], NO_CATEGORY)
            continue
        here = freeze.scope in (FreezeScope.SKU_HERE, FreezeScope.WAREHOUSE)
        policy, _is_new = ReplenishmentPolicy.objects.get_or_create(
            warehouse=row.warehouse if here else None,
            category=category if freeze.scope == FreezeScope.CATEGORY else "",
            sku=row.sku if freeze.scope.startswith(FreezeScope.SKU) else None,
        )
        policy.is_active = policy.is_frozen = True
        policy.frozen_until, policy.frozen_reason = freeze.until, reason[:300]
        policy.save()
    reject_proposals(outcome.moved, now=now, reason=reason)
    return outcome
