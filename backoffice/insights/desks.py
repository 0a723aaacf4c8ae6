"""What waits for whom, and the stages of the flow; each a stored filter of a document's list."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Role
from backoffice.core.extensions import Text
from backoffice.insights.selectors.boxes import Box

ORDER, SHIPMENT, PARCEL = "orders.order", "logistics.shipment", "logistics.parcel"
EXCEPTION, TICKET = "logistics.deliveryexception", "support.ticket"
REFUND, PAYOUT = "finance.refund", "finance.payout"


@dataclass(frozen=True, slots=True)
class Desk:
    """The work of one role: the queues that wait for it."""

    role: str
    label: Text
    queues: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """One kind of document on its way through the house, stage by stage."""

    label: Text
    stages: tuple[Box, ...]


DESKS = [
    Desk(
        Role.ORDER_DESK,
        _("Order desk"),
        (
            Box(_("Orders on hold"), ORDER, "is_held=true&status=PENDING&status=CONFIRMED"),
            Box(_("Stuck orders"), ORDER, "is_stuck=true", "stage_since"),
            Box(_("Orders waiting for stock"), ORDER, "is_short=true", "placed_at"),
            Box(_("Orders to be confirmed"), ORDER, "status=PENDING&is_held=false", "placed_at"),
            Box(_("Returns to be received"), "orders.return", "status=REQUESTED", "requested_at"),
            Box(_("Rules that stopped"), "core.rule", "is_alerted=true", "mode_at"),
            Box(_("Refused messages"), "core.inboundmessage", "status=REFUSED", "received_at"),
        ),
    ),
    Desk(
        Role.WAREHOUSE,
        _("Warehouse"),
        (
            Box(_("Shipments to be picked"), SHIPMENT, "status=PLANNED"),
            Box(_("Shipments to be packed"), SHIPMENT, "status=PICKING"),
            Box(_("Parcels without a number"), PARCEL, "needs_number=true", "created_at"),
            Box(_("Shipments to be handed over"), SHIPMENT, "status=PACKED", "packed_at"),
            Box(_("Shipments lost after picking"), SHIPMENT, "is_uncovered=true", "picked_at"),
            Box(_("Bins to be counted"), "inventory.stockcount", "status=OPEN", "created_at"),
            Box(
                _("Stock to be looked at"),
                "inventory.stockalert",
                "status=OPEN&kind=EXPIRING&kind=VARIANCE&kind=DEAD",
                "created_at",
            ),
            Box(_("Counts that differ"), "inventory.stockcount", "status=REVIEW", "updated_at"),
            Box(
                _("Replenishment proposals"),
                "inventory.replenishmentproposal",
                "status=PROPOSED",
            ),
            Box(
                _("Purchase orders to be received"),
                "inventory.purchaseorder",
                "status=SENT&status=PARTIALLY_RECEIVED",
            ),
        ),
    ),
    Desk(
        Role.LOGISTICS,
        _("Logistics"),
        (
            Box(_("Delivery exceptions"), EXCEPTION, "status=OPEN", "opened_at"),
            Box(
                _("Stock running out"),
                "inventory.stockalert",
                "status=OPEN&kind=OUT&kind=LOW&kind=LATE",
                "created_at",
            ),
            Box(_("Lost parcels"), PARCEL, "status=LOST", "shipped_at"),
        ),
    ),
    Desk(
        Role.SERVICE,
        _("Customer service"),
        (
            Box(
                _("Tickets without agent"),
                TICKET,
                "is_unassigned=true&status=NEW&status=OPEN",
                "opened_at",
            ),
            Box(
                _("Tickets overdue"),
                TICKET,
                "is_overdue=true&status=NEW&status=OPEN",
                "solution_due_at",
            ),
            Box(_("Messages that could not be sent"), "core.outboundmessage", "status=FAILED"),
        ),
    ),
    Desk(
        Role.FINANCE,
        _("Finance"),
        (
            Box(_("Refunds to be approved"), REFUND, "status=REQUESTED"),
            Box(_("Refunds without an answer"), REFUND, "status=UNKNOWN"),
            Box(_("Payouts to be approved"), PAYOUT, "status=DRAFT"),
            Box(
                _("Exceptions to be cleared"),
                "finance.reconciliationexception",
                "status=OPEN",
            ),
            Box(_("Approvals"), "core.approval", "status=REQUESTED"),
        ),
    ),
    Desk(
        Role.ANALYST,
        _("System"),
        (
            Box(
                _("Events set aside"),
                "core.eventdelivery",
                "is_set_aside=true",
                "set_aside_at",
            ),
        ),
    ),
]

LANES = [
    Lane(
        _("Orders"),
        (
            Box(
                _("To be confirmed"),
                ORDER,
                "status=PENDING&is_held=false",
                "placed_at",
                ("order.placed",),
                "CONFIRM",
            ),
            Box(
                _("On hold"),
                ORDER,
                "is_held=true&status=PENDING&status=CONFIRMED",
                "placed_at",
                ("order.held",),
            ),
            Box(
                _("Waiting for stock"),
                ORDER,
                "is_short=true",
                "placed_at",
                ("order.backordered",),
            ),
            Box(
                _("To be released"),
                ORDER,
                "status=CONFIRMED&is_short=false&is_held=false",
                "confirmed_at",
                ("order.confirmed",),
                "RELEASE",
            ),
            Box(
                _("In the warehouse"),
                ORDER,
                "status=RELEASED&fulfilment_status=UNFULFILLED",
                "released_at",
                ("order.released",),
            ),
        ),
    ),
    Lane(
        _("Shipments"),
        (
            Box(
                _("Planned"),
                SHIPMENT,
                "status=PLANNED",
                arrivals=("shipment.planned",),
                stage="QUEUE",
            ),
            Box(
                _("Picking"),
                SHIPMENT,
                "status=PICKING",
                arrivals=("shipment.picking",),
                stage="PICK_PACK",
            ),
            Box(_("Packed"), SHIPMENT, "status=PACKED", "packed_at", ("shipment.packed",)),
            Box(
                _("On the way"),
                PARCEL,
                "status=IN_TRANSIT&status=OUT_FOR_DELIVERY",
                "shipped_at",
                ("parcel.shipped",),
                "CARRY",
            ),
            Box(
                _("In trouble"),
                EXCEPTION,
                "status=OPEN&status=ACKNOWLEDGED",
                "opened_at",
                ("delivery_exception.opened",),
            ),
        ),
    ),
    Lane(
        _("Tickets"),
        (
            Box(_("New"), TICKET, "status=NEW", "opened_at", ("ticket.opened",)),
            Box(_("Open"), TICKET, "status=OPEN", "opened_at", ("ticket.assigned",)),
            Box(
                _("Waiting for customer"),
                TICKET,
                "status=WAITING",
                "opened_at",
                ("ticket.replied",),
            ),
            Box(
                _("Overdue"),
                TICKET,
                "is_overdue=true&status=NEW&status=OPEN",
                "solution_due_at",
                ("ticket.breached",),
            ),
        ),
    ),
    Lane(
        _("Money"),
        (
            Box(
                _("Awaiting payment"),
                ORDER,
                "status=PENDING&payment_status=UNPAID",
                "placed_at",
                ("payment.requested",),
            ),
            Box(
                _("Refunds open"),
                REFUND,
                "status=REQUESTED&status=APPROVED&status=SENT&status=UNKNOWN",
                arrivals=("refund.requested",),
            ),
            Box(_("To be settled"), "finance.settlementdue", "", "due_at", ("order.delivered",)),
            Box(
                _("Payouts open"),
                PAYOUT,
                "status=DRAFT&status=APPROVED&status=SENT",
                arrivals=("payout.created",),
            ),
        ),
    ),
]
