"""Whatever a channel sends is an order, or is held with a reason that has a button."""

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core.inbox import process_all
from backoffice.core.models import InboundMessage
from orders.models import ChannelOrder, Listing, Order
from orders.services.channel_corrections import correct_channel_order, map_codes
from orders.services.channel_intake import retry_channel_orders
from orders.services.channel_problems import explain
from tests.fixtures.channels import shopify_order

pytestmark = pytest.mark.usefixtures("proven", "actor")
NOW = timezone.now()
SKUS = st.sampled_from(["IPOD-342", "GHOST", "", "<b>", "x" * 90, "中文"])
FAULTS = {
    "currency": st.sampled_from(["EUR", "XBT", "", "EURO"]),
    "total_price": st.sampled_from(["39.80", "41.00", "0.00"]),
    "shipping_address": st.sampled_from(
        [
            None,
            {"address1": "", "city": "Bonn", "country_code": "DE"},
            {"address1": "Street 1", "city": "Bonn", "country_code": "GERMANY"},
            {"address1": "Street 1", "city": "Bonn", "country_code": "DE"},
        ]
    ),
    "financial_status": st.sampled_from(["pending", "paid"]),
    "cancelled_at": st.sampled_from([None, "2026-03-10T10:00:00+01:00"]),
}
ADDRESS = {"country": "DE", "line1": "Street 1", "city": "Bonn"}


def mend(row):
    """Press the button of the first problem, as staff would."""
    problem = row.problems[0]
    assert explain(problem)
    if problem["kind"] == "SKU":
        map_codes(row.channel_id, dict.fromkeys(problem["data"]["codes"], "IPOD-342"), now=NOW)
    elif problem["kind"] == "ADDRESS":
        correct_channel_order(row.pk, {"ship_to": ADDRESS}, now=NOW)
    elif problem["kind"] == "CURRENCY":
        correct_channel_order(row.pk, {"currency": "EUR"}, now=NOW)
    else:
        assert problem["kind"] == "TOTAL", problem
        correct_channel_order(row.pk, {"total": "theirs"}, now=NOW)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stories=st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 9), SKUS, st.fixed_dictionaries(FAULTS)),
        min_size=1,
        max_size=6,
    )
)
def test_every_order_is_taken_in_or_held_and_goes_on_once_it_is_right(push, shopify, stories):
    with transaction.atomic():
        for number, at, sku, changes in stories:
            order = shopify_order(number, at=at, **changes)
            order["line_items"][0]["sku"] = sku
            assert push(order).status_code == 200
        process_all(now=timezone.now())

        numbers = {str(number) for number, *_ in stories}
        assert set(ChannelOrder.objects.values_list("external_id", flat=True)) == numbers
        assert not InboundMessage.objects.exclude(status="DONE").exists()
        for row in ChannelOrder.objects.all():
            assert (row.order_id is None) == bool(row.problems) or row.status == "DIFFERS"
        for _ in range(12):
            open_ones = ChannelOrder.objects.filter(status="HELD").order_by("pk")
            if not open_ones:
                break
            mend(open_ones[0])

        assert not ChannelOrder.objects.filter(status="HELD").exists()
        assert set(Order.objects.values_list("external_id", flat=True)) == numbers
        before = list(ChannelOrder.objects.order_by("pk").values("status", "order_id", "problems"))
        ids = list(ChannelOrder.objects.values_list("pk", flat=True))
        retry_channel_orders(ids, now=NOW)
        InboundMessage.objects.update(status="NEW")
        process_all(now=timezone.now())
        after = list(ChannelOrder.objects.order_by("pk").values("status", "order_id", "problems"))
        assert after == before
        assert not Order.objects.filter(total_amount__lt=0).exists()
        assert Listing.objects.count() <= len(stories)
        transaction.set_rollback(True)
