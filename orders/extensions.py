"""What keeps edits of orders back: the second person; what a release of holds lets go."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.approvals import approval_kind
from backoffice.core.extensions import Text, blocker, effect
from backoffice.core.models import Approval
from backoffice.core.models.approval import ApprovalStatus
from orders.models import Hold, Order
from orders.services.edits import APPROVAL, SUBJECT, above_threshold
from orders.services.rerouting import plan_reroutes

ABOVE = _("It moves more money than one person may: ask for approval.")
UNDECIDED = _("It waits for a second person: decide or withdraw the approval.")

approval_kind(APPROVAL, _("Edit an order"), permission="orders.approve_orderedit")


def _asked(edit_ids: Sequence[int], status: str) -> set[int]:
    asked = Approval.objects.filter(
        kind=APPROVAL, subject_type=SUBJECT, subject_id__any=list(edit_ids), status=status
    )
    return set(asked.values_list("subject_id", flat=True))


@blocker(SUBJECT, "commit")
def wait_for_a_second_person(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Keep edits above the threshold back until somebody else agrees."""
    undecided = _asked(ids, ApprovalStatus.REQUESTED)
    above = above_threshold(ids) - _asked(ids, ApprovalStatus.APPROVED) - undecided
    reasons: dict[int, list[Text]] = {pk: [UNDECIDED] for pk in undecided}
    return reasons | {pk: [ABOVE] for pk in above}


@blocker(SUBJECT, "cancel")
def keep_while_undecided(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Keep edits while somebody is asked about them."""
    return {pk: [UNDECIDED] for pk in _asked(ids, ApprovalStatus.REQUESTED)}


SHOWN = 10


@effect("orders.order", "release_hold")
def holds_that_end(ids: list[int], transition: str, now: datetime) -> list[Text]:
    """Tell which holds end and who placed them: what nothing else keeps goes on at once."""
    holds = Hold.objects.filter(order_id__any=ids, released_at=None).order_by("placed_at", "pk")
    lines: list[Text] = [
        _("%(order)s: %(reason)s – “%(note)s” (%(who)s)") % words
        if words["note"]
        else _("%(order)s: %(reason)s (%(who)s)") % words
        for words in (
            {
                "order": hold.order.order_number,
                "reason": hold.get_reason_display(),
                "note": hold.note,
                "who": str(hold.placed_by),
            }
            for hold in holds.select_related("order", "placed_by")[:SHOWN]
        )
    ]
    more = holds.count() - len(lines)
    if more > 0:
        lines.append(_("and %(n)s more") % {"n": more})
    return lines


@effect("orders.order", "reroute")
def warehouses_that_change(ids: list[int], transition: str, now: datetime) -> list[Text]:
    """Tell from where orders would be sent instead."""
    plans = plan_reroutes(ids)
    numbers = dict(Order.objects.filter(pk__any=ids).values_list("pk", "order_number"))
    lines: list[Text] = [
        _("%(order)s: %(before)s → %(after)s")
        % {
            "order": numbers[plan.order_id],
            "before": ", ".join(plan.before),
            "after": ", ".join(plan.after),
        }
        for plan in plans[:SHOWN]
    ]
    if len(plans) > SHOWN:
        lines.append(_("and %(n)s more") % {"n": len(plans) - SHOWN})
    return lines
