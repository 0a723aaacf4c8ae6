"""The codes of the accounts that services post to; those of charges are in `finance/charges.py`."""

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
