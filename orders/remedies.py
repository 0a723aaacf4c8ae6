"""What helps a message that was refused because of what is missing here."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from backoffice.core.extensions import Remedy, remedy
from inventory.models import Sku

# The reason as intake writes it, in the language of the workers.
UNKNOWN_SKU = re.compile(r"SKU '([^']+)' is unknown")


@remedy("core.inboundmessage")
def missing_skus(message: Any) -> list[Remedy]:
    """Lead from a refused order to the SKUs that it names and that are not there."""
    return list(remedies_for(UNKNOWN_SKU.findall(message.reason)))


def remedies_for(codes: list[str]) -> Iterator[Remedy]:
    """Yield a way on for each SKU code, by whether it is there by now."""
    there = set(Sku.objects.filter(code__in=codes).values_list("code", flat=True))
    for code in dict.fromkeys(codes):
        if code in there:
            url = f"{reverse('admin:inventory_sku_changelist')}?{urlencode({'q': code})}"
            text = _("SKU %(code)s is there by now: the message can be tried again.")
            yield Remedy(text % {"code": code}, _("Show it"), url, "inventory.view_sku")
        else:
            url = f"{reverse('admin:inventory_sku_add')}?{urlencode({'code': code})}"
            text = _("The order names SKU %(code)s, which is not in the catalogue.")
            label = _("Create SKU %(code)s") % {"code": code}
            yield Remedy(text % {"code": code}, label, url, "inventory.add_sku")
