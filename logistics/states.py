"""The transition tables of shipments, pick lists, parcels and delivery exceptions."""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.states import Guard, Machine, Transition
from logistics.carriers.registry import label_adapters
from logistics.choices import GRAVE, ExceptionStatus, PickListStatus, ShipmentStatus
from logistics.choices import ParcelStatus as P
from logistics.models import DeliveryException, Parcel, PickList, Shipment
from orders.choices import OrderStatus

RELEASED = Guard(
    "released",
    Q(order__status=OrderStatus.RELEASED),
    _("The order is not with the warehouse: it is held, cancelled or complete."),
)
IN_WAREHOUSE = Guard(
    "in_warehouse",
    Q(warehouse__isnull=False),
    _("The seller ships this: there is nothing to pick."),
)
PICKED = Guard(
    "picked",
    Q(warehouse__isnull=True) | Q(picked_at__isnull=False),
    _("Its units are not picked yet: confirm the pick list first."),
)

UNCOVERED = _(
    "Units of it were lost from stock after picking: correct the stock, or cancel the shipment;"
    " what is left is planned again."
)
COVERED = Guard("covered", Q(uncovered_quantity=0), UNCOVERED)

_LABELLED = Parcel.objects.filter(shipment=OuterRef("pk"), status=P.LABELLED)
LABELLED = Guard(
    "labelled",
    Q(Exists(_LABELLED)),
    _("No parcel of it has its label or tracking number yet."),
)

SHIPMENT = Machine(
    Shipment,
    [
        Transition(
            "pick",
            _("Start picking"),
            [ShipmentStatus.PLANNED],
            ShipmentStatus.PICKING,
            "shipment.picking",
            permission="logistics.pick_shipment",
            guards=[RELEASED, IN_WAREHOUSE],
        ),
        Transition(
            "confirm_pick",
            _("Confirm picking"),
            [ShipmentStatus.PICKING],
            None,
            "shipment.picked",
            permission="logistics.pick_shipment",
            stamp="picked_at",
        ),
        Transition(
            "pack",
            _("Pack"),
            [ShipmentStatus.PLANNED, ShipmentStatus.PICKING],
            ShipmentStatus.PACKED,
            "shipment.packed",
            permission="logistics.pack_shipment",
            guards=[RELEASED, PICKED, COVERED],
            stamp="packed_at",
        ),
        Transition(
            "ship",
            _("Ship"),
            [ShipmentStatus.PACKED],
            ShipmentStatus.SHIPPED,
            "shipment.shipped",
            permission="logistics.ship_shipment",
            guards=[COVERED, LABELLED],
        ),
        Transition(
            "deliver",
            _("Deliver"),
            [ShipmentStatus.SHIPPED],
            ShipmentStatus.DELIVERED,
            "shipment.delivered",
        ),
        Transition(
            "print",
            _("Print the packing slip"),
            [s for s in ShipmentStatus if s != ShipmentStatus.CANCELLED],
            None,
            "shipment.printed",
            permission="logistics.pack_shipment",
            stamp="printed_at",
        ),
        Transition(
            "give_up",
            _("Give up"),
            [ShipmentStatus.SHIPPED],
            ShipmentStatus.GIVEN_UP,
            "shipment.given_up",
        ),
        Transition(
            "trim",
            _("Take units out"),
            [ShipmentStatus.PLANNED, ShipmentStatus.PICKING],
            None,
            "shipment.trimmed",
        ),
        Transition(
            "uncover",
            _("Lose units"),
            [ShipmentStatus.PICKING, ShipmentStatus.PACKED],
            None,
            "shipment.uncovered",
        ),
        Transition(
            "cover",
            _("Cover units"),
            [ShipmentStatus.PICKING, ShipmentStatus.PACKED],
            None,
            "shipment.covered",
        ),
        Transition(
            "cancel",
            _("Cancel"),
            [ShipmentStatus.PLANNED, ShipmentStatus.PICKING, ShipmentStatus.PACKED],
            ShipmentStatus.CANCELLED,
            "shipment.cancelled",
            permission="logistics.cancel_shipment",
            stamp="cancelled_at",
        ),
    ],
    order_field="order_id",
)

PICK_LIST = Machine(
    PickList,
    [
        Transition(
            "confirm",
            _("Confirm picks"),
            [PickListStatus.OPEN],
            PickListStatus.PICKED,
            "pick_list.picked",
            permission="logistics.pick_shipment",
            stamp="picked_at",
        ),
        Transition(
            "print",
            _("Print the pick list"),
            [PickListStatus.OPEN, PickListStatus.PICKED],
            None,
            "pick_list.printed",
            permission="logistics.pick_shipment",
            stamp="printed_at",
        ),
        Transition("change", _("Change"), [PickListStatus.OPEN], None, "pick_list.changed"),
        Transition(
            "cancel",
            _("Cancel"),
            [PickListStatus.OPEN],
            PickListStatus.CANCELLED,
            "pick_list.cancelled",
        ),
    ],
)

# A label that is being bought brings its number; one that the carrier refused may come otherwise.
OWN_NUMBER = Guard(
    "own_number",
    ~Q(account__adapter__in=label_adapters()) | Q(label_request__refused_at__isnull=False),
    _("The carrier gives the number with the label that it sells."),
)

# A scan may move a parcel from any of these; RETURNED gives way to a delivery only.
UNDERWAY = [P.IN_TRANSIT, P.OUT_FOR_DELIVERY, P.EXCEPTION, P.RETURNING, P.LOST]

_GRAVE = DeliveryException.objects.filter(parcel=OuterRef("pk"), kind__in=GRAVE).exclude(
    status=ExceptionStatus.RESOLVED
)
# Nobody should wait for it any longer: by its scans, by the clock or by what somebody reported.
STRANDED = Q(status__in=[P.LOST, P.RETURNING, P.RETURNED]) | Q(Exists(_GRAVE))
GIVABLE = [*UNDERWAY, P.RETURNED]
LOST_CAUSE = [
    Guard("not_given_up", Q(given_up_at__isnull=True), _("It was given up already.")),
    Guard("stranded", STRANDED, _("It is on its way: report first what happened to it.")),
    Guard(
        "with_warehouse",
        Q(shipment__order__status=OrderStatus.RELEASED),
        _("The order is closed: nothing of it is sent again or cancelled."),
    ),
]


def _scanned(name: str, label: object, to: str) -> Transition:
    sources = [s for s in UNDERWAY if s != to]
    return Transition(name, label, sources, to, "parcel.moved")  # type: ignore[arg-type]


PARCEL = Machine(
    Parcel,
    [
        Transition(
            "label",
            _("Label"),
            [P.CREATED],
            P.LABELLED,
            "parcel.labelled",
            permission="logistics.pack_shipment",
            stamp="labelled_at",
        ),
        Transition(
            "enter_number",
            _("Enter the tracking number"),
            [P.CREATED, P.LABELLED],
            P.LABELLED,
            "parcel.labelled",
            permission="logistics.pack_shipment",
            guards=[OWN_NUMBER],
            stamp="labelled_at",
        ),
        Transition(
            "ship",
            _("Hand over"),
            [P.LABELLED],
            P.IN_TRANSIT,
            "parcel.shipped",
            permission="logistics.ship_shipment",
            guards=[
                Guard(
                    "packed",
                    Q(shipment__status=ShipmentStatus.PACKED),
                    _("Its shipment is not packed."),
                ),
                Guard("covered", Q(shipment__uncovered_quantity=0), UNCOVERED),
            ],
        ),
        Transition(
            "print",
            _("Print the label"),
            [P.LABELLED, *UNDERWAY, P.DELIVERED, P.RETURNED],
            None,
            "parcel.printed",
            permission="logistics.pack_shipment",
            stamp="printed_at",
        ),
        _scanned("transit", _("In transit"), P.IN_TRANSIT),
        _scanned("go_out", _("Out for delivery"), P.OUT_FOR_DELIVERY),
        _scanned("fail", _("Exception"), P.EXCEPTION),
        _scanned("turn_back", _("Returning"), P.RETURNING),
        _scanned("lose", _("Lost"), P.LOST),
        _scanned("come_back", _("Returned"), P.RETURNED),
        Transition(
            "deliver",
            _("Deliver"),
            [*UNDERWAY, P.RETURNED],
            P.DELIVERED,
            "parcel.delivered",
            permission="logistics.ship_shipment",
        ),
        Transition(
            "send_again",
            _("Send again"),
            GIVABLE,
            None,
            "parcel.given_up",
            permission="logistics.give_up_parcel",
            guards=LOST_CAUSE,
            stamp="given_up_at",
        ),
        Transition(
            "refund",
            _("Refund"),
            GIVABLE,
            None,
            "parcel.given_up",
            permission="logistics.give_up_parcel",
            guards=LOST_CAUSE,
            stamp="given_up_at",
        ),
        Transition(
            "cancel",
            _("Cancel"),
            [P.CREATED, P.LABELLED],
            P.CANCELLED,
            "parcel.cancelled",
            permission="logistics.cancel_shipment",
        ),
    ],
    order_field="shipment__order_id",
)
# The transition by which a scan of a status moves a parcel.
BY_SCAN = {
    P.IN_TRANSIT: "transit",
    P.OUT_FOR_DELIVERY: "go_out",
    P.EXCEPTION: "fail",
    P.RETURNING: "turn_back",
    P.LOST: "lose",
    P.RETURNED: "come_back",
    P.DELIVERED: "deliver",
}

EXCEPTION = Machine(
    DeliveryException,
    [
        Transition(
            "acknowledge",
            _("Acknowledge"),
            [ExceptionStatus.OPEN],
            ExceptionStatus.ACKNOWLEDGED,
            "delivery_exception.acknowledged",
            permission="logistics.change_deliveryexception",
            stamp="acknowledged_at",
        ),
        Transition(
            "resolve",
            _("Resolve"),
            [ExceptionStatus.OPEN, ExceptionStatus.ACKNOWLEDGED],
            ExceptionStatus.RESOLVED,
            "delivery_exception.resolved",
            permission="logistics.change_deliveryexception",
            stamp="resolved_at",
        ),
    ],
    order_field="order_id",
)
