"""What rules can do with shipments, parcels and delivery exceptions."""

from collections.abc import Sequence
from datetime import datetime

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.rules import rule_action, rule_measure, tells_colleagues
from backoffice.core.states import Outcome
from logistics.choices import ExceptionKind, ExceptionStatus, ParcelStatus, ShipmentStatus
from logistics.services.exceptions import (
    acknowledge_exceptions,
    report_parcels,
    resolve_exceptions,
)
from logistics.services.giving_up import send_again
from logistics.services.picking import orders_of
from orders.rules import CHANGE, priority_field
from orders.services.marking import prioritise_orders

SHIPMENT, PARCEL = "logistics.shipment", "logistics.parcel"
EXCEPTION = "logistics.deliveryexception"
CARE = "logistics.change_deliveryexception"


@rule_action(
    "shipments.prioritise",
    SHIPMENT,
    _("Set the order's priority"),
    permission=CHANGE,
    parameters={"priority": priority_field},
)
def prioritise(
    shipment_ids: Sequence[int], *, now: datetime, reason: str, priority: int
) -> Outcome:
    """Let the orders of shipments be picked before those of a lower priority."""
    orders = orders_of(shipment_ids)
    done = prioritise_orders(
        sorted(set(orders.values())), priority=priority, now=now, reason=reason
    )
    return Outcome(
        [pk for pk in shipment_ids if orders.get(pk) in done.moved],
        {pk: done.blocked[order] for pk, order in orders.items() if order in done.blocked},
    )


tells_colleagues("shipments.tell", SHIPMENT)
rule_measure(SHIPMENT, _("shipped"), Q(shipped_at__isnull=False))
rule_measure(SHIPMENT, _("cancelled"), Q(status=ShipmentStatus.CANCELLED))

rule_action(
    "parcels.report",
    PARCEL,
    _("Open an exception"),
    permission=CARE,
    parameters={
        "kind": lambda: forms.ChoiceField(choices=ExceptionKind.choices, label=_("kind")),
        "detail": lambda: forms.CharField(max_length=300, required=False, label=_("detail")),
    },
)(report_parcels)
rule_action("parcels.send_again", PARCEL, _("Send again"), permission="logistics.give_up_parcel")(
    send_again
)
tells_colleagues("parcels.tell", PARCEL)
rule_measure(PARCEL, _("delivered"), Q(status=ParcelStatus.DELIVERED))
rule_measure(PARCEL, _("lost"), Q(status=ParcelStatus.LOST))
rule_measure(PARCEL, _("given up"), Q(given_up_at__isnull=False))

rule_action("exceptions.acknowledge", EXCEPTION, _("Acknowledge"), permission=CARE)(
    acknowledge_exceptions
)
rule_action("exceptions.resolve", EXCEPTION, _("Resolve"), permission=CARE)(resolve_exceptions)
tells_colleagues("exceptions.tell", EXCEPTION)
tells_colleagues("pick_lists.tell", "logistics.picklist")
rule_measure(EXCEPTION, _("resolved"), Q(status=ExceptionStatus.RESOLVED))
