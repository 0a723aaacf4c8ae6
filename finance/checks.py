"""System checks: a charge that settlement could not compute is found before anything runs."""

from typing import Any

from django.core.checks import Error, register
from django.db import models

from finance.charges import BASES, CHARGES, Charge
from finance.models import CommissionContract


@register()
def check_charges(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Refuse charges without a name of their own, and what the contract does not have."""
    fields = {f.name: f for f in CommissionContract._meta.concrete_fields}
    codes = [charge.code for charge in CHARGES]
    return [
        Error(f"The charge {charge.code!r} {mistake}", id="finance.E001")
        for charge in CHARGES
        for mistake in _mistakes(charge, fields, codes)
    ]


def _mistakes(charge: Charge, fields: dict[str, Any], codes: list[str]) -> list[str]:
    found = [] if charge.of else ["is made of nothing."]
    if not charge.code.isidentifier() or codes.count(charge.code) > 1:
        found.append("needs a code of its own: letters, digits and _.")
    for name, base in charge.of.items():
        if not isinstance(fields.get(name), models.DecimalField):
            found.append(f"is made of {name!r}, which is no decimal field of the contract.")
        if base not in BASES:
            found.append(f"multiplies {name!r} by none of GROSS, NET, LINE and ORDER.")
    if charge.given_back and not isinstance(fields.get(charge.given_back), models.BooleanField):
        found.append(f"is given back by {charge.given_back!r}, no yes or no of the contract.")
    return found
