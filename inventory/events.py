"""The events of stock, purchasing and replenishment."""

from django.utils.translation import gettext_noop as _

from backoffice.core.events import declare, told_by

declare(
    "inventory",
    "inventory.stocklevel",
    {
        "stock.available": _("More units of a SKU can be promised in a warehouse"),
        "stock.reservations_lost": _("A loss took units that were promised"),
        "stock.allocations_lost": _("A loss took units that were set aside for picking"),
    },
)
declare(
    "inventory",
    "inventory.purchaseorder",
    {
        "purchase_order.created": _("A purchase order was drawn up"),
        "purchase_order.approved": _("A purchase order was approved"),
        "purchase_order.sent": _("A purchase order went to its supplier"),
        "purchase_order.received": _("Goods arrived"),
        "purchase_order.closed": _("A purchase order was closed though units are missing"),
        "purchase_order.cancelled": _("A purchase order was called off"),
    },
)
declare(
    "inventory",
    "inventory.replenishmentproposal",
    {
        "replenishment.proposed": _("The planning proposes to buy"),
        "replenishment.changed": _("Another quantity is proposed"),
        "replenishment.approved": _("A proposal was approved"),
        "replenishment.rejected": _("A proposal was rejected"),
        "replenishment.expired": _("Nobody decided on a proposal in time"),
        "replenishment.ordered": _("A proposal became a purchase order"),
    },
)
declare(
    "inventory",
    "inventory.simulation",
    {
        "simulation.started": _("A change of the replenishment policy is being replayed"),
        "simulation.finished": _("The replay of a change is done"),
        "simulation.adopted": _("A change was written into the policy"),
        "simulation.taken_back": _("The policy before a change was put back"),
    },
)
declare(
    "inventory",
    "inventory.stockcount",
    {
        "stock_count.started": _("Bins are to be counted"),
        "stock_count.counted": _("Bins were counted"),
        "stock_count.differs": _("All is counted; a second person looks at the differences"),
        "stock_count.finished": _("All is counted and posted"),
        "stock_count.approved": _("A second person approved the differences; they are posted"),
        "stock_count.recounted": _("What differs is to be counted again"),
        "stock_count.cancelled": _("A stock count was called off"),
    },
)
declare(
    "inventory",
    "inventory.stockalert",
    {
        "stock_alert.raised": _("Something is wrong with a SKU in a warehouse"),
        "stock_alert.taken": _("A stock alert got an owner."),
        "stock_alert.snoozed": _("A stock alert was put to sleep"),
        "stock_alert.woken": _("A snoozed stock alert is open again."),
        "stock_alert.resolved": _("The cause of a stock alert is gone."),
    },
)
told_by("inventory.receipt", "inventory.purchaseorder")

# What their data tells, by name.
KEYS = [_("units"), _("over units"), _("is complete")]
