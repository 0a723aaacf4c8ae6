"""What rules can do with stock, proposals and purchase orders."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.rules import rule_action, rule_measure, tells_colleagues
from inventory.choices import AlertStatus, ProposalStatus, PurchaseOrderStatus
from inventory.services.alerts import take_alerts
from inventory.services.purchasing import approve_purchase_orders, send_purchase_orders
from inventory.services.replenishment import approve_proposals, order_proposals, reject_proposals
from inventory.states import HANDLE

LEVEL, PROPOSAL = "inventory.stocklevel", "inventory.replenishmentproposal"
PURCHASE, ALERT = "inventory.purchaseorder", "inventory.stockalert"
STOCK_COUNT = "inventory.stockcount"
DECIDE = "inventory.approve_replenishmentproposal"

tells_colleagues("inventory.tell", LEVEL)

tells_colleagues("stock_alerts.tell", ALERT)
rule_action("stock_alerts.take", ALERT, _("Take"), permission=HANDLE)(take_alerts)
rule_measure(ALERT, _("resolved"), Q(status=AlertStatus.RESOLVED))
tells_colleagues("stock_counts.tell", STOCK_COUNT)

rule_action("proposals.approve", PROPOSAL, _("Approve"), permission=DECIDE)(approve_proposals)
rule_action("proposals.reject", PROPOSAL, _("Reject"), permission=DECIDE)(reject_proposals)
rule_action(
    "proposals.order", PROPOSAL, _("Order"), permission="inventory.order_replenishmentproposal"
)(order_proposals)
tells_colleagues("proposals.tell", PROPOSAL)
rule_measure(PROPOSAL, _("ordered"), Q(status=ProposalStatus.ORDERED))
rule_measure(PROPOSAL, _("rejected"), Q(status=ProposalStatus.REJECTED))

rule_action(
    "purchase_orders.approve", PURCHASE, _("Approve"), permission="inventory.approve_purchaseorder"
)(approve_purchase_orders)
rule_action(
    "purchase_orders.send", PURCHASE, _("Mark as sent"), permission="inventory.send_purchaseorder"
)(send_purchase_orders)
tells_colleagues("purchase_orders.tell", PURCHASE)
tells_colleagues("receipts.tell", "inventory.receipt")
rule_measure(PURCHASE, _("received"), Q(status=PurchaseOrderStatus.RECEIVED))
rule_measure(PURCHASE, _("cancelled"), Q(status=PurchaseOrderStatus.CANCELLED))
