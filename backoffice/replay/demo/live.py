"""Keeps the demo alive: every few seconds a little happens, as it would in a real shop.

Customers come through the doors that everybody uses: orders by the inbox, payments by the sandbox
provider, scans by the sandbox carrier, letters by the mail inbox. The demo's people work at a pace
that lets nothing pile up and leaves something in every queue.
"""

import json
import logging
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from backoffice.core.inbox import Inbound, receive_many, wake
from backoffice.core.models import InboundMessage
from backoffice.replay.demo import aftercare, carriage, outside, sales, service, stocking, warehouse
from backoffice.replay.demo.dice import count, dice
from backoffice.replay.demo.market import MARKETS, compose
from backoffice.replay.demo.story import Story
from backoffice.replay.inbox import SHOP, as_message
from backoffice.replay.models import DemoSettings
from inventory.choices import Fulfilment
from inventory.models import Warehouse
from logistics.models import PickList
from orders.models import Order
from orders.services.commands import LineData

logger = logging.getLogger(__name__)
TICK = timedelta(seconds=10)
# The day of the demo's people at speed 1.
DAY = timedelta(minutes=5)
# So many shipments are left for the visitor to pick.
LEFT_TO_PICK = 12
# After so many ticks the sandbox is told again: it may have been started anew.
TOLD_EVERY = 30
UNREADABLE, DECLINED = 0.01, 0.02
MOST_REFUSED = 3


class ActsFailedError(RuntimeError):
    """Some acts of a tick could not be done; the others were."""


def tick(settings: DemoSettings, *, now: datetime, since: datetime | None) -> str:
    """Let the demo live for one tick; what was missed before is not made up for."""
    slot = int(now.timestamp()) // int(TICK.total_seconds())
    pace = float(settings.speed)
    story = Story(settings.seed, now - TICK, now, DAY / pace, most=max(1, round(pace)))
    is_fresh = since is None or since < now - TOLD_EVERY * TICK
    if is_fresh or slot % TOLD_EVERY == 0 or settings.updated_at > now - 2 * TICK:
        outside.find_carrier(now=now)
        outside.set_pace(settings.speed)
        outside.hand_to_sandbox(now=now)
    ordered = _order(settings, story, slot)
    failed = _work(story, pace)
    if failed:
        raise ActsFailedError(f"Not done: {', '.join(failed)}. See the worker's log.")
    return f"{ordered} orders" if ordered >= 0 else "full"


def _work(story: Story, pace: float) -> list[str]:
    """Do everybody's next few things; one that fails keeps nobody from the others."""
    share = pace * (TICK / DAY)
    acts: tuple[Any, ...] = (
        partial(_write, mean=service.LETTERS * share),
        partial(service.call, mean=service.CALLS * share),
        service.rate,
        service.work,
        service.take_over,
        sales.call_off,
        sales.clear_holds,
        sales.confirm_by_hand,
        sales.pay_accounts,
        _warehouses,
        warehouse.sellers_send,
        carriage.sellers_parcels_arrive,
        carriage.see_to_exceptions,
        aftercare.send_back,
        aftercare.take_back,
        aftercare.make_good,
        aftercare.decide_refunds,
        aftercare.pay_sellers,
        stocking.top_up,
        stocking.buy,
        stocking.receive,
    )
    failed = []
    for act in acts:
        try:
            act(story)
        except Exception:
            name = getattr(act, "func", act).__name__
            logger.exception("%s failed", name)
            failed.append(name)
    return failed


def _order(settings: DemoSettings, story: Story, slot: int) -> int:
    """Let customers order, unless too much waits or the demo is full; return how many, or −1."""
    mine = Order.objects.filter(origin="DEMO")
    waiting = mine.filter(status__in=["PENDING", "CONFIRMED", "RELEASED"], shipped_at=None)
    if (
        waiting[: settings.most_waiting].count() >= settings.most_waiting
        or mine[: settings.most_orders].count() >= settings.most_orders
    ):
        return -1
    chance = dice(story.seed, "tick", slot)
    messages = []
    for n in range(count(settings.orders_per_hour * (TICK / timedelta(hours=1)), chance)):
        market = chance.choices(MARKETS, [m.orders_a_day for m in MARKETS])[0]
        command = compose(market, f"{market.prefix}{slot}-{n}", story.now, seed=story.seed)
        if chance.random() < UNREADABLE and _refused() < MOST_REFUSED:
            command = replace(command, lines=[LineData(1, f"{market.prefix}-UNKNOWN")])
        if chance.random() < DECLINED:
            outside.decline_next_card()
        messages.append(Inbound(command.external_id, json.dumps(as_message(command))))
    if messages and receive_many(SHOP, messages):
        wake()
    return len(messages)


def _refused() -> int:
    return InboundMessage.objects.filter(source=SHOP, status="REFUSED")[:MOST_REFUSED].count()


def _write(story: Story, *, mean: float) -> None:
    """Let customers write mails."""
    messages = []
    for letter in (*service.letters(story, mean), *service.write_back(story)):
        values = asdict(letter)
        body = {name: values[name] for name in ("sender", "subject", "token", "order_number")}
        body |= {"text": letter.body, "is_verified": True, "language": letter.language}
        at = letter.received_at
        messages.append(Inbound(letter.external_id, json.dumps(body), happened_at=at))
    if messages and receive_many(service.MAIL, messages):
        wake()


def _warehouses(story: Story) -> None:
    """Hand over, pack, confirm and pick a little in the manual warehouses, the last step first."""
    houses = list(
        Warehouse.objects.filter(fulfilment=Fulfilment.MANUAL, is_active=True)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    warehouse.hand_over(story, houses, now=story.now)
    warehouse.pack(story, houses, now=story.now)
    lists = PickList.objects.filter(
        origin="DEMO", warehouse_id__any=houses, status="OPEN", created_at__lt=story.since
    )
    open_lists = list(lists.order_by("pk").values_list("pk", flat=True))
    warehouse.confirm(story, open_lists[: story.most], now=story.now)
    if not open_lists:
        most = warehouse.planned(houses).count() - LEFT_TO_PICK
        most = min(most, 3 * story.most)
        warehouse.pick(story, houses, now=story.now, most=most, before=story.now)
