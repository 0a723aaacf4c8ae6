"""What rows of files belong to, and what they may belong to, told."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.apps import apps
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice.core.money import Money
from backoffice.core.sql import execute
from finance.choices import MatchRule
from finance.services.candidates import CANDIDATES, asked


def subject_link(subject_type: str, subject_id: int | None) -> SafeString | str:
    """Return a link to what a row belongs to, by its number."""
    if not subject_type or subject_id is None:
        return "–"
    model = apps.get_model(subject_type)
    subject = model._default_manager.filter(pk=subject_id).first()
    try:
        url = reverse(f"admin:{subject_type.replace('.', '_')}_change", args=[subject_id])
    except NoReverseMatch:
        return str(subject)
    return format_html('<a href="{}">{}</a>', url, subject or subject_id)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a row may belong to, how much that is, and why it may."""

    key: str
    name: str
    money: str
    reason: str


OFFERED = 5
OFFER = f"""
WITH {CANDIDATES}
SELECT DISTINCT ON (row_id, subject_type, subject_id) row_id, subject_type, subject_id, rank,
  coalesce(number, ''), currency, expected, gross_amount - expected, is_taken, is_settled,
  abs(extract(epoch FROM at - happened_at)) / 86400
FROM candidate ORDER BY row_id, subject_type, subject_id, rank
"""
RULES = {1: MatchRule.REFERENCE, 2: MatchRule.NUMBER, 3: MatchRule.AMOUNT}


def suggestions(row_ids: Sequence[int]) -> dict[int, list[Suggestion]]:
    """Return what rows may belong to, the likeliest first, each with its reasons."""
    if not row_ids:
        return {}
    found: dict[int, list[tuple]] = defaultdict(list)
    for row in execute(OFFER, asked(row_ids)):
        found[row[0]].append(row[1:])
    return {
        pk: [
            _suggestion(*item)
            for item in sorted(rows, key=lambda r: (r[7], r[2], abs(r[6] or 0), r[9] or 0, r[1]))[
                :OFFERED
            ]
        ]
        for pk, rows in found.items()
    }


def _suggestion(
    kind: str,
    pk: int,
    rank: int,
    number: str,
    currency: str,
    expected: Decimal,
    off: Decimal,
    is_taken: bool,
    is_settled: bool,
    days: Decimal | None,
) -> Suggestion:
    reasons = [str(RULES[rank].label)]
    reasons.append(
        _("differs by %(off)s") % {"off": Money(off, currency)} if off else _("the same amount")
    )
    if days is not None and days >= 1:
        reasons.append(_("%(n)d days apart") % {"n": int(days)})
    if is_taken:
        reasons.append(_("matched with another row already"))
    if not is_settled:
        reasons.append(_("its money has not moved yet"))
    label = str(apps.get_model(kind)._meta.verbose_name)
    return Suggestion(
        f"{kind}:{pk}",
        f"{label} {number}".strip(),
        str(Money(expected, currency)),
        "; ".join(reasons),
    )
