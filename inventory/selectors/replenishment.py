"""A proposal's numbers in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _


def explain_proposal(numbers: Mapping[str, Any]) -> str:
    """Return the sentences that a buyer reads, from a proposal's explanation."""
    return " ".join(explain_lines(numbers))


def explain_lines(numbers: Mapping[str, Any]) -> list[str]:
    """Return them one by one: demand, lead time, reorder point, fill, position, order."""
    if "rule" not in numbers:
        return [_("It was reckoned before explanations were kept in this form.")]
    told = {name: _plain(value) for name, value in numbers.items()}
    told["fill_rate"] = _percent(numbers["fill_rate"])
    told["fill_replayed"] = _percent(numbers["fill_replayed"] or 0)
    parts = (_demand, _lead_time, _point, _fill, _stock, _order)
    lines = [text % told for part in parts for text in part(numbers)]
    if changed := numbers.get("changed"):
        lines.append(_("Changed by hand from %(before)s to %(quantity)s: %(reason)s") % changed)
    return lines


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        # Two digits say enough, and a whole number needs none.
        value = int(value) if value == int(value) else round(value, 2)
    return number_format(value) if isinstance(value, int | float) else value


def _percent(share: float) -> str:
    return f"{_plain(round(share * 100, 2))} %"


def _demand(numbers: Mapping[str, Any]) -> Iterator[str]:
    if numbers["rule"] == "COLD_START":
        yield _(
            "New: only %(known_days)s days are known. What is known of %(category)s here sells"
            " %(category_level)s a day each; with its own %(units_asked)s units it is expected to"
            " sell %(level)s a day."
        )
    else:
        yield _(
            "%(units_asked)s units were asked for in %(known_days)s days; %(level)s a day are"
            " expected now."
        )
    if numbers["days_without_stock"]:
        yield _("%(days_without_stock)s days without stock do not count.")
    if numbers["bulk_lines"]:
        yield _("%(bulk_lines)s bulk lines of %(bulk_units)s units are left out.")


def _lead_time(numbers: Mapping[str, Any]) -> Iterator[str]:
    if numbers["receipts"] >= 10:
        yield _(
            "The supplier's last %(receipts)s deliveries took %(lead_time)s days,"
            " give or take %(lead_time_deviation)s."
        )
    elif numbers["receipts"]:
        yield _(
            "The supplier offers %(offered_lead_time)s days; with its %(receipts)s deliveries"
            " %(lead_time)s days are reckoned with, give or take %(lead_time_deviation)s."
        )
    else:
        yield _(
            "The supplier offers %(offered_lead_time)s days and has not delivered yet:"
            " %(lead_time)s days are reckoned with."
        )


def _point(numbers: Mapping[str, Any]) -> Iterator[str]:
    if numbers["minimum"] is not None:
        yield _("The policy sets the reorder point: %(reorder_point)s.")
    elif numbers["rule"] == "COLD_START":
        yield _(
            "It is kept for as many days as its category: reorder point %(reorder_point)s,"
            " of which %(lead_demand)s sell during the lead time."
        )
    elif numbers["rule"] == "TEXTBOOK":
        yield _(
            "Until an order is here %(lead_demand)s are sold, give or take %(spread)s; with a"
            " safety stock of %(safety_stock)s by the textbook's normal rule:"
            " reorder point %(reorder_point)s."
        )
    else:
        yield _(
            "Until an order is here %(lead_demand)s are sold, give or take %(spread)s; with a"
            " safety stock of %(safety_stock)s by its own past and that of all SKUs:"
            " reorder point %(reorder_point)s."
        )


def _fill(numbers: Mapping[str, Any]) -> Iterator[str]:
    if numbers["minimum"] is not None or numbers["rule"] == "TEXTBOOK":
        return
    if numbers["fill_replayed"] is None:
        yield _(
            "Asked for is a fill rate of %(fill_rate)s; there is too short a past to replay, so"
            " what usually meets it is taken."
        )
    else:
        yield _(
            "Asked for is a fill rate of %(fill_rate)s; replaying the last %(replayed_days)s days"
            " delivered %(fill_replayed)s."
        )


def _stock(numbers: Mapping[str, Any]) -> Iterator[str]:
    yield _(
        "The position is %(position)s: %(on_hand)s on hand − %(reserved)s reserved"
        " − %(quarantined)s quarantined + %(on_order)s on order"
        " − %(waiting)s that orders wait for."
    )


def _order(numbers: Mapping[str, Any]) -> Iterator[str]:
    if numbers["maximum"] is None:
        yield _(
            "An order covers %(order_quantity)s, that is %(cover_days)s days, and fills up to"
            " %(order_up_to)s: %(wanted)s with a minimum of %(minimum_quantity)s in packs of"
            " %(pack_size)s."
        )
    else:
        yield _(
            "The policy fills up to %(order_up_to)s: %(wanted)s with a minimum of"
            " %(minimum_quantity)s in packs of %(pack_size)s."
        )
    if numbers["quantity"] != numbers["wanted"]:
        yield _("The policy's limit allows %(quantity)s of them.")
