"""What staff decide about a channel's orders; what is right afterwards goes on by itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from backoffice.core.actor import service
from backoffice.core.states import BlockedError, Outcome
from inventory.models import Sku
from orders.choices import ChannelOrderStatus, Problem
from orders.models import ChannelOrder, Listing
from orders.services.channel_intake import retry_channel_orders, settle_again
from orders.states import CHANNEL_ORDER

BATCH = 500


@service
def correct_channel_order(
    channel_order_id: int, corrections: Mapping[str, Any], *, now: datetime, reason: str = ""
) -> Outcome:
    """Put one held channel order right and take it in; earlier corrections stay."""
    outcome = CHANNEL_ORDER.check([channel_order_id], "correct")
    if not outcome.moved:
        return outcome
    row = ChannelOrder.objects.select_related("channel").get(pk=channel_order_id)
    row.corrections = {**(row.corrections or {}), **corrections}
    # The event tells what was corrected, not what it is now: that may be personal.
    told = {row.pk: {"corrected": ", ".join(sorted(corrections))}}
    ChannelOrder.objects.filter(pk=row.pk).update(corrections=row.corrections)
    CHANNEL_ORDER.move([row.pk], "correct", data=told)
    settle_again([row], now=now)
    return outcome


@service
def map_codes(channel_id: int, codes: Mapping[str, str], *, now: datetime, reason: str = "") -> int:
    """List SKUs under a channel's codes and take in what waited; return how many orders did."""
    skus = dict(Sku.objects.filter(code__in=set(codes.values())).values_list("code", "pk"))
    unknown = sorted(set(codes.values()) - set(skus))
    if unknown:
        raise BlockedError([_("There is no SKU %(codes)s.") % {"codes": ", ".join(unknown)}])
    for code, sku in sorted(codes.items()):
        Listing.objects.update_or_create(
            channel_id=channel_id, code=code, defaults={"sku_id": skus[sku], "is_active": True}
        )
    waiting = ChannelOrder.objects.filter(channel_id=channel_id, problem=Problem.SKU)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:BATCH])
    return len(retry_channel_orders(ids, now=now, reason=reason).moved)


@service
def dismiss_channel_orders(
    channel_order_ids: Sequence[int], *, now: datetime, reason: str = ""
) -> Outcome:
    """Take no order in, whatever the channel tells about it later."""
    return CHANNEL_ORDER.apply(channel_order_ids, "dismiss", values={"problem": "", "problems": []})


@service
def reopen_channel_orders(
    channel_order_ids: Sequence[int], *, now: datetime, reason: str = ""
) -> Outcome:
    """Take dismissed orders in after all."""
    outcome = CHANNEL_ORDER.apply(channel_order_ids, "reopen")
    rows = ChannelOrder.objects.filter(pk__any=outcome.moved).select_related("channel")
    settle_again(list(rows.order_by("pk")), now=now)
    return outcome


@service
def leave_channel_orders(
    channel_order_ids: Sequence[int], *, now: datetime, reason: str = ""
) -> Outcome:
    """Leave orders other than their channel has them; its next change is followed again."""
    return CHANNEL_ORDER.apply(
        channel_order_ids,
        "leave",
        values={"problem": "", "problems": [], "followed_id": F("message_id")},
    )


def waiting_orders(*, after: int = 0) -> list[int]:
    """Return up to 500 held channel orders that a new SKU, price or rate may have put right."""
    held = ChannelOrder.objects.filter(
        status=ChannelOrderStatus.HELD,
        problem__in=[Problem.SKU, Problem.CONTENT, Problem.CURRENCY],
        pk__gt=after,
    )
    return list(held.order_by("pk").values_list("pk", flat=True)[:BATCH])
