"""The accounts that charges, and rows of files, are posted to."""

from backoffice.core.standing import standing
from finance import charges
from finance.accounts import CHARGEBACKS, DIFFERENCES, FROM_PROVIDERS
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


OF_FILES = (
    (FROM_PROVIDERS, "Provider payouts in transit", AccountKind.ASSET),
    (CHARGEBACKS, "Chargebacks", AccountKind.EXPENSE),
    (DIFFERENCES, "Write-offs and differences", AccountKind.EXPENSE),
)


@standing
def create_accounts_of_files() -> None:
    """Create the accounts that rows of files are posted to, where they are missing."""
    for code, name, kind in OF_FILES:
        LedgerAccount.objects.get_or_create(code=code, defaults={"name": name, "kind": kind})
