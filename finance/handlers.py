"""What finance does when something happened below or to its own documents."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import F
from django.utils.translation import gettext_noop

from backoffice.core.actor import acting
from backoffice.core.choices import Origin
from backoffice.core.events import on
from backoffice.core.models import Event
from finance.choices import PENDING_REFUNDS, PaymentStatus, RefundKind, RefundStatus
from finance.models import Payment, Refund
from finance.providers.registry import configured_adapters
from finance.services.clearing import WRITE_OFF, carry_out_approved, resume_exceptions
from finance.services.commands import OpenRefund, RefundPart, RefundResult
from finance.services.invoices import issue_credit_notes, issue_invoices
from finance.services.payments import void_payments
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import open_refunds, refund_cancelled_lines, refund_overpaid
from finance.services.requests import request_payments
from finance.services.settlement import queue_settlements
from logistics.models import Parcel
from orders.choices import OrderStatus
from orders.models import Order
from orders.services.returns import close_returns

OUTSIDE = "imported: nobody was called"


def _orders(events: Sequence[Event]) -> list[int]:
    return sorted({e.order_id for e in events if e.order_id is not None})


def _imported(events: Sequence[Event]) -> bool:
    return events[0].origin == Origin.IMPORT


def _pay_imported(refund_ids: Sequence[int], *, now: datetime) -> None:
    """Record refunds of imported orders as paid: their money went back where they come from."""
    sent = send_refunds(refund_ids, now=now, reason=OUTSIDE)
    results = [RefundResult(pk, RefundStatus.SUCCEEDED, "imported") for pk in sent.moved]
    record_refund_results(results, now=now, reason=OUTSIDE)


@on("order.placed")
def ask_to_be_paid(events: Sequence[Event], *, now: datetime) -> None:
    """Ask a provider for the money of prepaid orders that came without."""
    if not _imported(events):
        request_payments(_orders(events), now=now, providers=configured_adapters())


@on("order.edited")
def follow_the_total(events: Sequence[Event], *, now: datetime) -> None:
    """Ask for the new total instead of the old one, and give back what is too much."""
    ids = _orders([e for e in events if e.data["total"] != e.data["was"]])
    waiting = Payment.objects.filter(order_id__any=ids, status=PaymentStatus.PENDING)
    void_payments(
        list(waiting.order_by("pk").values_list("pk", flat=True)),
        now=now,
        reason=gettext_noop("order edited"),
    )
    if not _imported(events):
        request_payments(ids, now=now, providers=configured_adapters())
    refund_overpaid(ids, now=now, reason=gettext_noop("order edited"))


@on("order.cancelled", "payment.captured")
def refund_cancelled(events: Sequence[Event], *, now: datetime) -> None:
    """Give back what was paid for cancelled orders, also where the money came later."""
    cancelled = Order.objects.filter(pk__any=_orders(events), status=OrderStatus.CANCELLED)
    ids = list(cancelled.order_by("pk").values_list("pk", flat=True))
    if not ids:
        return
    lost = given_up_orders(ids)
    held = Payment.objects.filter(
        order_id__any=ids, status__in=[PaymentStatus.PENDING, PaymentStatus.AUTHORISED]
    )
    void_payments(
        list(held.values_list("pk", flat=True)), now=now, reason=gettext_noop("order cancelled")
    )
    commands = [
        OpenRefund(pk, RefundKind.CANCELLATION, reason=gettext_noop("order cancelled"))
        for pk in ids
        if pk not in lost
    ]
    opened = open_refunds(commands, now=now)
    if _imported(events):
        _pay_imported([pk for created in opened.created.values() for pk in created], now=now)


@on("order.given_up", "order.cancelled", "payment.captured")
def refund_given_up(events: Sequence[Event], *, now: datetime) -> None:
    """Give back what was paid for units that left and never arrive.

    Unlike what is cancelled in house, such a refund waits for a second person by the policy.
    """
    cancelled = {
        int(line): Decimal(cost) for e in events for line, cost in e.data.get("lines", {}).items()
    }
    ids = sorted(given_up_orders(_orders(events)))
    refund_cancelled_lines(ids, cancelled, now=now, reason=gettext_noop("parcel given up"))


def given_up_orders(order_ids: Sequence[int]) -> set[int]:
    """Return the orders of which a parcel was given up."""
    parcels = Parcel.objects.filter(shipment__order_id__any=order_ids, given_up_at__isnull=False)
    return set(parcels.values_list("shipment__order_id", flat=True))


@on("payment.captured")
def withdraw_requests(events: Sequence[Event], *, now: datetime) -> None:
    """Withdraw what still waits to be paid for orders that are paid in full by another way."""
    paid = Order.objects.filter(pk__any=_orders(events), captured_amount__gte=F("total_amount"))
    waiting = Payment.objects.filter(
        order_id__any=list(paid.values_list("pk", flat=True)), status=PaymentStatus.PENDING
    )
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    if ids:
        void_payments(ids, now=now, reason=gettext_noop("paid by another way"))


@on("return.received")
def refund_returned(events: Sequence[Event], *, now: datetime) -> None:
    """Give back what came back, as far as it was paid; close returns that cost nothing."""
    commands = [
        OpenRefund(
            e.order_id or 0,
            RefundKind.RETURN,
            reason=gettext_noop("goods returned"),
            lines=[RefundPart(int(pk), Decimal(cost)) for pk, cost in e.data["lines"].items()],
            return_id=e.subject_id,
            key=f"return:{e.subject_id}",
            is_capped=True,
        )
        for e in sorted(events, key=lambda e: e.subject_id)
        if e.data.get("lines")
    ]
    opened = open_refunds(commands, now=now)
    waiting = {commands[n].return_id for n in {**opened.created, **opened.existing}}
    close_returns(
        [e.subject_id for e in events if e.subject_id not in waiting],
        now=now,
        reason=gettext_noop("nothing to refund"),
    )
    if _imported(events):
        _pay_imported([pk for created in opened.created.values() for pk in created], now=now)


@on("refund.approved")
def give_credit(events: Sequence[Event], *, now: datetime) -> None:
    """Let customers on account owe less; no provider is asked, for no money moves."""
    credits = Refund.objects.filter(pk__any=[e.subject_id for e in events], payment=None)
    ids = credits.filter(status=RefundStatus.APPROVED).order_by("pk").values_list("pk", flat=True)
    record_refund_results([RefundResult(pk, RefundStatus.SUCCEEDED) for pk in ids], now=now)


@on("refund.succeeded")
def close_refunded_returns(events: Sequence[Event], *, now: datetime) -> None:
    """Close returns when the last of their refunds has arrived."""
    returns = {e.data["return"] for e in events if e.data.get("return")}
    waiting = Refund.objects.filter(goods_return_id__any=list(returns), status__in=PENDING_REFUNDS)
    done = returns - set(waiting.values_list("goods_return_id", flat=True))
    close_returns(sorted(done), now=now, reason=gettext_noop("refunded"))


@on("order.delivered")
def bill_delivered(events: Sequence[Event], *, now: datetime) -> None:
    """Put delivered orders in line for settlement and issue their invoices."""
    if _imported(events):
        # The importer settles at its own time; imported orders were invoiced where they come from.
        return
    ids = _orders(events)
    queue_settlements(ids, now=now)
    issue_invoices(ids, now=now)


@on("refund.succeeded", "invoice.issued")
def credit_refunded(events: Sequence[Event], *, now: datetime) -> None:
    """Issue the credit notes of invoiced orders whose money went back."""
    issue_credit_notes(_orders(events), now=now)


@on("approval.approved")
def write_off_approved(events: Sequence[Event], *, now: datetime) -> None:
    """Write off what a second person agreed to, in their name; what cannot be is open again."""
    for event in _write_offs(events):
        ids = [event.data["subject_id"]]
        with acting(event.actor_id, request_id=event.request_id, origin=event.origin):
            if carry_out_approved(ids, now=now, reason=event.reason).blocked:
                resume_exceptions(ids, now=now, reason=event.reason)


@on("approval.rejected", "approval.withdrawn")
def open_refused(events: Sequence[Event], *, now: datetime) -> None:
    """Open the exceptions again that a second person refused to write off."""
    for event in _write_offs(events):
        with acting(event.actor_id, request_id=event.request_id, origin=event.origin):
            resume_exceptions([event.data["subject_id"]], now=now, reason=event.reason)


def _write_offs(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event.data.get("kind") == WRITE_OFF]
