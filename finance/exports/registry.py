"""Which programs the books can be handed to."""

from finance.exports.base import Export
from finance.exports.beancount import BEANCOUNT
from finance.exports.datev import DATEV
from finance.exports.tables import QUICKBOOKS, VOUCHERS, XERO

EXPORTS: dict[str, Export] = {
    "beancount": BEANCOUNT,
    "quickbooks": QUICKBOOKS,
    "xero": XERO,
    "datev": DATEV,
    "vouchers": VOUCHERS,
}
