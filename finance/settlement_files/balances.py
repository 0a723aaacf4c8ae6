"""What proves a bank's statement: opening balance and rows come to the closing balance."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from finance.settlement_files.amounts import shown
from finance.settlement_files.base import Account, Row, RowKind


def unbalanced(account: Account, rows: Sequence[Row]) -> list[str]:
    """Return why a statement does not prove itself; nothing where it does."""
    name = account.number or account.account
    if account.opening is None or account.closing is None:
        return [_("Statement %s: its opening or closing balance is missing.") % name]
    if any(row.currency != account.currency for row in rows):
        return [_("Statement %s: a row is in another currency.") % name]
    end = account.opening + sum(row.net for row in rows if row.kind != RowKind.PENDING)
    if end == account.closing:
        return []
    return [
        _("Statement %(name)s closes with %(closing)s, its rows lead to %(end)s.")
        % {
            "name": name,
            "closing": shown(account.closing, account.currency),
            "end": shown(end, account.currency),
        }
    ]
