"""The event kinds of this floor."""

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from backoffice.core.events import declare, told_by
from backoffice.core.webhooks.subscriptions import event_filter
from orders.models import SalesChannel

declare(
    "orders",
    "orders.order",
    {
        "order.placed": _("An order came in"),
        "order.confirmed": _("The order was checked and its stock reserved"),
        "order.backordered": _("Units of the order wait for stock"),
        "order.backorder_filled": _("Units that waited are reserved now"),
        "order.routed": _("Warehouses were chosen for the order"),
        "order.released": _("The order went to the warehouse"),
        "order.picking_started": _("Picking began"),
        "order.shipped": _("Units left the warehouse"),
        "order.given_up": _("Units that left are not expected to arrive any more"),
        "order.partly_delivered": _("Some units of the order were delivered"),
        "order.delivered": _("All units of the order were delivered"),
        "order.completed": _("Nothing is left to do"),
        "order.cancelled": _("The order was cancelled"),
        "order.held": _("Somebody or a rule held the order"),
        "order.hold_released": _("A hold was released"),
        "order.payment_changed": _("Money came in or went back"),
        "order.noted": _("A note was written"),
        "order.edited": _("The order was edited"),
        "order.tagged": _("The order got a tag"),
        "order.untagged": _("A tag was taken off the order"),
        "order.prioritised": _("The order goes sooner or later than others"),
    },
)
declare(
    "orders",
    "orders.orderedit",
    {
        "order_edit.drafted": _("Somebody wrote down what to change about the order"),
        "order_edit.proposed": _("An edit waits for a second person"),
        "order_edit.committed": _("An edit was made"),
        "order_edit.rejected": _("An edit was refused"),
        "order_edit.cancelled": _("An edit was called off"),
    },
)
declare(
    "orders",
    "orders.return",
    {
        "return.requested": _("The customer wants to send something back"),
        "return.undelivered": _("A carrier brings back what it could not deliver"),
        "return.received": _("The goods came back and were inspected"),
        "return.closed": _("The return is settled"),
        "return.cancelled": _("The return was called off"),
    },
)
declare(
    "orders",
    "orders.channelorder",
    {
        "channel_order.placed": _("A channel's order was taken in"),
        "channel_order.held": _("A channel's order waits for somebody to put it right"),
        "channel_order.followed": _("The channel changed its order, and ours followed"),
        "channel_order.differs": _("The channel changed its order, and ours could not follow"),
        "channel_order.corrected": _("Somebody put a channel's order right"),
        "channel_order.left": _("An order stays other than the channel has it"),
        "channel_order.dismissed": _("A channel's order is not taken in"),
        "channel_order.paid": _("The channel reports that the customer paid"),
        "channel_order.refunded": _("The channel reports that it gave money back"),
    },
)
# Returned units move the order's counters; the return's event tells.
told_by("orders.order", "orders.return")

event_filter(
    "channel",
    gettext_lazy("sales channel"),
    "SELECT c.code FROM orders_order o JOIN orders_saleschannel c ON c.id = o.channel_id"
    " WHERE o.id = e.order_id",
    lambda: SalesChannel.objects.order_by("code").values_list("code", "name"),
)

# What their data tells, by name.
KEYS = [_("channel"), _("stopped")]
