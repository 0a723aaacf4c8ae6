"""Simulations: replayed as a job, adopted into the policy, taken back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import current_actor, service
from backoffice.core.events import Fact, emit
from backoffice.core.jobs import bulk_action, start_job
from backoffice.core.sql import insert_rows
from backoffice.core.states import Outcome
from inventory.choices import SimulatedPolicy
from inventory.models import ReplenishmentPolicy, Simulation, SimulationCurve, Warehouse
from inventory.planning.simulation import Replayed, TooShortError, replay_peers, replay_policies
from inventory.services.calibration import current_curve, scattered
from inventory.services.candidates import Candidates, read_assortment, read_candidates
from inventory.states import SIMULATION

ACTION = "inventory.simulationcurve.replay"
SAMPLE = 1000  # SKUs that speak for a larger scope
CHANGES = ("rule", "fill_rate", "order_rhythm_days")
TOO_SHORT = _("There are fewer than 56 days of history to replay: try again when there are more.")
NOBODY = _("No SKU in this scope has a policy and a supplier: give it both first.")
WHY = _("Say why: the reason is kept with the policy.")
NOTHING = _("Nothing of the policy was changed: a lead time is the supplier's.")
NOT_REPLAYED = _("It could not be replayed, so nobody knows what it would do.")
CHANGED_SINCE = _("The policy was changed since it was adopted: look at it there.")


@dataclass(frozen=True, slots=True)
class Simulate:
    """A change to be replayed in a scope; what is empty stays as it is."""

    warehouse_id: int | None = None
    category: str = ""
    rule: str = ""
    fill_rate: Decimal | None = None
    order_rhythm_days: int | None = None
    lead_time_days: int | None = None


@service
def start_simulations(
    commands: Sequence[Simulate], *, now: datetime, reason: str = ""
) -> list[int]:
    """Queue replays of changes; a job of whoever acts does them curve by curve."""
    names = Simulate.__dataclass_fields__
    columns = {name: [getattr(c, name) for c in commands] for name in names}
    ids = [row[0] for row in insert_rows(Simulation, columns)]
    kinds = SimulatedPolicy.values
    curves = insert_rows(
        SimulationCurve,
        {
            "simulation_id": [pk for pk in ids for _kind in kinds],
            "policy": [kind for _pk in ids for kind in kinds],
        },
    )
    emit("simulation.started", [Fact(pk) for pk in ids])
    each = len(kinds)
    for n, pk in enumerate(ids):
        chosen = [row[0] for row in curves[n * each : (n + 1) * each]]
        job = start_job(ACTION, chosen, user_id=current_actor().user_id, reason=reason)
        Simulation.objects.filter(pk=pk).update(job=job)
    return ids


@service
def replay_curves(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Replay curves of simulations; the last of a simulation finishes it."""
    outcome = Outcome()
    curves = SimulationCurve.objects.filter(pk__any=ids).select_related("simulation")
    for curve in curves.order_by("pk"):
        result = _replay(curve, now=now)
        if "error" in result:
            outcome.block([curve.pk], str(result["error"]))
        else:
            outcome.moved.append(curve.pk)
        SimulationCurve.objects.filter(pk=curve.pk).update(result=result)
    of = {curve.simulation_id for curve in curves}
    open_ = SimulationCurve.objects.filter(simulation_id__in=of, result={})
    SIMULATION.apply(sorted(of - set(open_.values_list("simulation_id", flat=True))), "finish")
    return outcome


bulk_action(ACTION, _("Replay"), replay_curves, chunk=1)


def _replay(curve: SimulationCurve, *, now: datetime) -> dict[str, Any]:
    simulation = curve.simulation
    is_changed = curve.policy == SimulatedPolicy.CHANGED
    houses = Warehouse.objects.filter(is_active=True).order_by("pk")
    if simulation.warehouse_id:
        houses = houses.filter(pk=simulation.warehouse_id)
    found = read_candidates(
        list(houses.values_list("pk", flat=True)),
        now=now,
        instead=policy_of(simulation) if is_changed else None,
    )
    category = simulation.category
    chosen = [n for n, row in enumerate(found.rows) if category in ("", row.category)]
    if not chosen:
        return {"error": str(NOBODY)}
    # The knob is the company's as it is; a change moves along it.
    knob = current_curve(found, now=now).curve
    drawn = found.only(scattered(found, chosen)[:SAMPLE])
    known = read_assortment(drawn, now=now)
    if is_changed and simulation.lead_time_days:
        sample = np.full(1, simulation.lead_time_days + 1)
        known = replace(known, lead_times=[sample] * len(drawn.rows))
    try:
        done = (
            replay_peers(known)
            if curve.policy == SimulatedPolicy.PEERS
            else replay_policies(
                known, knob, drawn.term("minimum", missing=-1), drawn.term("maximum", missing=-1)
            )
        )
    except TooShortError:
        return {"error": str(TOO_SHORT)}
    return _to_json(done, drawn, len(chosen), found.frozen)


def _to_json(done: Replayed, drawn: Candidates, count: int, frozen: int) -> dict[str, Any]:
    points = [
        {
            "fill": round(float(done.fill[n]), 5),
            "inventory": round(float(done.inventory[n]), 2),
            "order_lines": int(done.order_lines[n]),
            "short_days": int(done.short_days[n]),
        }
        for n in range(len(done.fill))
    ]
    fills = drawn.term("fill_rate")
    return {
        "points": points[:-1],
        "here": points[-1],
        "asked_value": round(done.asked, 2),
        "asked_fill": round(float(fills.mean()), 4),
        "days": done.days,
        "skus": done.rows,
        "left_out": {
            "young": len(drawn.rows) - done.rows,
            "not_drawn": count - len(drawn.rows),
            "frozen": frozen,
        },
    }


def policy_of(simulation: Simulation) -> ReplenishmentPolicy:
    """Return the policy of the simulation's scope as it would be, not saved."""
    policy = _policies(simulation).first() or ReplenishmentPolicy(
        warehouse_id=simulation.warehouse_id, category=simulation.category
    )
    policy.is_active = True
    for name in CHANGES:
        if getattr(simulation, name) not in ("", None):
            setattr(policy, name, getattr(simulation, name))
    return policy


def _policies(simulation: Simulation) -> QuerySet[ReplenishmentPolicy]:
    of_category = ReplenishmentPolicy.objects.filter(category=simulation.category, sku__isnull=True)
    if simulation.warehouse_id is None:
        return of_category.filter(warehouse__isnull=True)
    return of_category.filter(warehouse_id=simulation.warehouse_id)


@service
def adopt_simulations(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Write changes into the policies of their scopes; what they replace is kept."""
    outcome = SIMULATION.check(ids, "adopt")
    of_change = SimulationCurve.objects.filter(policy=SimulatedPolicy.CHANGED)
    told = of_change.filter(simulation_id__in=outcome.moved, result__has_key="points")
    known = set(told.values_list("simulation_id", flat=True))
    outcome.block([pk for pk in outcome.moved if pk not in known], NOT_REPLAYED)
    policies: dict[int, int] = {}
    for simulation in Simulation.objects.filter(pk__any=outcome.moved).order_by("pk"):
        if not reason.strip():
            outcome.block([simulation.pk], WHY)
            continue
        if all(getattr(simulation, name) in ("", None) for name in CHANGES):
            outcome.block([simulation.pk], NOTHING)
            continue
        policy = policy_of(simulation)
        former = _kept(simulation)
        policy.save()
        policies[simulation.pk] = policy.pk
        Simulation.objects.filter(pk=simulation.pk).update(former=former)
    SIMULATION.move(
        outcome.moved, "adopt", data={pk: {"policy_id": to} for pk, to in policies.items()}
    )
    return outcome


def _kept(simulation: Simulation) -> dict[str, Any]:
    row = _policies(simulation).values(*CHANGES, "is_active").first()
    if row is None:
        return {"rule": "", "fill_rate": None, "order_rhythm_days": None, "is_active": False}
    return row | {"fill_rate": None if row["fill_rate"] is None else str(row["fill_rate"])}


@service
def take_back_simulations(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Put the policies back that adopted changes replaced, where they still are as adopted."""
    outcome = SIMULATION.check(ids, "take_back")
    policies: dict[int, int] = {}
    for simulation in Simulation.objects.filter(pk__any=outcome.moved).order_by("pk"):
        policy = _policies(simulation).first()
        changed = [n for n in CHANGES if getattr(simulation, n) not in ("", None)]
        if policy is None or any(getattr(policy, n) != getattr(simulation, n) for n in changed):
            outcome.block([simulation.pk], CHANGED_SINCE)
            continue
        for name in (*changed, "is_active"):
            value = simulation.former[name]
            is_rate = name == "fill_rate" and value is not None
            setattr(policy, name, Decimal(value) if is_rate else value)
        policy.save()
        policies[simulation.pk] = policy.pk
    SIMULATION.move(
        outcome.moved, "take_back", data={pk: {"policy_id": to} for pk, to in policies.items()}
    )
    return outcome
