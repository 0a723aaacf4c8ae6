"""Who sends a document and who gets it, and in which language it is read."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import translation
from django.utils.translation import gettext as _

from backoffice.core.models import Address, Company


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Speak a language that we have; English for one that we lack."""
    try:
        known = translation.get_supported_language_variant(language)
    except LookupError:
        known = "zh-hans" if language.lower().startswith("zh") else "en"
    with translation.override(known):
        yield


def sender() -> list[str]:
    """Return the lines of our letter head."""
    company = Company.objects.order_by("pk").first()
    if company is None:
        return []
    number = _("Tax number: %s") % company.tax_number if company.tax_number else ""
    return [company.name, company.country, number]


def address_lines(address: Address | None) -> list[str]:
    """Return an address as it is written on a letter."""
    if address is None:
        return []
    place = " ".join(filter(None, [address.postal_code, address.district, address.city]))
    lines = [address.recipient, address.company, address.line1, address.line2, place]
    return [*filter(None, [*lines, address.region]), address.country]
