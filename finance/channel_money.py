"""Money that channels took and gave back themselves, put into our books."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_noop

from backoffice.core.events import on
from backoffice.core.models import Event
from backoffice.core.money import round_amount
from finance.choices import PENDING_REFUNDS, PaymentStatus, RefundKind, RefundStatus
from finance.models import Refund
from finance.services.commands import OpenRefund, RecordPayment, RefundResult
from finance.services.payments import record_payments
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import cancel_refunds, open_refunds
from orders.choices import NewsKind
from orders.models import Order
from orders.services.channel_intake import TOLD
from orders.services.channel_news import News, queue_news

PROVIDER = "channel"
GIVEN_BACK = gettext_noop("given back by the channel")


def _key(event: Event, name: str) -> str:
    return f"{event.data['channel']}:{event.data[name]}"


@on("channel_order.paid")
def record_what_channels_took(events: Sequence[Event], *, now: datetime) -> None:
    """Record what customers paid to channels."""
    currencies = dict(
        Order.objects.filter(pk__any=[e.order_id for e in events]).values_list("pk", "currency")
    )
    commands = [
        RecordPayment(
            PROVIDER,
            _key(e, "payment"),
            PaymentStatus.CAPTURED,
            Decimal(e.data["amount"]),
            currencies[e.order_id or 0],
            order_id=e.order_id,
            at=e.occurred_at,
        )
        for e in events
    ]
    recorded = record_payments(commands, now=now)
    for reasons in recorded.refused.values():
        raise ValueError(" ".join(reasons))


@on("channel_order.refunded")
def record_what_channels_gave_back(events: Sequence[Event], *, now: datetime) -> None:
    """Record what channels gave back: a refund that waits for it, else one of its own."""
    waiting = Refund.objects.filter(
        order_id__any=[e.order_id for e in events],
        status__in=PENDING_REFUNDS,
        payment__provider=PROVIDER,
    )
    free: dict[int, dict[int, Decimal]] = {}
    for pk, order_id, amount in waiting.order_by("pk").values_list("pk", "order_id", "amount"):
        free.setdefault(order_id, {})[pk] = amount
    done: dict[int, Event] = {}
    new: list[Event] = []
    stale: list[int] = []
    for event in events:
        mine = free.get(event.order_id or 0, {})
        fitting = [pk for pk, amount in mine.items() if amount == Decimal(event.data["amount"])]
        if fitting:
            done[fitting[0]] = event
            del mine[fitting[0]]
        else:
            new.append(event)
            stale += mine
    # What was to be given back is another amount than what was: that one counts.
    cancel_refunds(sorted(set(stale) - set(done)), now=now, reason=GIVEN_BACK)
    done |= _open(new, now=now)
    send_refunds(list(done), now=now)
    results = [
        RefundResult(pk, RefundStatus.SUCCEEDED, _key(event, "refund"), at=event.occurred_at)
        for pk, event in done.items()
    ]
    record_refund_results(results, now=now, reason=GIVEN_BACK)


def _open(events: Sequence[Event], *, now: datetime) -> dict[int, Event]:
    """Open refunds of lines; what is more than they cost is goodwill."""
    made: dict[int, Event] = {}
    for kind in (RefundKind.LINE, RefundKind.GOODWILL):
        commands = [
            OpenRefund(
                event.order_id or 0,
                kind,
                Decimal(event.data["amount"]),
                reason=GIVEN_BACK,
                key=_key(event, "refund"),
                is_settled=True,
            )
            for event in events
        ]
        opened = open_refunds(commands, now=now)
        ids = opened.existing | opened.created
        made |= {pk: events[n] for n, pks in ids.items() for pk in pks}
        events = [events[n] for n in opened.refused]
    for reasons in opened.refused.values():
        raise ValueError(" ".join(reasons))
    return made


@on("refund.approved")
def ask_channels_to_give_back(events: Sequence[Event], *, now: datetime) -> None:
    """Tell channels what is to be given back of what they took; their own report ends it.

    A channel that cancelled an order gives its money back by itself.
    """
    refunds = Refund.objects.filter(
        pk__any=[e.subject_id for e in events],
        status=RefundStatus.APPROVED,
        payment__provider=PROVIDER,
    )
    cancelled_there = Event.objects.filter(kind="order.cancelled", reason=TOLD)
    orders = refunds.values("order_id")
    theirs = set(cancelled_there.filter(order_id__in=orders).values_list("order_id", flat=True))
    news = [
        News(order_id, NewsKind.REFUNDED, number, {"amount": str(round_amount(amount, currency))})
        for order_id, number, amount, currency in refunds.order_by("pk").values_list(
            "order_id", "number", "amount", "currency"
        )
        if order_id not in theirs
    ]
    queue_news(news, now=now)
