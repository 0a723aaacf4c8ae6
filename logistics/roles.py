"""Which roles are given which permissions of this floor."""

from backoffice.core.access.roles import grant
from backoffice.core.choices import Role

ON_THE_WAY = (
    "view_shipment view_shipmentline view_parcel view_parcelline view_tracking view_trackingevent"
    " view_deliveryexception view_carrier"
)

grant(
    "logistics",
    {
        Role.ORDER_DESK: f"{ON_THE_WAY} view_picklist view_pickline cancel_shipment give_up_parcel"
        " change_deliveryexception",
        Role.WAREHOUSE: "view_* -view_carrieraccount pick_shipment pack_shipment ship_shipment",
        Role.LOGISTICS: "view_* pick_shipment pack_shipment ship_shipment cancel_shipment"
        " change_deliveryexception give_up_parcel add_carrier change_carrier add_carrieraccount"
        " change_carrieraccount change_accountstate",
        Role.SERVICE: f"{ON_THE_WAY} change_deliveryexception give_up_parcel",
        Role.FINANCE: f"{ON_THE_WAY} view_labelrequest",
        Role.ANALYST: "view_* -view_carrieraccount",
        Role.AUDITOR: "view_*",
    },
)
