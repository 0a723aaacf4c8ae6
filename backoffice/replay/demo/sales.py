"""Customers and the order desk: orders placed, paid, held, freed, confirmed, called off."""

from collections.abc import Sequence

from backoffice.replay.demo.dice import happens, one_of
from backoffice.replay.demo.story import Story, demo_job
from finance.choices import PaymentStatus
from finance.models import Payment
from finance.services.commands import RecordPayment
from finance.services.payments import record_payments
from orders.choices import HoldReason
from orders.models import Order
from orders.services.commands import PlaceOrder
from orders.services.holds import accept_addresses, place_holds, release_holds
from orders.services.intake import place_orders
from orders.services.lifecycle import cancel_orders, confirm_orders, expire_unpaid_orders

PROVIDER, BANK = "sandbox", "bank"
METHODS = ("card", "card", "wallet", "transfer")
# A home's order above this is looked at, in the currency of the channel.
RISKY = {"EUR": 260, "CNY": 1900}


def place(story: Story, commands: Sequence[PlaceOrder]) -> list[int]:
    """Place orders, and hold those that somebody has to look at."""
    if not commands:
        return []
    with demo_job():
        placed = place_orders(commands, now=story.now, reason="demo")
    if placed.refused:
        raise RuntimeError(f"The demo makes orders that are refused: {placed.refused}")
    ids = list(placed.created.values())
    street = [placed.created[n] for n in placed.created if not commands[n].ship_to.line1]
    orders = Order.objects.filter(pk__any=ids, channel__payment_terms="PREPAID")
    risky = [
        pk
        for pk, currency, total, key in orders.order_by("pk").values_list(
            "pk", "currency", "total_amount", "external_id"
        )
        if total > RISKY[currency] and happens(0.6, story.seed, "risk", key)
    ]
    with story.role("orderdesk"):
        if street:
            place_holds(street, now=story.now, hold=HoldReason.ADDRESS, reason="no street")
        risky = [pk for pk in risky if pk not in street]
        if risky:
            place_holds(risky, now=story.now, hold=HoldReason.FRAUD, reason="first large order")
    return ids


def pay(story: Story) -> int:
    """Let the provider capture what customers have paid; some cards fail, some never pay."""
    waiting = Payment.objects.filter(status=PaymentStatus.PENDING, provider=PROVIDER)
    commands = []
    for payment in waiting.select_related("order").order_by("order__placed_at", "pk"):
        key = (story.seed, payment.order.external_id)
        at = story.after(payment.order.placed_at, 0.003, 1.5, payment.order.external_id, "pays")
        if happens(0.02, *key, "never pays") or not story.has_come(at):
            continue
        fails = happens(0.015, *key, "card fails")
        commands.append(
            RecordPayment(
                PROVIDER,
                f"pay_past_{payment.order.external_id}",
                PaymentStatus.FAILED if fails else PaymentStatus.CAPTURED,
                payment.amount,
                payment.currency,
                reference=payment.number,
                method=one_of(METHODS, *key, "method"),
                at=at,
                failure="card declined" if fails else "",
            )
        )
    if commands:
        with demo_job():
            record_payments(commands, now=story.now, reason="demo")
    return len(commands)


def pay_accounts(story: Story) -> int:
    """Let firms pay for what was delivered to them, some weeks after."""
    owed = Order.objects.filter(
        channel__payment_terms="ON_ACCOUNT",
        origin="DEMO",
        delivered_at__isnull=False,
        captured_amount=0,
        status__in=["RELEASED", "COMPLETED"],
    )
    due = story.turn(
        owed.order_by("-delivered_at", "-pk"),
        lambda order: story.after(order.delivered_at, 12, 0.4, order.external_id, "pays"),
    )
    commands = [
        RecordPayment(
            BANK,
            f"transfer-{order.external_id}",
            PaymentStatus.CAPTURED,
            order.total_amount,
            order.currency,
            order_id=order.pk,
            method="transfer",
        )
        for order in due
    ]
    if commands:
        with story.role("finance"):
            record_payments(commands, now=story.now, reason="bank statement")
    return len(commands)


def call_off(story: Story) -> int:
    """Let some customers change their mind before their order is picked."""
    fresh = Order.objects.filter(
        origin="DEMO",
        status__in=["PENDING", "CONFIRMED", "RELEASED"],
        picking_started_at=None,
        placed_at__gte=story.since - story.day,
    )
    times = {}
    for pk, key, placed_at in fresh.order_by("pk").values_list("pk", "external_id", "placed_at"):
        at = story.after(placed_at, 0.08, 0.8, key, "regrets")
        if happens(0.02, story.seed, key, "regret") and story.is_due(at):
            times[pk] = at
    if times:
        with demo_job():
            cancel_orders(list(times), now=story.now, reason="the customer asked", times=times)
    return len(times)


def clear_holds(story: Story) -> int:
    """Free what was held for a while; some of it turns out to be fraud."""
    held = Order.objects.filter(
        origin="DEMO", status__in=["PENDING", "CONFIRMED"], open_holds__gt=0
    ).order_by("-placed_at", "-pk")
    rows = held.values_list("pk", "external_id", "placed_at")
    good: list[int] = []
    bad: list[int] = []
    for pk, key, _at in story.turn(
        rows, lambda row: story.after(row[2], 0.6, 0.7, row[1], "looked at"), keep=3
    ):
        (bad if happens(0.15, story.seed, key, "fraud") else good).append(pk)
    with story.role("orderdesk"):
        if good:
            accept_addresses(good, now=story.now, reason="clarified with the customer")
            release_holds(good, now=story.now, reason="clarified with the customer")
        if bad:
            cancel_orders(bad, now=story.now, reason="could not be clarified")
    return len(good) + len(bad)


def confirm_by_hand(story: Story) -> int:
    """Confirm the orders of channels whose orders the desk looks at."""
    waiting = Order.objects.filter(
        origin="DEMO", status="PENDING", open_holds=0, channel__confirms_by_itself=False
    ).order_by("-placed_at", "-pk")
    rows = waiting.values_list("pk", "external_id", "placed_at")
    due = story.turn(rows, lambda row: story.after(row[2], 0.1, 0.5, row[1], "checked"), keep=2)
    ids = [row[0] for row in due]
    if ids:
        with story.role("orderdesk"):
            confirm_orders(ids, now=story.now, reason="checked")
    return len(ids)


def expire(story: Story) -> int:
    """Call off what was never paid."""
    with demo_job():
        return len(expire_unpaid_orders(now=story.now).moved)
