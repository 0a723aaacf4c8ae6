"""Account numbers and bank codes: check digits, lengths, what is shown of them."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
ACCOUNT = re.compile(r"[A-Z0-9]{4,34}")
BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
ROUTING = re.compile(r"\d{9}")
# The bank numbers of China's payment system.
CNAPS = re.compile(r"\d{12}")

BAD_IBAN = _("The IBAN is mistyped: its check digits do not fit.")
BAD_ACCOUNT = _("Give an IBAN, or an account number of 4 to 34 letters and digits.")
BAD_ROUTING = _("The routing number is mistyped: its check digit does not fit.")
BAD_BANK = _("Give a BIC of 8 or 11 characters, a routing number of 9 digits or one of 12.")


def compact(text: str) -> str:
    """Return what is typed in groups as one upper-case word."""
    return re.sub(r"[\s-]", "", text).upper()


def is_iban(number: str) -> bool:
    """Say whether an account number is an IBAN whose check digits fit (ISO 13616, mod 97)."""
    if not IBAN.fullmatch(number):
        return False
    digits = "".join(str(int(c, 36)) for c in number[4:] + number[:4])
    return int(digits) % 97 == 1


def is_routing(code: str) -> bool:
    """Say whether a code is a routing number whose check digit fits (weights 3, 7, 1)."""
    if not ROUTING.fullmatch(code):
        return False
    return sum(int(c) * (3, 7, 1)[n % 3] for n, c in enumerate(code)) % 10 == 0


def validate_account_number(text: str) -> None:
    """Refuse what is no account number."""
    number = compact(text)
    if IBAN.fullmatch(number) and not is_iban(number):
        raise ValidationError(BAD_IBAN)
    if not ACCOUNT.fullmatch(number):
        raise ValidationError(BAD_ACCOUNT)


def validate_bank_code(text: str) -> None:
    """Refuse what is no bank code."""
    code = compact(text)
    if ROUTING.fullmatch(code) and not is_routing(code):
        raise ValidationError(BAD_ROUTING)
    if not (ROUTING.fullmatch(code) or BIC.fullmatch(code) or CNAPS.fullmatch(code)):
        raise ValidationError(BAD_BANK)


def masked(ending: str) -> str:
    """Return what is shown of an account number."""
    return f"•••• {ending}"
