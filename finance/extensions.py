"""What finance adds to screens and verbs: second persons, previews, the money of an order."""

from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.core import extensions
from backoffice.core.actor import current_actor
from backoffice.core.extensions import Text
from backoffice.core.models import Event
from backoffice.core.sql import execute
from backoffice.ui.display import badge_html
from backoffice.ui.grid import amount, grid, link
from finance.accounts import SELLER_PAYABLE
from finance.choices import COLOURS, PRICED, RefundStatus
from finance.models import (
    BankDetails,
    Invoice,
    OrderSettlement,
    Payment,
    Payout,
    PayoutBatch,
    Refund,
)
from finance.selectors.refunds import owed_back

GIVEN_BACK = gettext_lazy("Some of its price went back already: give back more instead.")
OWN = gettext_lazy("Somebody else has to approve what you asked for.")
FALLEN = gettext_lazy("The seller's balance has fallen below the payout: cancel it.")

BALANCES = f"""
SELECT p.id FROM finance_payout p LEFT JOIN LATERAL (
  SELECT -sum(b.amount) AS balance FROM finance_dailybalance b
  JOIN finance_ledgeraccount a ON a.id = b.account_id AND a.code = '{SELLER_PAYABLE}'
  WHERE b.party_type = 'SELLER' AND b.party_id = p.seller_id AND b.currency = p.currency) x ON true
WHERE p.id = ANY(%s) AND coalesce(x.balance, 0) < p.amount
"""

EDITED = """
SELECT round(o.captured_amount + o.authorised_amount - coalesce(p.back, 0),
    currency_exponent(o.currency)), round(e.total_after, currency_exponent(o.currency)), o.currency,
  c.payment_terms = 'PREPAID'
FROM orders_orderedit e JOIN orders_order o ON o.id = e.order_id
JOIN orders_saleschannel c ON c.id = o.channel_id
LEFT JOIN LATERAL (SELECT sum(refunded_amount + pending_refund_amount) AS back
  FROM finance_payment WHERE order_id = o.id) p ON true
WHERE e.id = ANY(%s) ORDER BY e.id
"""


# What stands on the lines of parcels, at most what is left of the order's money.
GIVEN_UP = """
SELECT sum(least(x.cost, x.paid)), currency FROM (
  SELECT o.currency, round(sum(l.gross_amount * pl.quantity / l.quantity),
      currency_exponent(o.currency)) AS cost,
    round(o.captured_amount - o.refunded_amount, currency_exponent(o.currency)) AS paid
  FROM logistics_parcelline pl JOIN logistics_parcel p ON p.id = pl.parcel_id
  JOIN logistics_shipmentline sl ON sl.id = pl.shipment_line_id
  JOIN orders_orderline l ON l.id = sl.order_line_id JOIN orders_order o ON o.id = l.order_id
  WHERE pl.parcel_id = ANY(%s) AND p.given_up_at IS NULL GROUP BY o.id) x
WHERE least(x.cost, x.paid) > 0 GROUP BY currency ORDER BY currency
"""


@extensions.blocker("finance.refund", "approve")
def own_refunds(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Keep people from approving refunds that they opened, or whose goods they took in."""
    me = current_actor().user_id
    received = Event.objects.filter(
        kind="return.received",
        subject_type="orders.return",
        subject_id=OuterRef("goods_return_id"),
        actor_id=me,
    )
    own = Refund.objects.filter(Q(created_by_id=me) | Exists(received), pk__any=ids)
    return {pk: [OWN] for pk in own.values_list("pk", flat=True)}


@extensions.blocker("orders.order", "edit")
def priced_refunds(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Keep lines as they are once some of their price went back."""
    given = Refund.objects.filter(order_id__any=ids, kind__in=PRICED).exclude(
        status__in=[RefundStatus.FAILED, RefundStatus.CANCELLED]
    )
    return {pk: [GIVEN_BACK] for pk in given.values_list("order_id", flat=True)}


@extensions.blocker("finance.payout", "approve")
@extensions.blocker("finance.payout", "approve_in_batch")
def own_payouts(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Keep people from approving payouts that they proposed."""
    own = Payout.objects.filter(pk__any=ids, created_by_id=current_actor().user_id)
    return {pk: [OWN] for pk in own.values_list("pk", flat=True)}


@extensions.blocker("finance.payoutbatch", "approve")
def own_batches(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Keep people from approving batches that they gathered."""
    own = PayoutBatch.objects.filter(pk__any=ids, created_by_id=current_actor().user_id)
    return {pk: [OWN] for pk in own.values_list("pk", flat=True)}


@extensions.blocker("finance.bankdetails", "approve")
def own_details(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Keep people from approving bank details that they gave."""
    own = BankDetails.objects.filter(pk__any=ids, created_by_id=current_actor().user_id)
    return {pk: [OWN] for pk in own.values_list("pk", flat=True)}


@extensions.blocker("finance.payout", "send")
@extensions.blocker("finance.payout", "send_in_batch")
def uncovered_payouts(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Keep back payouts that the seller's balance no longer covers."""
    return {pk: [FALLEN] for (pk,) in execute(BALANCES, [ids])}


@extensions.effect("orders.order", "cancel")
def refunds_of_cancelling(ids: list[int], transition: str, now: datetime) -> list[Text]:
    """Tell what money a cancellation gives back."""
    return [
        ngettext(
            "%(n)s refund of %(amount)s %(currency)s will be opened.",
            "%(n)s refunds of %(amount)s %(currency)s together will be opened.",
            owed.refunds,
        )
        % {"n": owed.refunds, "amount": f"{owed.amount:f}", "currency": owed.currency}
        for owed in owed_back(ids)
    ]


@extensions.effect("logistics.parcel", "refund")
def money_of_giving_up(ids: list[int], transition: str, now: datetime) -> list[Text]:
    """Tell what the units of parcels cost that are cancelled."""
    return [
        _("Up to %(amount)s %(currency)s go back to the customer, by the refund policy.")
        % {"amount": f"{amount:f}", "currency": currency}
        for amount, currency in execute(GIVEN_UP, [ids])
    ]


@extensions.effect("orders.orderedit", "commit")
def money_of_editing(ids: list[int], transition: str, now: datetime) -> list[Text]:
    """Tell what edits make customers pay or get back."""
    lines: list[Text] = []
    for paid, total, currency, is_prepaid in execute(EDITED, [ids]):
        words = {"amount": f"{abs(total - paid):f}", "currency": currency}
        if paid > total:
            lines.append(_("A refund of %(amount)s %(currency)s will be opened.") % words)
        elif paid < total and is_prepaid:
            lines.append(_("The customer has %(amount)s %(currency)s to pay.") % words)
    return lines


@extensions.panel("orders.order", gettext_lazy("Money"))
def money_panel(order: Any, request: Any) -> str:
    """Show an order's payments, refunds, settlements and invoices."""
    may = request.user.has_perm
    rows: list[tuple[Any, ...]] = []
    if may("finance.view_payment"):
        rows += [
            (_("Payment"), link(p), p.created_at, _shown(p), amount(p.amount, p.currency))
            for p in Payment.objects.filter(order_id=order.pk).order_by("pk")
        ]
    if may("finance.view_refund"):
        rows += [
            (
                _("Refund") if r.payment_id else _("Credit"),
                *(link(r), r.created_at, _shown(r), amount(-r.amount, r.currency)),
            )
            for r in Refund.objects.filter(order_id=order.pk).order_by("pk")
        ]
    if may("finance.view_ordersettlement"):
        rows += [
            (
                _("Settlement"),
                link(s, _("Settled on %(day)s") % {"day": s.settles_on}),
                s.settled_at,
                "",
                amount(s.payable_amount, s.currency),
            )
            for s in OrderSettlement.objects.filter(order_id=order.pk).order_by("pk")
        ]
    if may("finance.view_invoice"):
        rows += [
            (_("Invoice"), link(i), i.issued_on, "", amount(i.gross_amount, i.currency))
            for i in Invoice.objects.filter(order_id=order.pk).order_by("pk")
        ]
    shown = [(what, name, _when(at), state, money) for what, name, at, state, money in rows]
    head = (_("What"), _("Number"), _("Time"), _("Status"), _("Amount"))
    return grid(head, shown, _("No money yet."))


@extensions.panel("orders.return", gettext_lazy("Refunds"))
def refunds_of_return(goods: Any, request: Any) -> str:
    """Show what goes back for a return, and who has to agree."""
    if not request.user.has_perm("finance.view_refund"):
        return ""
    rows = [
        (link(r), _when(r.created_at), _shown(r), amount(r.amount, r.currency))
        for r in Refund.objects.filter(goods_return_id=goods.pk).order_by("pk")
    ]
    head = (_("Number"), _("Time"), _("Status"), _("Amount"))
    return grid(head, rows, _("No refund yet: one is proposed once the goods are received."))


def _when(at: date) -> str:
    return date_format(
        localtime(at) if isinstance(at, datetime) else at,
        "Y-m-d H:i" if isinstance(at, datetime) else "Y-m-d",
    )


def _shown(document: Any) -> str:
    return badge_html(document.status, document.get_status_display(), COLOURS)
