import pytest
from django.utils import timezone

from backoffice.core.events import deliver
from logistics.models import Carrier
from orders.models import ChannelConnection, ChannelNews, ChannelOrder, OrderLine

pytestmark = pytest.mark.usefixtures("proven")


def test_the_channel_of_an_order_is_told_of_each_parcel(warehouse, ordered, channel):
    ChannelConnection.objects.create(channel=channel, adapter="shopify", tells_back=True)
    Carrier.objects.update(tracking_url="https://track.example/{number}")
    order = ordered(units=2)
    OrderLine.objects.filter(order=order).update(external_id="L1")
    ChannelOrder.objects.create(
        channel=channel,
        external_id="1",
        order=order,
        status="PLACED",
        created_by_id=order.created_by_id,
        modified_by_id=order.created_by_id,
    )
    (parcel,) = warehouse.send(order)
    while deliver(now=timezone.now()):
        pass

    news = ChannelNews.objects.get()
    assert (news.order_id, news.kind, news.key, news.status) == (
        *(order.pk, "SHIPPED", parcel.number),
        "QUEUED",
    )
    assert news.data == {
        "carrier": Carrier.objects.get().name,
        "tracking_number": parcel.tracking_number,
        "tracking_url": f"https://track.example/{parcel.tracking_number}",
        "units": {"L1": 2},
        "is_last": True,
    }
