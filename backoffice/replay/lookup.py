"""Finds what facts are about."""

from collections.abc import Mapping, Sequence

from backoffice.replay.engine import Played
from orders.models import Order
from orders.states import ORDER

NOT_PLACED = "the order was not taken in"


def orders_of(channel: str, played: Sequence[Played]) -> dict[str, int]:
    """Return the orders that facts are about, by the source's key."""
    rows = Order.objects.filter(
        channel__code=channel, external_id__any=sorted({p.order for p in played})
    )
    return dict(rows.values_list("external_id", "pk"))


def missing(played: Sequence[Played], orders: Mapping[str, int]) -> dict[int, str]:
    """Refuse facts about orders that are not there."""
    return {p.message.pk: NOT_PLACED for p in played if p.order not in orders}


def why_not(order_ids: Sequence[int], status: str) -> dict[int, str]:
    """Say why orders are not in a status that a fact needs, in the machine's own words."""
    verb = {"CONFIRMED": "confirm", "RELEASED": "release"}
    rows = Order.objects.filter(pk__any=list(order_ids)).exclude(status__in=[status, "COMPLETED"])
    reasons = {}
    for pk, now in rows.values_list("pk", "status"):
        name = "confirm" if now == "PENDING" else verb.get(status, "release")
        explained = {e.transition.name: e for e in ORDER.explain(pk)}[name]
        words = " ".join(str(r) for r in explained.reasons)
        reasons[pk] = f"the order is {now}: {words}"[:300]
    return reasons
