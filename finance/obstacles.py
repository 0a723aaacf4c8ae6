"""What keeps orders from going on with their money."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from backoffice.core.extensions import Fix, Obstacle, obstacle
from finance.choices import PaymentStatus, RefundStatus
from finance.models import Payment, Refund


@obstacle("orders.order")
def money_waits(ids: list[int], now: datetime) -> Mapping[int, list[Obstacle]]:
    """Say which payments failed or are awaited, and which refunds wait for somebody."""
    found: dict[int, list[Obstacle]] = {pk: [] for pk in ids}
    payments = Payment.objects.filter(
        order_id__any=ids,
        order__status="PENDING",
        status__in=[PaymentStatus.PENDING, PaymentStatus.FAILED],
    )
    for payment in payments.order_by("pk"):
        fix = Fix(payment.number, "finance.payment", payment.pk)
        words = {"number": payment.number, "why": payment.failure}
        if payment.status == PaymentStatus.FAILED:
            text = _("Payment %(number)s failed: %(why)s") % words
        else:
            text = _("Payment %(number)s is awaited from the customer.") % words
        since = payment.failed_at or payment.created_at
        found[payment.order_id].append(Obstacle("PAYMENT", text, (fix,), since))
    refunds = Refund.objects.filter(
        order_id__any=ids,
        status__in=[RefundStatus.REQUESTED, RefundStatus.UNKNOWN, RefundStatus.FAILED],
    )
    # One that failed is over where another was opened since.
    later = Refund.objects.filter(order=OuterRef("order"), pk__gt=OuterRef("pk"))
    refunds = refunds.exclude(Exists(later), status=RefundStatus.FAILED)
    texts = {
        RefundStatus.REQUESTED: _("Refund %(number)s waits to be approved."),
        RefundStatus.UNKNOWN: _("Refund %(number)s has no answer from the provider."),
        RefundStatus.FAILED: _("Refund %(number)s failed: %(why)s"),
    }
    for refund in refunds.order_by("pk"):
        text = texts[RefundStatus(refund.status)]
        words = {"number": refund.number, "why": refund.failure}
        fix = Fix(refund.number, "finance.refund", refund.pk)
        found[refund.order_id].append(
            Obstacle("REFUND", text % words, (fix,), refund.failed_at or refund.created_at)
        )
    return found
