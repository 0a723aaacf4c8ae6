"""What rows of providers' and banks' files know about a customer; their amounts stay."""

from django.db.models import Q, QuerySet

from backoffice.core.personal import personal_data
from finance.models import FileRow, Payment, ReconciliationMatch, Refund
from orders.models import Order
from orders.privacy import CUSTOMER


def _rows(customer_id: int) -> QuerySet:
    """Return what is matched with a customer's money, or names it."""
    payments = Payment.objects.filter(order__customer_id=customer_id)
    refunds = Refund.objects.filter(order__customer_id=customer_id)
    links = ReconciliationMatch.objects.filter(
        Q(subject_type="finance.payment", subject_id__in=payments.values("pk"))
        | Q(subject_type="finance.refund", subject_id__in=refunds.values("pk"))
    )
    named = payments.exclude(external_id=None).values("external_id")
    orders = Order.objects.filter(customer_id=customer_id)
    return FileRow.objects.filter(
        Q(pk__in=links.values("row_id"))
        | Q(external_id__in=named)
        | Q(payment_reference__in=named)
        | Q(reference__in=named)
        | Q(reference__in=orders.values("order_number"))
        | Q(reference__in=payments.values("number"))
    )


personal_data(
    CUSTOMER,
    FileRow,
    _rows,
    *("file_id", "row_number", "kind", "currency", "gross_amount", "happened_at"),
)
