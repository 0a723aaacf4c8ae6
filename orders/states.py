"""The transition tables of orders and returns."""

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.states import Guard, Machine, Transition
from backoffice.core.tags import FEW_TAGS
from orders.choices import (
    ALL,
    EDITABLE,
    OPEN,
    ChannelOrderStatus,
    EditKind,
    EditStatus,
    FulfilmentStatus,
    HoldReason,
    OrderStatus,
    PaymentStatus,
    PaymentTerms,
    ReturnStatus,
)
from orders.models import ChannelOrder, Hold, Order, OrderEdit, OrderEditLine, Return

NOT_HELD = Guard("not_held", Q(open_holds=0), _("The order is on hold: release its holds first."))
PAID = Guard(
    "paid",
    Q(channel__payment_terms=PaymentTerms.ON_ACCOUNT)
    | Q(payment_status__in=[PaymentStatus.PAID, PaymentStatus.AUTHORISED]),
    _("The order is not paid: wait for the payment or record it."),
)
IS_HELD = Guard("held", Q(open_holds__gt=0), _("The order is not on hold."))
_DOUBTS = Hold.objects.filter(
    order=OuterRef("pk"), reason=HoldReason.ADDRESS, released_at__isnull=True
)
_CORRECTIONS = OrderEditLine.objects.filter(
    kind=EditKind.CHANGE_ADDRESS,
    edit__order=OuterRef("order"),
    edit__status=EditStatus.COMMITTED,
    edit__committed_at__gte=OuterRef("placed_at"),
)
# The address is as it was when somebody held the order for it.
DOUBTED = Q(Exists(_DOUBTS.filter(~Exists(_CORRECTIONS))))
ADDRESS_CHANGED = Guard(
    "address_changed",
    Q(status=OrderStatus.CANCELLED) | ~DOUBTED,
    _("The address is still the one in doubt: draft an edit of it, or accept it with a reason."),
)
ADDRESS_DOUBTED = Guard("address_doubted", Q(Exists(_DOUBTS)), _("Nobody doubts its address."))
HAS_ITEMS = Guard(
    "has_items", Q(ordered_quantity__gt=0), _("The order has no item that could be shipped.")
)
RESERVED = Guard(
    "reserved",
    Q(short_quantity=0) | Q(channel__ships_partially=True, reserved_quantity__gt=0),
    _("Units wait for stock: replenish, or let the channel ship partially."),
)
NOT_PICKED = Guard(
    "not_picked",
    Q(picking_started_at__isnull=True),
    _("Picking has begun: cancel the shipment in the warehouse first."),
)
NOT_SHIPPED = Guard(
    "not_shipped",
    Q(shipped_quantity=0),
    _("Units have left already: open a return for them instead."),
)
IS_ROUTED = Guard(
    "routed",
    Q(channel__routes_orders=True),
    _("Its channel does not choose among warehouses: let it do so, and say which serve it."),
)
DELIVERED = Guard(
    "delivered",
    Q(fulfilment_status__in=[FulfilmentStatus.DELIVERED, FulfilmentStatus.RETURNED]),
    _("Units are still on their way."),
)
SETTLED = Guard(
    "paid_in_full",
    Q(captured_amount__gte=F("total_amount"))
    | Q(refunded_amount__gt=0)
    | Q(channel__payment_terms=PaymentTerms.ON_ACCOUNT),
    _("The customer has not paid in full."),
)

ORDER = Machine(
    Order,
    [
        Transition(
            "confirm",
            _("Confirm"),
            [OrderStatus.PENDING],
            OrderStatus.CONFIRMED,
            "order.confirmed",
            permission="orders.confirm_order",
            guards=[NOT_HELD, PAID, HAS_ITEMS],
            stamp="confirmed_at",
        ),
        Transition(
            "release",
            _("Release to warehouse"),
            [OrderStatus.CONFIRMED],
            OrderStatus.RELEASED,
            "order.released",
            permission="orders.release_order",
            guards=[NOT_HELD, RESERVED],
            stamp="released_at",
        ),
        Transition(
            "complete",
            _("Complete"),
            [OrderStatus.RELEASED],
            OrderStatus.COMPLETED,
            "order.completed",
            permission="orders.release_order",
            guards=[DELIVERED, SETTLED],
            stamp="completed_at",
        ),
        Transition(
            "cancel",
            _("Cancel"),
            [OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.RELEASED],
            OrderStatus.CANCELLED,
            "order.cancelled",
            permission="orders.cancel_order",
            guards=[NOT_PICKED, NOT_SHIPPED],
            stamp="cancelled_at",
        ),
        Transition(
            "hold",
            _("Hold"),
            [OrderStatus.PENDING, OrderStatus.CONFIRMED],
            None,
            "order.held",
            permission="orders.hold_order",
        ),
        Transition(
            "release_hold",
            _("Release holds"),
            [OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.CANCELLED],
            None,
            "order.hold_released",
            permission="orders.hold_order",
            guards=[IS_HELD, ADDRESS_CHANGED],
        ),
        Transition(
            "accept_address",
            _("Accept the address"),
            EDITABLE,
            None,
            "order.hold_released",
            permission="orders.edit_order",
            guards=[ADDRESS_DOUBTED],
        ),
        Transition(
            "edit", _("Edit"), EDITABLE, None, "order.edited", permission="orders.edit_order"
        ),
        Transition(
            "reroute",
            _("Choose warehouses anew"),
            [OrderStatus.CONFIRMED],
            None,
            "order.routed",
            permission="orders.route_order",
            guards=[IS_ROUTED],
        ),
        Transition(
            "tag",
            _("Tag"),
            ALL,
            None,
            "order.tagged",
            permission="orders.change_order",
            guards=[FEW_TAGS],
        ),
        Transition(
            "untag",
            _("Take a tag off"),
            ALL,
            None,
            "order.untagged",
            permission="orders.change_order",
        ),
        Transition(
            "prioritise",
            _("Set the priority"),
            OPEN,
            None,
            "order.prioritised",
            permission="orders.change_order",
        ),
    ],
    order_field="pk",
)

FRESH = Guard(
    "fresh",
    Q(order__version=F("order_version")),
    _("The order changed meanwhile: make a new edit."),
)
# The order is locked before its edits, so that its columns hold still.
ORDER_EDIT = Machine(
    OrderEdit,
    [
        Transition(
            "commit",
            _("Commit"),
            [EditStatus.DRAFT, EditStatus.PROPOSED],
            EditStatus.COMMITTED,
            "order_edit.committed",
            permission="orders.edit_order",
            guards=[FRESH],
            stamp="committed_at",
        ),
        Transition(
            "propose",
            _("Ask for approval"),
            [EditStatus.DRAFT],
            EditStatus.PROPOSED,
            "order_edit.proposed",
            permission="orders.edit_order",
            guards=[FRESH],
        ),
        Transition(
            "reject",
            _("Reject"),
            [EditStatus.PROPOSED],
            EditStatus.REJECTED,
            "order_edit.rejected",
            permission="orders.approve_orderedit",
        ),
        Transition(
            "cancel",
            _("Cancel"),
            [EditStatus.DRAFT, EditStatus.PROPOSED],
            EditStatus.CANCELLED,
            "order_edit.cancelled",
            permission="orders.edit_order",
        ),
    ],
    order_field="order_id",
)

RETURN = Machine(
    Return,
    [
        Transition(
            "receive",
            _("Receive"),
            [ReturnStatus.REQUESTED],
            ReturnStatus.RECEIVED,
            "return.received",
            permission="orders.change_return",
            stamp="received_at",
        ),
        Transition(
            "close",
            _("Close"),
            [ReturnStatus.RECEIVED],
            ReturnStatus.CLOSED,
            "return.closed",
            permission="orders.change_return",
            stamp="closed_at",
        ),
        Transition(
            "cancel",
            _("Cancel"),
            [ReturnStatus.REQUESTED],
            ReturnStatus.CANCELLED,
            "return.cancelled",
            permission="orders.change_return",
        ),
    ],
    order_field="order_id",
)

CHANNEL_CHANGE = "orders.change_channelorder"
CHANNEL_ORDER = Machine(
    ChannelOrder,
    [
        Transition(
            "place",
            _("Place"),
            [ChannelOrderStatus.HELD],
            ChannelOrderStatus.PLACED,
            "channel_order.placed",
            permission=CHANNEL_CHANGE,
        ),
        Transition(
            "hold",
            _("Hold"),
            [ChannelOrderStatus.HELD],
            None,
            "channel_order.held",
            permission=CHANNEL_CHANGE,
        ),
        Transition(
            "follow",
            _("Follow"),
            [ChannelOrderStatus.PLACED, ChannelOrderStatus.DIFFERS],
            ChannelOrderStatus.PLACED,
            "channel_order.followed",
            permission=CHANNEL_CHANGE,
        ),
        Transition(
            "differ",
            _("Differ"),
            [ChannelOrderStatus.PLACED, ChannelOrderStatus.DIFFERS],
            ChannelOrderStatus.DIFFERS,
            "channel_order.differs",
            permission=CHANNEL_CHANGE,
        ),
        Transition(
            "retry",
            _("Try again"),
            [ChannelOrderStatus.HELD, ChannelOrderStatus.DIFFERS],
            None,
            "channel_order.corrected",
            permission=CHANNEL_CHANGE,
        ),
        Transition(
            "correct",
            _("Correct"),
            [ChannelOrderStatus.HELD],
            None,
            "channel_order.corrected",
            permission=CHANNEL_CHANGE,
        ),
        Transition(
            "leave",
            _("Leave the order as it is"),
            [ChannelOrderStatus.DIFFERS],
            ChannelOrderStatus.PLACED,
            "channel_order.left",
            permission=CHANNEL_CHANGE,
        ),
        Transition(
            "dismiss",
            _("Take no order in"),
            [ChannelOrderStatus.HELD],
            ChannelOrderStatus.DISMISSED,
            "channel_order.dismissed",
            permission=CHANNEL_CHANGE,
        ),
        Transition(
            "pass_over",
            _("Pass over"),
            [ChannelOrderStatus.DISMISSED],
            None,
            "channel_order.dismissed",
            permission=CHANNEL_CHANGE,
        ),
        Transition(
            "reopen",
            _("Take in after all"),
            [ChannelOrderStatus.DISMISSED],
            ChannelOrderStatus.HELD,
            "channel_order.corrected",
            permission=CHANNEL_CHANGE,
        ),
    ],
    order_field="order_id",
)
