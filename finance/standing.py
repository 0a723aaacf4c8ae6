"""The accounts that charges are posted to."""

from backoffice.core.standing import standing
from finance import charges
from finance.choices import AccountKind
from finance.models import LedgerAccount


@standing
def create_charge_accounts() -> None:
    """Create the income accounts that are missing."""
    for charge in charges.CHARGES:
        LedgerAccount.objects.get_or_create(
            code=charge.account,
            defaults={"name": charge.account_name, "kind": AccountKind.INCOME},
        )
