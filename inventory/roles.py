"""Which roles are given which permissions of this floor."""

from backoffice.core.access.roles import grant
from backoffice.core.choices import Role

CATALOGUE = "view_product view_sku view_kitcomponent view_warehouse view_stocklevel"

grant(
    "inventory",
    {
        Role.ORDER_DESK: f"{CATALOGUE} view_seller view_reservation view_purchaseorder"
        " view_purchaseorderline view_binstock add_product add_sku",
        Role.WAREHOUSE: "view_* -view_userscope receive_purchaseorder add_stockmove add_location"
        " change_location"
        " add_lot change_lot add_stockcount count_stockcount approve_stockcount"
        " add_countplan change_countplan handle_stockalert add_alertpolicy change_alertpolicy",
        Role.LOGISTICS: "view_* -view_userscope approve_replenishmentproposal"
        " order_replenishmentproposal"
        " approve_purchaseorder send_purchaseorder cancel_purchaseorder add_purchaseorder"
        " add_supplier change_supplier add_supplieritem change_supplieritem"
        " add_replenishmentpolicy change_replenishmentpolicy add_product change_product add_sku"
        " change_sku add_simulation adopt_simulation handle_stockalert add_alertpolicy"
        " change_alertpolicy",
        Role.SERVICE: f"{CATALOGUE} view_seller",
        Role.FINANCE: f"{CATALOGUE} view_seller view_supplier view_supplieritem view_stockmove"
        " view_purchaseorder view_purchaseorderline view_receipt view_receiptline",
        Role.ANALYST: "view_* -view_userscope",
        Role.AUDITOR: "view_*",
    },
)
