"""Payments, refunds and payouts to be made; each is one service call for all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.core.api.creation import Made
from backoffice.core.api.references import ids_of
from backoffice.core.states import Text
from finance.models import SellerStatement
from finance.services.commands import OpenRefund, RecordPayment, RefundPart
from finance.services.payments import record_payments
from finance.services.payouts import create_payouts
from finance.services.refunds import open_refunds
from orders.models import Order

NOT_PAYABLE = _("It is not the latest statement of its seller, or has a payout already.")


def _orders(items: Sequence[dict[str, Any]]) -> dict[str, int]:
    return ids_of(Order.objects.all(), "order_number", (item["order"] for item in items))


def record(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Record payments; the same report again is the first payment."""
    orders = _orders(items)
    commands = [
        RecordPayment(order_id=orders.get(order, 0), **rest)
        for order, rest in (_split(item) for item in items)
    ]
    done = record_payments(commands, now=now)
    return Made.of(done.created, done.changed | done.unchanged, done.refused)


def open_(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Open refunds, several where several payments have to give; the same key opens once."""
    orders = _orders(items)
    commands = []
    for item in items:
        order, rest = _split(item)
        parts = [RefundPart(**part) for part in rest.pop("lines", [])]
        commands.append(OpenRefund(order_id=orders.get(order, 0), lines=parts, **rest))
    opened = open_refunds(commands, now=now)
    return Made(opened.created, opened.existing, opened.refused)


def _split(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return item["order"], {name: value for name, value in item.items() if name != "order"}


def propose(items: Sequence[dict[str, Any]], *, now: datetime) -> Made:
    """Propose payouts of sellers' latest statements; a second person approves them."""
    named = [item["statement"] for item in items]
    statements = ids_of(SellerStatement.objects.all(), "number", named)
    proposed = create_payouts(sorted(statements.values()), now=now)
    created: dict[int, list[int]] = {}
    refused: dict[int, list[Text]] = {}
    for n, number in enumerate(named):
        pk = statements.get(number, 0)
        if pk in proposed.created and number not in named[:n]:
            created[n] = [proposed.created[pk]]
        else:
            refused[n] = [proposed.skipped.get(pk, NOT_PAYABLE)]
    return Made(created, {}, refused)
