"""What rules can do with orders, and what may become of those they touch."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.rules import rule_action, rule_measure, tells_colleagues
from backoffice.core.states import Outcome
from backoffice.core.tags import tag_field
from orders.choices import HoldReason, OrderStatus
from orders.services.holds import place_holds, release_holds, write_notes
from orders.services.lifecycle import cancel_orders, confirm_orders, release_orders
from orders.services.marking import prioritise_orders, tag_orders, untag_orders

ORDER = "orders.order"


def priority_field() -> forms.Field:
    """Return the field of an order's priority."""
    return forms.IntegerField(min_value=-100, max_value=100, label=_("priority"))


@rule_action(
    "orders.hold",
    ORDER,
    _("Hold"),
    permission="orders.hold_order",
    parameters={
        "hold": lambda: forms.ChoiceField(choices=HoldReason.choices, label=_("reason")),
        "hours": lambda: forms.IntegerField(
            min_value=1,
            max_value=24 * 90,
            required=False,
            label=_("hours"),
            help_text=_("Empty: until somebody releases it."),
        ),
    },
)
def hold(
    order_ids: Sequence[int], *, now: datetime, reason: str, hold: str, hours: int | None
) -> Outcome:
    """Hold orders, for some hours or until somebody releases them."""
    until = now + timedelta(hours=hours) if hours else None
    return place_holds(order_ids, now=now, hold=hold, until=until, reason=reason)


@rule_action("orders.release_hold", ORDER, _("Release holds"), permission="orders.hold_order")
def release_hold(order_ids: Sequence[int], *, now: datetime, reason: str) -> Outcome:
    """Release the holds of orders."""
    return release_holds(order_ids, now=now, reason=reason)


@rule_action(
    "orders.note",
    ORDER,
    _("Write a note"),
    permission="orders.change_order",
    parameters={"text": lambda: forms.CharField(max_length=1000, label=_("text"))},
)
def note(order_ids: Sequence[int], *, now: datetime, reason: str, text: str) -> Outcome:
    """Write a note on orders."""
    return Outcome(write_notes(order_ids, now=now, text=text, reason=reason))


CHANGE = "orders.change_order"
TAG = {"tag": tag_field}
rule_action("orders.tag", ORDER, _("Tag"), permission=CHANGE, parameters=TAG)(tag_orders)
rule_action("orders.untag", ORDER, _("Take a tag off"), permission=CHANGE, parameters=TAG)(
    untag_orders
)
rule_action(
    "orders.prioritise",
    ORDER,
    _("Set the priority"),
    permission=CHANGE,
    parameters={"priority": priority_field},
)(prioritise_orders)
rule_action("orders.confirm", ORDER, _("Confirm"), permission="orders.confirm_order")(
    confirm_orders
)
rule_action("orders.release", ORDER, _("Release to warehouse"), permission="orders.release_order")(
    release_orders
)
rule_action("orders.cancel", ORDER, _("Cancel"), permission="orders.cancel_order")(cancel_orders)
tells_colleagues("orders.tell", ORDER)
tells_colleagues("returns.tell", "orders.return")
tells_colleagues("order_edits.tell", "orders.orderedit")
tells_colleagues("channel_orders.tell", "orders.channelorder")

rule_measure(ORDER, _("cancelled"), Q(status=OrderStatus.CANCELLED))
rule_measure(ORDER, _("refunded"), Q(refunded_amount__gt=0))
rule_measure(ORDER, _("returned"), Q(returned_quantity__gt=0))
