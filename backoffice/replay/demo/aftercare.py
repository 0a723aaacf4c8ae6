"""What comes after the delivery: goods that come back, money that goes back, sellers' money."""

from backoffice.replay.demo.dice import dice, happens, one_of
from backoffice.replay.demo.story import Story, demo_job
from backoffice.replay.demo.words import REASONS
from finance.choices import RefundKind, RefundStatus
from finance.models import Payout, Refund
from finance.services.commands import OpenRefund, RefundResult
from finance.services.payouts import approve_payouts, create_payouts, pay_payouts, send_payouts
from finance.services.periods import open_periods
from finance.services.refund_results import claim_refunds, record_refund_results
from finance.services.refunds import approve_refunds, cancel_refunds, open_refunds
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from logistics.models import DeliveryException
from orders.models import Order, Return
from orders.services.returns import (
    ReceivedLine,
    RequestedLine,
    RequestReturn,
    receive_returns,
    request_returns,
)


def send_back(story: Story, *, share: float = 0.06) -> int:
    """Let some customers announce that they send something back."""
    lately = Order.objects.filter(
        origin="DEMO",
        delivered_at__gte=story.now - 24 * story.day,
        delivered_at__lt=story.now,
        returned_quantity=0,
        channel__payment_terms="PREPAID",
    ).prefetch_related("lines")
    commands = []
    for order in lately.order_by("delivered_at", "pk"):
        key = (story.seed, order.external_id, "sends back")
        at = story.after(order.delivered_at, 4, 0.5, *key[1:])
        if not happens(share, *key, "at all") or not story.is_due(at):
            continue
        items = [line for line in order.lines.all() if line.kind == "ITEM" and line.delivered]
        items.sort(key=lambda line: line.position)
        if items:
            line = one_of(items, *key, "what")
            units = dice(*key, "units").randint(1, line.delivered)
            asked = RequestedLine(line.pk, units, one_of(REASONS, *key, "why"))
            commands.append(RequestReturn(order.pk, [asked], f"back-{order.external_id}", at))
    if commands:
        with demo_job():
            request_returns(commands, now=story.now)
    return len(commands)


def take_back(story: Story) -> int:
    """Receive what was sent back; a part of it is damaged."""
    announced = Return.objects.filter(origin="DEMO", status="REQUESTED").prefetch_related("lines")
    ids, received = [], []
    for parcel in story.turn(
        announced.order_by("-requested_at", "-pk"),
        lambda back: story.after(back.requested_at, 5, 0.3, back.external_id, "comes back"),
        keep=2,
    ):
        is_damaged = happens(0.2, story.seed, parcel.external_id, "damaged")
        ids.append(parcel.pk)
        for line in parcel.lines.all():
            damaged = line.quantity if is_damaged else 0
            received.append(ReceivedLine(line.pk, line.quantity - damaged, damaged))
    if ids:
        with story.role("warehouse"):
            receive_returns(ids, now=story.now, received=received)
    return len(ids)


def make_good(story: Story) -> int:
    """Give the money of lost parcels back once they have been cleared up."""
    lost = DeliveryException.objects.filter(origin="DEMO", kind="LOST", status="RESOLVED")
    rows = lost.filter(parcel__status="LOST", order__captured_amount__gt=0, order__refunds=None)
    orders = sorted(set(rows.values_list("order_id", flat=True)))[: story.most]
    if orders:
        with story.role("service"):
            open_refunds(
                [
                    OpenRefund(pk, RefundKind.LINE, reason="parcel lost", key="lost")
                    for pk in orders
                ],
                now=story.now,
            )
    return len(orders)


def decide_refunds(story: Story) -> int:
    """Decide on refunds that wait for a second person."""
    asked = Refund.objects.filter(origin="DEMO", status=RefundStatus.REQUESTED)
    newest = asked.order_by("-created_at", "-pk").values_list(
        "pk", "order__external_id", "created_at"
    )
    yes: list[int] = []
    no: list[int] = []
    for pk, key, _at in story.turn(
        newest, lambda row: story.after(row[2], 0.7, 0.6, row[1], "decided"), keep=2
    ):
        (no if happens(0.06, story.seed, key, "refused") else yes).append(pk)
    with story.role("finance"):
        if yes:
            approve_refunds(yes, now=story.now)
        if no:
            cancel_refunds(no, now=story.now, reason="not owed")
    return len(yes) + len(no)


def pay_back(story: Story, provider: str) -> int:
    """Let the provider pay approved refunds."""
    with demo_job():
        sent = claim_refunds(now=story.now, providers=[provider], limit=500)
        results = [
            RefundResult(pk, RefundStatus.SUCCEEDED, f"ref_past_{pk}", at=story.now) for pk in sent
        ]
        if results:
            record_refund_results(results, now=story.now)
    return len(sent)


def close_the_day(story: Story) -> None:
    """Settle what is due, close sellers' periods, propose payouts, open the month's books."""
    with demo_job():
        open_periods(now=story.now)
        settle_orders(None, now=story.now)
        create_statements(now=story.now)
        create_payouts(None, now=story.now)


def pay_sellers(story: Story) -> int:
    """Approve payouts, hand them to the bank, and hear from it."""
    payouts = Payout.objects.filter(origin="DEMO").order_by("-created_at", "-pk")
    drafts = payouts.filter(status="DRAFT").values_list("pk", "created_at", "seller__code")
    due = story.turn(
        drafts, lambda row: story.after(row[1], 0.8, 0.4, row[2], row[1], "approved"), keep=2
    )
    approved = [row[0] for row in due]
    away = payouts.filter(status="SENT").values_list("pk", "sent_at")
    sent = [row[0] for row in story.turn(away, lambda row: story.after(row[1], 1.5, 0, row[0]))]
    with story.role("finance"):
        if approved:
            approve_payouts(approved, now=story.now)
            send_payouts(approved, now=story.now)
        if sent:
            pay_payouts(sent, now=story.now)
    return len(approved) + len(sent)
