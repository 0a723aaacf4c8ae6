"""Which terms a SKU in a warehouse is replenished on: the narrowest policy that says so."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from inventory.choices import PlanningRule
from inventory.models import ReplenishmentPolicy

FILL_RATE = Decimal("0.98")
ORDER_RHYTHM_DAYS = 14
INHERITED = (
    *("rule", "fill_rate", "order_rhythm_days", "minimum", "maximum"),
    *("orders_up_to", "proposal_limit"),
)

Scope = tuple[int | None, str, int | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What all policies of one scope and the wider ones together say."""

    rule: str
    fill_rate: Decimal
    order_rhythm_days: int
    minimum: int | None
    maximum: int | None
    orders_up_to: Decimal | None
    proposal_limit: Decimal | None


class Policies:
    """The active policies, to be asked for many SKUs; frozen ones as of a day."""

    def __init__(self, *, on: date, instead: ReplenishmentPolicy | None = None) -> None:
        rows = [
            *ReplenishmentPolicy.objects.filter(is_active=True),
            *([instead] if instead else []),
        ]
        self._rows: dict[Scope, ReplenishmentPolicy] = {
            (row.warehouse_id, row.category, row.sku_id): row for row in rows
        }
        self._on = on
        self._terms: dict[tuple[int | None, ...], Terms] = {}

    def matching(self, warehouse_id: int, category: str, sku_id: int) -> list[ReplenishmentPolicy]:
        """Return the policies of a SKU in a warehouse, the narrowest first."""
        scopes: list[Scope] = [(warehouse_id, "", sku_id), (None, "", sku_id)]
        if category:
            scopes += [(warehouse_id, category, None), (None, category, None)]
        scopes += [(warehouse_id, "", None), (None, "", None)]
        return [self._rows[scope] for scope in scopes if scope in self._rows]

    def terms(self, rows: list[ReplenishmentPolicy]) -> Terms:
        """Return what policies say together, the first that says something before the next."""
        key = tuple(row.pk for row in rows)
        if key not in self._terms:
            self._terms[key] = _together(rows)
        return self._terms[key]

    def is_frozen(self, rows: list[ReplenishmentPolicy]) -> bool:
        return any(
            row.is_frozen and (row.frozen_until is None or row.frozen_until > self._on)
            for row in rows
        )

    def day_budgets(self) -> dict[int | None, Decimal]:
        """Return the budgets by warehouse; the company's under None."""
        return {
            house: row.day_budget
            for (house, category, sku), row in self._rows.items()
            if row.day_budget is not None and not category and sku is None
        }


def _together(rows: list[ReplenishmentPolicy]) -> Terms:
    said: dict[str, Any] = {
        name: next((value for row in rows if (value := getattr(row, name)) not in (None, "")), None)
        for name in INHERITED
    }
    said["rule"] = said["rule"] or PlanningRule.HYBRID
    said["fill_rate"] = said["fill_rate"] or FILL_RATE
    said["order_rhythm_days"] = said["order_rhythm_days"] or ORDER_RHYTHM_DAYS
    return Terms(**said)
