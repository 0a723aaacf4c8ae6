"""The charges of a settlement: what a seller pays for an order, each declared once, here.

Settlement, postings, what is payable, refunds, the contract's checks, invariants, admin, API and
the chart of accounts follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What a field of the contract is multiplied by: `p` is one seller's part of one order.
GROSS, NET, LINE, ORDER = "p.gross", "(p.gross - p.tax)", "p.lines", "(p.lines > 0)::int"
BASES = (GROSS, NET, LINE, ORDER)


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge: the sum of the contract's fields in `of`, each times its base, rounded once.

    `given_back` names the contract's yes or no to giving it back with refunds; without, it stays.
    `account` is made as an income account by the next `migrate`.
    """

    code: str
    label: str | Promise
    account: str
    account_name: str
    of: Mapping[str, str]
    given_back: str = ""

    @property
    def column(self) -> str:
        return f"charge_{self.code}"

    @property
    def amount(self) -> str:
        """Return the SQL of the amount for a part `p` under a contract `c`."""
        whole = " + ".join(f"{base} * c.{field}" for field, base in self.of.items())
        return f"CASE WHEN p.seller_id IS NULL THEN 0 ELSE round({whole}, p.e) END"


# One that is levied no more stays declared, its fields zero: what was settled still names it.
CHARGES = (
    Charge(
        "commission",
        _("commission"),
        "4100",
        "Commission",
        {"commission_rate": GROSS},
        given_back="refunds_commission",
    ),
    Charge("line_fee", _("fee per order line"), "4200", "Order fees", {"line_fee": LINE}),
)


def total() -> str:
    """Return the SQL of all charges together, over rows that have a column for each."""
    return f"({' + '.join(c.column for c in CHARGES)})"


def kept() -> str:
    """Return the SQL of what is kept of the charges of such a row: those levied, by code."""
    pairs = ", ".join(f"'{c.code}': nullif({c.column}, 0)::text" for c in CHARGES)
    return f"JSON_OBJECT({pairs} ABSENT ON NULL RETURNING jsonb)"


def charge_accounts() -> list[str]:
    """Return the account of each charge, in their order."""
    return [charge.account for charge in CHARGES]


def sides(row: str, first: int) -> str:
    """Return the cases of an entry's sides: the first charge is number `first`."""
    return " ".join(f"WHEN {n} THEN {row}.{c.column}" for n, c in enumerate(CHARGES, first))


def contract_fields(*bases: str) -> list[str]:
    """Return the contract's fields that are multiplied by one of these."""
    return [name for c in CHARGES for name, base in c.of.items() if base in bases]


def labelled(charges: Mapping[str, str]) -> list[tuple[str | Promise, Decimal]]:
    """Return the charges of a settlement with their names, as declared."""
    return [(c.label, Decimal(charges[c.code])) for c in CHARGES if c.code in charges]
