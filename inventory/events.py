"""The events of stock, purchasing and replenishment."""

from backoffice.core.events import declare, told_by

declare(
    "inventory",
    "inventory.stocklevel",
    {
        "stock.available": "More units of a SKU can be promised in a warehouse: "
        "`sku_id`, `warehouse_id`, `units` more.",
        "stock.reservations_lost": "A loss took units that were promised: `sku_id`, "
        "`warehouse_id`, `lost` as a list of `for_type`, `for_id`, `quantity`.",
        "stock.allocations_lost": "A loss took units that were set aside for picking: `sku_id`, "
        "`warehouse_id`, `lost` as a list of `for_type`, `for_id`, `quantity`.",
    },
)
declare(
    "inventory",
    "inventory.purchaseorder",
    {
        "purchase_order.created": "A purchase order was drawn up.",
        "purchase_order.approved": "A purchase order was approved.",
        "purchase_order.sent": "A purchase order went to its supplier.",
        "purchase_order.received": "Goods arrived: `receipt_ids`, `units`, `over_units`,"
        " `is_complete`.",
        "purchase_order.closed": "A purchase order was closed though units are missing.",
        "purchase_order.cancelled": "A purchase order was called off.",
    },
)
declare(
    "inventory",
    "inventory.replenishmentproposal",
    {
        "replenishment.proposed": "The planning proposes to buy: `sku_id`,"
        " `warehouse_id`, `quantity`.",
        "replenishment.approved": "A proposal was approved.",
        "replenishment.rejected": "A proposal was rejected.",
        "replenishment.expired": "Nobody decided on a proposal in time.",
        "replenishment.ordered": "A proposal became a purchase order: `purchase_order_id`.",
    },
)
told_by("inventory.receipt", "inventory.purchaseorder")
