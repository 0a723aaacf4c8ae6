"""Plays a plain CSV: orders with the times of what became of them."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from backoffice.replay import stages
from backoffice.replay.engine import Played, StagePlayer
from backoffice.replay.facts import SourceFact, Stage
from finance.choices import PaymentStatus
from finance.services.commands import RecordPayment
from logistics.models import Carrier, CarrierAccount
from orders.channels.csv.parser import ParsedOrder, parse_orders
from orders.models import Order
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder
from orders.services.given import OPTIONAL, read_given

MOMENTS = {
    "paid_at": Stage.PAY,
    "shipped_at": Stage.HAND_OVER,
    "delivered_at": Stage.DELIVER,
    "cancelled_at": Stage.CANCEL,
}


def read_facts(path: Path, channel: str) -> list[SourceFact]:
    """Read a file as facts; what contradicts itself is refused."""
    with open(path, encoding="utf-8-sig", newline="") as lines:
        return [fact for order in parse_orders(lines, channel=channel) for fact in _facts(order)]


def _facts(order: ParsedOrder) -> list[SourceFact]:
    key = order.key or f"row {order.rows[0]}"
    if order.command is None:
        body = {"rows": order.rows}
        return [SourceFact(Stage.PLACE, key, key, None, body, " ".join(order.reasons))]
    facts = [SourceFact(Stage.PLACE, key, key, order.command.placed_at, asdict(order.command))]
    before, name_before = order.command.placed_at, "placed_at"
    for name, stage in MOMENTS.items():
        at = order.moments.get(name)
        if at is None:
            continue
        refusal = f"{name} is before {name_before}" if at < before else ""
        facts.append(SourceFact(stage, key, key, at, {}, refusal))
        if not refusal:
            before, name_before = at, name
    return facts


def players(channel: str) -> dict[Stage, StagePlayer]:
    """Return who plays which stage."""
    carrier, _ = Carrier.objects.get_or_create(code="import", defaults={"name": "Imported"})
    account, _ = CarrierAccount.objects.get_or_create(
        code="import", defaults={"name": "Imported", "carrier": carrier, "adapter": "manual"}
    )
    return {
        Stage.PLACE: partial(stages.place, to_command=to_command),
        Stage.PAY: partial(pay, channel=channel),
        Stage.CANCEL: partial(stages.cancel, channel=channel),
        Stage.HAND_OVER: partial(stages.hand_over, channel=channel, account=account),
        Stage.DELIVER: partial(stages.deliver, channel=channel, account=account),
    }


def to_command(played: Played) -> PlaceOrder:
    """Return a stored order as a command."""
    # Every field of the stored command counts, also one that is added later.
    values: dict[str, Any] = dict(played.body)
    values["lines"] = [
        LineData(**line | {n: _decimal(line[n]) for n in ("unit_price", "tax_rate")})
        for line in values["lines"]
    ]
    values["customer"] = CustomerData(**values["customer"])
    for name in ("ship_to", "bill_to"):
        values[name] = AddressData(**values[name]) if values[name] else None
    values["total"] = _decimal(values["total"])
    values |= {name: read_given(name, values[name]) for name in OPTIONAL if name in values}
    return PlaceOrder(**values | {"placed_at": played.at})


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def pay(played: list[Played], now: datetime, channel: str) -> stages.Reasons:
    """Pay orders in full."""
    orders = Order.objects.filter(
        channel__code=channel, external_id__any=[p.order for p in played]
    ).in_bulk(field_name="pk")
    by_key = {o.external_id: o for o in orders.values()}

    def to_payment(item: Played, order_id: int) -> RecordPayment:
        order = by_key[item.order]
        return RecordPayment(
            provider=channel,
            external_id=item.order,
            status=PaymentStatus.CAPTURED,
            amount=order.total_amount,
            currency=order.currency,
            order_id=order_id,
            at=item.at,
        )

    return stages.pay(played, now, channel, to_payment)
