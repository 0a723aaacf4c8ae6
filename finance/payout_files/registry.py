"""Which formats of payout files there are."""

from finance import choices
from finance.payout_files.base import PayoutFormat
from finance.payout_files.nacha import NACHA
from finance.payout_files.pain import PAIN_03, PAIN_09
from finance.payout_files.table import CSV

FORMATS: dict[str, PayoutFormat] = {
    choices.PayoutFormat.PAIN_09: PAIN_09,
    choices.PayoutFormat.PAIN_03: PAIN_03,
    choices.PayoutFormat.NACHA: NACHA,
    choices.PayoutFormat.CSV: CSV,
}
