"""What is wrong with a channel's order, and what staff put right about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from backoffice.core.money import DIGITS, allocate
from inventory.models import Sku
from orders.choices import LineKind, Problem
from orders.models import Listing
from orders.services.catalogue import Catalogue, read_catalogue
from orders.services.commands import AddressData, LineData, PlaceOrder
from orders.services.drafts import Draft, draft_order

Trouble = dict[str, Any]
GOODS = (LineKind.ITEM, LineKind.KIT)


def explain(trouble: Mapping[str, Any]) -> str:
    """Say what is wrong in the reader's language, and what to do about it."""
    data = trouble.get("data", {})
    why = " ".join(data.get("reasons", []))
    words = {
        Problem.SKU: _("No SKU is known for %(codes)s: map the codes, or create the SKUs.")
        % {"codes": ", ".join(data.get("codes", []))},
        Problem.ADDRESS: _("The address lacks %(missing)s: correct it.")
        % {"missing": ", ".join(data.get("missing", []))},
        Problem.CURRENCY: _("Currency %(code)r is unknown: say which one is meant.")
        % {"code": data.get("code", "")},
        Problem.TOTAL: _(
            "The channel's total %(theirs)s is not the sum of the lines %(ours)s: say which counts."
        )
        % {"theirs": data.get("theirs", ""), "ours": data.get("ours", "")},
        Problem.CANCEL: _(
            "The channel cancelled the order; it could not be cancelled here: %(why)s"
        )
        % {"why": why},
        Problem.CHANGE: _("The channel changed the order; ours could not follow: %(why)s")
        % {"why": why},
        Problem.AWAITED: _("A part of the story came before the order itself: nothing to do yet."),
    }
    return words.get(Problem(trouble["kind"]), why)


def trouble(kind: str, **data: Any) -> Trouble:
    """Return a problem as it is stored."""
    return {"kind": str(kind), "data": data}


def with_listings(commands: Sequence[PlaceOrder]) -> list[PlaceOrder]:
    """Put our SKUs in the place of channels' codes, in one query for all."""
    codes = {line.sku for c in commands for line in c.lines if line.sku}
    listings = Listing.objects.filter(
        channel__code__in={c.channel for c in commands}, code__any=list(codes), is_active=True
    )
    known = {
        (ch, code): sku
        for ch, code, sku in listings.values_list("channel__code", "code", "sku__code")
    }
    if not known:
        return list(commands)
    return [
        replace(c, lines=[replace(x, sku=known.get((c.channel, x.sku), x.sku)) for x in c.lines])
        for c in commands
    ]


def corrected(command: PlaceOrder, corrections: Mapping[str, Any] | None) -> PlaceOrder:
    """Return an order as staff put it right; the total comes last, see `with_total`."""
    if not corrections:
        return command
    if "ship_to" in corrections:
        command = replace(command, ship_to=AddressData(**corrections["ship_to"]))
    if "currency" in corrections:
        command = replace(command, currency=corrections["currency"])
    if corrections.get("total") == "ours":
        command = replace(command, total=None)
    return command


def with_total(command: PlaceOrder, draft: Draft) -> PlaceOrder:
    """Add what the channel's total differs by, as a fee or a discount over the tax rates."""
    assert command.total is not None
    gap = command.total - draft.total.gross
    rates = sorted({line.tax_rate for line in draft.lines})
    weights = [
        sum((x.amounts.gross for x in draft.lines if x.tax_rate == rate), Decimal(0))
        for rate in rates
    ]
    shares = allocate(abs(gap), [max(w, Decimal(0)) for w in weights], draft.currency)
    parts = list(zip(rates, shares, strict=True))
    if not draft.prices_include_tax:
        # A net price cannot give every gross amount.
        parts = [(Decimal(0), abs(gap))]
    kind = LineKind.FEE if gap > 0 else LineKind.DISCOUNT
    added = [
        LineData(1, "", kind, share.copy_sign(gap), rate, "Adjustment", external_id="adjustment")
        for rate, share in parts
        if share
    ]
    return replace(command, lines=[*command.lines, *added])


def find_problems(
    commands: Mapping[int, PlaceOrder], lacking: Mapping[int, list[Trouble]]
) -> dict[int, list[Trouble]]:
    """Say what else keeps orders from being placed, in a fixed number of queries."""
    catalogue = read_catalogue(list(commands.values()))
    return {n: _problems(command, catalogue, lacking.get(n, [])) for n, command in commands.items()}


def _problems(command: PlaceOrder, catalogue: Catalogue, found: Sequence[Trouble]) -> list[Trouble]:
    found = list(found)
    codes = {x.sku for x in command.lines if x.kind in GOODS and x.sku not in catalogue.skus}
    if codes:
        found.append(trouble(Problem.SKU, codes=sorted(codes)))
    if command.currency and command.currency not in DIGITS:
        found.append(trouble(Problem.CURRENCY, code=command.currency))
    if found:
        return found
    draft = draft_order(command, catalogue)
    total = draft.total.gross
    if command.total is not None and draft.lines and total != command.total and total >= 0:
        unpriced = draft_order(replace(command, total=None), catalogue)
        if not unpriced.reasons:
            return [trouble(Problem.TOTAL, theirs=str(command.total), ours=str(total))]
    return [trouble(Problem.CONTENT, reasons=draft.reasons)] if draft.reasons else []


def accept_totals(commands: Mapping[int, PlaceOrder]) -> dict[int, PlaceOrder]:
    """Adjust orders to their channel's total."""
    catalogue = read_catalogue(list(commands.values()))
    adjusted = {}
    for n, command in commands.items():
        draft = draft_order(replace(command, total=None), catalogue)
        is_off = not draft.reasons and draft.total.gross != command.total
        adjusted[n] = with_total(command, draft) if is_off else command
    return adjusted


def incomplete_addresses(commands: Mapping[int, PlaceOrder]) -> dict[int, list[Trouble]]:
    """Say which orders have no address that goods could go to."""
    lacking = {n: lacks for n, c in commands.items() if (lacks := _lacks(c.ship_to))}
    if not lacking:
        return {}
    codes = {x.sku for n in lacking for x in commands[n].lines}
    # What is not shipped needs a country alone, for its tax.
    untracked = set(
        Sku.objects.filter(code__any=list(codes), stock_policy="UNTRACKED").values_list(
            "code", flat=True
        )
    )
    return {
        n: [trouble(Problem.ADDRESS, missing=lacks)]
        for n, lacks in lacking.items()
        if "country" in lacks or not _skus(commands[n].lines) <= untracked
    }


def _lacks(address: AddressData) -> list[str]:
    lacks = [name for name in ("line1", "city") if not getattr(address, name).strip()]
    is_country = len(address.country) == 2 and address.country.isascii()
    return lacks if is_country and address.country.isalpha() else [*lacks, "country"]


def _skus(lines: Iterable[LineData]) -> set[str]:
    return {x.sku for x in lines if x.kind in GOODS}


def as_correction(address: AddressData) -> dict[str, str]:
    """Return an address as a correction stores it."""
    return asdict(address)
