"""The codes of the accounts that services post to; those of charges are in `finance/charges.py`."""

from django.utils.translation import gettext_noop as _

BANK = "1000"
CLEARING = "1100"
# What providers have paid out and no bank statement has told yet.
FROM_PROVIDERS = "1110"
# What customers have paid beyond what was settled (credit) or still owe for it (debit).
CUSTOMERS = "2000"
SELLER_PAYABLE = "2100"
SELLER_RESERVE = "2150"
IN_TRANSIT = "2190"
TAX = "2200"
SALES = "4000"
GOODWILL = "5000"
PROVIDER_FEES = "5100"
CHARGEBACKS = "5200"
# What was written off, and differences within the tolerance.
DIFFERENCES = "5900"
# The names that the chart begins with, told in the reader's language; staff may give them others.
NAMES = (
    _("Bank"),
    _("Payment provider clearing"),
    _("Provider payouts in transit"),
    _("Customers"),
    _("Seller payable"),
    _("Seller reserve"),
    _("Payouts in transit"),
    _("Tax payable"),
    _("Opening balances"),
    _("Sales"),
    _("Commission"),
    _("Order fees"),
    _("Goodwill"),
    _("Payment provider fees"),
    _("Chargebacks"),
    _("Write-offs and differences"),
)
