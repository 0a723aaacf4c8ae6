"""Workers that take in messages about the same orders at the same moment."""

import json
from functools import partial

import pytest
from django.utils import timezone

from backoffice.core import inbox
from backoffice.core.inbox import Inbound, receive_many
from backoffice.core.invariants import check_invariants
from backoffice.core.models import InboundMessage
from orders.models import ChannelOrder, Order
from tests.fixtures.channels import shopify_order
from tests.fixtures.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_workers_make_one_order_of_each(shopify, monkeypatch):
    header = {"X-Backoffice-Channel": "web", "X-Shopify-Topic": "orders/updated"}
    for round_ in range(2):
        messages = [
            Inbound(
                f"web:{number}:{round_}",
                json.dumps(shopify_order(number, at=round_, units=1 + round_)),
                header,
            )
            for number in (range(40) if round_ else reversed(range(40)))
        ]
        receive_many("channel.shopify", messages)

    # Small batches, so that the versions of one order are in several hands.
    monkeypatch.setattr(inbox, "BATCH", 20)
    while InboundMessage.objects.filter(status="NEW").exists():
        worker = partial(inbox.process, "channel.shopify", now=timezone.now())
        assert not [x for x in at_once(*[worker] * 4) if isinstance(x, Exception)]

    assert Order.objects.count() == ChannelOrder.objects.count() == 40
    assert set(InboundMessage.objects.values_list("status", flat=True)) == {"DONE"}
    assert set(ChannelOrder.objects.values_list("status", "problem")) == {("PLACED", "")}
    left = [
        sum(x.quantity - x.cancelled for x in order.lines.all()) for order in Order.objects.all()
    ]
    assert left == [2] * 40
    assert check_invariants() == []
