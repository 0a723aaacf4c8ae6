"""The endpoints of purchasing and replenishment; each write is one service call."""

from django.db.models import F

from backoffice.core.api.creation import Creation
from backoffice.core.api.verbs import Verb
from backoffice.core.api.views import DocumentViewSet
from inventory.api import serializers
from inventory.api.creation import draw_up, simulate, take_in
from inventory.filters import (
    PurchaseOrderFilter,
    ReceiptFilter,
    ReplenishmentProposalFilter,
    SimulationFilter,
)
from inventory.models import PurchaseOrder, Receipt, ReplenishmentProposal, Simulation
from inventory.services.decisions import change_quantities
from inventory.services.purchasing import (
    approve_purchase_orders,
    cancel_purchase_orders,
    close_purchase_orders,
    send_purchase_orders,
)
from inventory.services.receiving import receive_missing
from inventory.services.replenishment import (
    approve_proposals,
    order_proposals,
    reject_proposals,
)
from inventory.services.simulations import adopt_simulations, take_back_simulations


class PurchaseOrderViewSet(DocumentViewSet):
    """Purchase orders: drawn up, moved by verbs; `receipts/` takes them in by parts."""

    queryset = PurchaseOrder.objects.select_related("supplier", "warehouse").prefetch_related(
        "lines__sku"
    )
    serializer_class = serializers.PurchaseOrderSerializer
    filterset_class = PurchaseOrderFilter
    creation = Creation(serializers.PurchaseOrderInput, draw_up)
    verbs = (
        Verb("approve", approve_purchase_orders, "inventory.approve_purchaseorder"),
        Verb("send", send_purchase_orders, "inventory.send_purchaseorder"),
        Verb("receive", receive_missing, "inventory.receive_purchaseorder"),
        Verb("close", close_purchase_orders, "inventory.cancel_purchaseorder"),
        Verb("cancel", cancel_purchase_orders, "inventory.cancel_purchaseorder"),
    )


class ReceiptViewSet(DocumentViewSet):
    """Receipts, as counted at the door."""

    queryset = Receipt.objects.annotate(
        purchase_order_number=F("purchase_order__number")
    ).prefetch_related("lines")
    serializer_class = serializers.ReceiptSerializer
    filterset_class = ReceiptFilter
    creation = Creation(serializers.ReceiptInput, take_in, "inventory.receive_purchaseorder")


class ReplenishmentProposalViewSet(DocumentViewSet):
    """What the nightly planning proposes to buy, with every number that led there."""

    queryset = ReplenishmentProposal.objects.select_related(
        "sku", "warehouse", "supplier_item__supplier"
    )
    serializer_class = serializers.ReplenishmentProposalSerializer
    filterset_class = ReplenishmentProposalFilter
    verbs = (
        Verb("approve", approve_proposals, "inventory.approve_replenishmentproposal"),
        Verb("reject", reject_proposals, "inventory.approve_replenishmentproposal"),
        Verb("order", order_proposals, "inventory.order_replenishmentproposal"),
        Verb(
            "change_quantity",
            change_quantities,
            "inventory.approve_replenishmentproposal",
            serializers.QuantityInput,
            is_bulk=False,
        ),
    )


class SimulationViewSet(DocumentViewSet):
    """Changes of the replenishment policy, replayed over the company's own past: `curves` fill up
    while the job works; `adopt` writes the change into the policy of its scope.
    """

    queryset = Simulation.objects.select_related("warehouse").prefetch_related("curves")
    serializer_class = serializers.SimulationSerializer
    filterset_class = SimulationFilter
    creation = Creation(serializers.SimulationInput, simulate, "inventory.add_simulation")
    verbs = (
        Verb("adopt", adopt_simulations, "inventory.adopt_simulation"),
        Verb("take_back", take_back_simulations, "inventory.adopt_simulation"),
    )
