"""The transition tables of purchase orders, proposals, simulations, counts and alerts."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.states import Guard, Machine, Transition
from inventory.choices import (
    AlertStatus,
    CountStatus,
    ProposalStatus,
    PurchaseOrderStatus,
    SimulationStatus,
)
from inventory.models import (
    PurchaseOrder,
    ReplenishmentProposal,
    Simulation,
    StockAlert,
    StockCount,
)

SUPPLIER_ACTIVE = Guard(
    "supplier_active",
    Q(supplier__is_active=True),
    _("The supplier is not active any more."),
)
PURCHASE_ORDER = Machine(
    PurchaseOrder,
    [
        Transition(
            "approve",
            _("Approve"),
            [PurchaseOrderStatus.DRAFT],
            PurchaseOrderStatus.APPROVED,
            "purchase_order.approved",
            permission="inventory.approve_purchaseorder",
            guards=[SUPPLIER_ACTIVE],
            stamp="approved_at",
        ),
        Transition(
            "send",
            _("Mark as sent"),
            [PurchaseOrderStatus.APPROVED],
            PurchaseOrderStatus.SENT,
            "purchase_order.sent",
            permission="inventory.send_purchaseorder",
            stamp="sent_at",
        ),
        Transition(
            "receive_part",
            _("Receive what is missing"),
            [PurchaseOrderStatus.SENT, PurchaseOrderStatus.PARTIALLY_RECEIVED],
            PurchaseOrderStatus.PARTIALLY_RECEIVED,
            "purchase_order.received",
            permission="inventory.receive_purchaseorder",
        ),
        Transition(
            "receive",
            _("Receive"),
            [
                PurchaseOrderStatus.SENT,
                PurchaseOrderStatus.PARTIALLY_RECEIVED,
                PurchaseOrderStatus.RECEIVED,
            ],
            PurchaseOrderStatus.RECEIVED,
            "purchase_order.received",
            permission="inventory.receive_purchaseorder",
            stamp="received_at",
        ),
        Transition(
            "close",
            _("Close without the rest"),
            [PurchaseOrderStatus.SENT, PurchaseOrderStatus.PARTIALLY_RECEIVED],
            PurchaseOrderStatus.CLOSED,
            "purchase_order.closed",
            permission="inventory.cancel_purchaseorder",
            stamp="closed_at",
        ),
        Transition(
            "cancel",
            _("Cancel"),
            [
                PurchaseOrderStatus.DRAFT,
                PurchaseOrderStatus.APPROVED,
                PurchaseOrderStatus.SENT,
            ],
            PurchaseOrderStatus.CANCELLED,
            "purchase_order.cancelled",
            permission="inventory.cancel_purchaseorder",
            stamp="cancelled_at",
        ),
    ],
)

PROPOSAL = Machine(
    ReplenishmentProposal,
    [
        Transition(
            "approve",
            _("Approve"),
            [ProposalStatus.PROPOSED],
            ProposalStatus.APPROVED,
            "replenishment.approved",
            permission="inventory.approve_replenishmentproposal",
            stamp="decided_at",
        ),
        Transition(
            "reject",
            _("Reject"),
            [ProposalStatus.PROPOSED, ProposalStatus.APPROVED],
            ProposalStatus.REJECTED,
            "replenishment.rejected",
            permission="inventory.approve_replenishmentproposal",
            stamp="decided_at",
        ),
        Transition(
            "change_quantity",
            _("Change the quantity"),
            [ProposalStatus.PROPOSED],
            ProposalStatus.PROPOSED,
            "replenishment.changed",
            permission="inventory.approve_replenishmentproposal",
        ),
        Transition(
            "expire",
            _("Expire"),
            [ProposalStatus.PROPOSED],
            ProposalStatus.EXPIRED,
            "replenishment.expired",
            stamp="decided_at",
        ),
        Transition(
            "order",
            _("Order"),
            [ProposalStatus.APPROVED],
            ProposalStatus.ORDERED,
            "replenishment.ordered",
            permission="inventory.order_replenishmentproposal",
        ),
    ],
)

ADOPT = "inventory.adopt_simulation"
SIMULATION = Machine(
    Simulation,
    [
        Transition(
            "finish",
            _("Finish"),
            [SimulationStatus.QUEUED],
            SimulationStatus.DONE,
            "simulation.finished",
            stamp="finished_at",
        ),
        Transition(
            "adopt",
            _("Adopt the change"),
            [SimulationStatus.DONE, SimulationStatus.TAKEN_BACK],
            SimulationStatus.ADOPTED,
            "simulation.adopted",
            permission=ADOPT,
        ),
        Transition(
            "take_back",
            _("Put the former policy back"),
            [SimulationStatus.ADOPTED],
            SimulationStatus.TAKEN_BACK,
            "simulation.taken_back",
            permission=ADOPT,
        ),
    ],
)

COUNT, JUDGE = "inventory.count_stockcount", "inventory.approve_stockcount"
STOCK_COUNT = Machine(
    StockCount,
    [
        Transition(
            "count",
            _("Count"),
            [CountStatus.OPEN],
            CountStatus.OPEN,
            "stock_count.counted",
            permission=COUNT,
        ),
        Transition(
            "review",
            _("Show to a second person"),
            [CountStatus.OPEN],
            CountStatus.REVIEW,
            "stock_count.differs",
            permission=COUNT,
        ),
        Transition(
            "finish",
            _("Finish"),
            [CountStatus.OPEN],
            CountStatus.DONE,
            "stock_count.finished",
            permission=COUNT,
            stamp="finished_at",
        ),
        Transition(
            "approve",
            _("Approve the differences"),
            [CountStatus.REVIEW],
            CountStatus.DONE,
            "stock_count.approved",
            permission=JUDGE,
            stamp="finished_at",
        ),
        Transition(
            "recount",
            _("Have it counted again"),
            [CountStatus.REVIEW],
            CountStatus.OPEN,
            "stock_count.recounted",
            permission=JUDGE,
        ),
        Transition(
            "cancel",
            _("Cancel"),
            [CountStatus.OPEN, CountStatus.REVIEW],
            CountStatus.CANCELLED,
            "stock_count.cancelled",
            permission=JUDGE,
            stamp="finished_at",
        ),
    ],
)

HANDLE = "inventory.handle_stockalert"
WAITING = [AlertStatus.OPEN, AlertStatus.SNOOZED]
STOCK_ALERT = Machine(
    StockAlert,
    [
        Transition("take", _("Take"), WAITING, None, "stock_alert.taken", permission=HANDLE),
        Transition("assign", _("Assign"), WAITING, None, "stock_alert.taken", permission=HANDLE),
        Transition(
            "snooze",
            _("Snooze"),
            WAITING,
            AlertStatus.SNOOZED,
            "stock_alert.snoozed",
            permission=HANDLE,
        ),
        Transition(
            "wake",
            _("Wake"),
            [AlertStatus.SNOOZED],
            AlertStatus.OPEN,
            "stock_alert.woken",
            permission=HANDLE,
        ),
        Transition(
            "resolve",
            _("Resolve"),
            WAITING,
            AlertStatus.RESOLVED,
            "stock_alert.resolved",
            stamp="resolved_at",
        ),
    ],
)
