"""Which warehouses serve a sales channel."""

from orders.models import ChannelWarehouse, SalesChannel


def serving_warehouses(channel: SalesChannel) -> list[int] | None:
    """Return the warehouses that a channel sells from; None where it may be any."""
    if channel.routes_orders:
        serving = ChannelWarehouse.objects.filter(
            channel=channel, is_active=True, warehouse__is_active=True
        )
        return list(serving.values_list("warehouse_id", flat=True))
    return [channel.warehouse_id] if channel.warehouse_id else None
