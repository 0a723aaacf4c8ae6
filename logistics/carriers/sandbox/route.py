"""What becomes of a sandbox parcel: drawn once from its number, pure."""

import random
from dataclasses import dataclass

HUBS = ["North hub", "Central hub", "Airport hub", "South hub", "River depot"]


@dataclass(frozen=True, slots=True)
class Odds:
    """How often things go wrong, as shares of one."""

    loss: float = 0.01
    attempt_failed: float = 0.08
    returned: float = 0.02
    damaged: float = 0.01
    customs_held: float = 0.2


@dataclass(frozen=True, slots=True)
class Step:
    """A scan to come: so many carrier days after the label."""

    days: float
    code: str
    description: str
    location: str = ""


def draw_route(seed: str, odds: Odds, *, express: bool = False, abroad: bool = False) -> list[Step]:
    """Return a parcel's scans in order; the same seed and odds give the same."""
    dice = random.Random(seed)  # noqa: S311
    pace = (0.5 if express else 1.0) * (2.0 if abroad else 1.0)
    at = dice.uniform(0.05, 0.4)
    steps = [
        Step(0, "INFO", "Shipping data received"),
        Step(at, "ACCEPTED", "Parcel accepted", dice.choice(HUBS)),
    ]
    if dice.random() < odds.loss:
        return [*steps, Step(at + 12 * pace, "LOST", "Parcel cannot be found")]
    for _ in range(dice.randint(1, 3)):
        at += dice.lognormvariate(-0.6, 0.5) * pace
        steps.append(Step(at, "DEPARTED", "Parcel left the hub", dice.choice(HUBS)))
    if abroad:
        at += 0.3
        if dice.random() < odds.customs_held:
            steps.append(Step(at, "CUSTOMS_HELD", "Held by customs", "Border"))
            at += dice.uniform(1, 4)
        steps.append(Step(at, "CUSTOMS_CLEARED", "Cleared by customs", "Border"))
    if dice.random() < odds.damaged:
        at += 0.2
        steps.append(Step(at, "DAMAGED", "Parcel is damaged", dice.choice(HUBS)))
    at += dice.uniform(0.2, 0.6) * pace
    steps.append(Step(at, "OUT_FOR_DELIVERY", "Out for delivery", "Depot"))
    if dice.random() < odds.attempt_failed:
        at += 0.2
        steps.append(Step(at, "ATTEMPT_FAILED", "Nobody at home", "Door"))
        at += 0.8
        steps.append(Step(at, "OUT_FOR_DELIVERY", "Out for delivery again", "Depot"))
    at += dice.uniform(0.1, 0.35)
    if dice.random() < odds.returned:
        steps.append(Step(at, "RETURNING", "Refused by the recipient", "Door"))
        return [*steps, Step(at + 2 * pace, "RETURNED", "Returned to the sender", "Origin")]
    return [*steps, Step(at, "DELIVERED", "Delivered", "Door")]
