"""Which roles are given which permissions of this floor."""

from backoffice.core.access.roles import grant
from backoffice.core.choices import Role

ORDER = "view_order view_orderline view_hold view_note view_return view_returnline"

grant(
    "orders",
    {
        Role.ORDER_DESK: "view_* add_order change_order confirm_order release_order cancel_order"
        " hold_order edit_order route_order add_note add_return change_return add_customer"
        " change_customer"
        " add_price change_price change_channelorder change_channelnews add_listing change_listing",
        Role.WAREHOUSE: f"{ORDER} change_return",
        Role.LOGISTICS: f"{ORDER} view_lane view_saleschannel hold_order route_order"
        " view_channelwarehouse add_channelwarehouse change_channelwarehouse",
        Role.SERVICE: f"{ORDER} view_customer change_customer view_orderedit view_ordereditline"
        " view_saleschannel hold_order cancel_order edit_order change_order add_note add_return"
        " change_return",
        Role.FINANCE: "view_* approve_orderedit add_taxrate change_taxrate",
        Role.ANALYST: "view_* -view_customer",
        Role.AUDITOR: "view_*",
    },
)
