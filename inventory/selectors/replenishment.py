"""A proposal's numbers in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


def explain_proposal(numbers: Mapping[str, Any]) -> str:
    """Return the sentences that a buyer reads, from a proposal's explanation."""
    numbers = {
        # What proposals that were made before these numbers were kept say instead.
        "units_asked": numbers.get("units_shipped"),
        "days_measured": numbers.get("history_days"),
        "days_without_stock": 0,
        "waiting": 0,
    } | dict(numbers)
    demand = _(
        "%(units_asked)s units were asked for in %(days_measured)s days: %(mean_per_day)s a day,"
        " give or take %(deviation_per_day)s."
    )
    censored = (
        _("Left out: %(days_without_stock)s days without stock.")
        if numbers["days_without_stock"]
        else ""
    )
    if numbers.get("minimum") is None:
        point = _(
            "Lead time and review take %(protection_days)s days, which need %(lead_demand)s units"
            " and a safety stock of %(safety_stock)s for %(service_level)s of the cycles:"
            " reorder point %(reorder_point)s."
        )
    else:
        point = _("The policy sets the reorder point: %(reorder_point)s.")
    stock = _(
        "The position is %(position)s: %(on_hand)s on hand − %(reserved)s reserved"
        " − %(quarantined)s quarantined + %(on_order)s on order"
        " − %(waiting)s that orders wait for."
    )
    if numbers.get("maximum") is None:
        order = _(
            "The cheapest order is %(order_quantity)s, which fills up to %(order_up_to)s:"
            " %(quantity)s with a minimum of %(minimum_quantity)s in packs of %(pack_size)s."
        )
    else:
        order = _(
            "The policy fills up to %(order_up_to)s: %(quantity)s with a minimum of"
            " %(minimum_quantity)s in packs of %(pack_size)s."
        )
    return " ".join(text % numbers for text in (demand, censored, point, stock, order) if text)
