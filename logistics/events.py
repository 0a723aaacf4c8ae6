"""The event kinds of this floor."""

from django.utils.translation import gettext_noop as _

from backoffice.core.events import declare, told_by

declare(
    "logistics",
    "logistics.shipment",
    {
        "shipment.planned": _("Units of an order are to leave together"),
        "shipment.trimmed": _("Units left a shipment: lost from stock or not found"),
        "shipment.uncovered": _("Units of a picked shipment were lost from stock"),
        "shipment.covered": _("Stock covers a picked shipment again"),
        "shipment.picking": _("The units of a shipment are being picked"),
        "shipment.picked": _("The units of a shipment lie together"),
        "shipment.packed": _("A shipment is packed into parcels"),
        "shipment.printed": _("The packing slip of a shipment was printed"),
        "shipment.shipped": _("All parcels of a shipment have left"),
        "shipment.delivered": _("All parcels of a shipment arrived"),
        "shipment.given_up": _("No parcel of a shipment is expected to arrive any more"),
        "shipment.cancelled": _("A shipment was called off"),
    },
)
declare(
    "logistics",
    "logistics.picklist",
    {
        "pick_list.created": _("A pick list was made"),
        "pick_list.changed": _("A pick list names other bins: what it named was lost"),
        "pick_list.printed": _("A pick list was printed"),
        "pick_list.picked": _("A pick list was walked"),
        "pick_list.cancelled": _("A pick list has nothing left to pick"),
    },
)
declare(
    "logistics",
    "logistics.parcel",
    {
        "parcel.labelled": _("The carrier gave a label and a tracking number"),
        "parcel.printed": _("The label of a parcel was printed"),
        "parcel.shipped": _("A parcel was handed over to the carrier"),
        "parcel.moved": _("The carrier told a new state of a parcel"),
        "parcel.delivered": _("A parcel arrived"),
        "parcel.given_up": _("A parcel is not expected to arrive: it is sent again or refunded"),
        "parcel.cancelled": _("A parcel was called off before it left"),
    },
)
declare(
    "logistics",
    "logistics.deliveryexception",
    {
        "delivery_exception.opened": _("Something stands in a parcel's way"),
        "delivery_exception.acknowledged": _("Somebody takes care of a delivery exception"),
        "delivery_exception.resolved": _("A delivery exception is over"),
    },
)
# A parcel is made by packing its shipment.
told_by("logistics.parcel", "logistics.shipment")

# What their data tells, by name.
KEYS = [_("by scan")]
