"""Which money goes back out of which payment and for which line: pure, given what is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from backoffice.core.money import allocate, round_amount
from finance.choices import PRICED, RefundKind
from finance.services.commands import OpenRefund, RefundPart

ZERO = Decimal(0)


@dataclass(slots=True)
class Source:
    """A captured payment and what may still go back out of it; no payment: what is owed."""

    payment_id: int | None
    provider: str
    left: Decimal


@dataclass(slots=True)
class PricedLine:
    """An order line and what of its live price has not gone back."""

    line_id: int
    kind: str
    left: Decimal


@dataclass(slots=True)
class Account:
    """What an order has and what of it went back or is about to."""

    order_id: int
    currency: str
    status: str
    captured: Decimal
    sources: list[Source] = field(default_factory=list)
    lines: list[PricedLine] = field(default_factory=list)
    goodwill: Decimal = ZERO
    is_on_account: bool = False
    asked: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        return sum((s.left for s in self.sources), ZERO)

    @property
    def price_left(self) -> Decimal:
        return sum((line.left for line in self.lines), ZERO)

    @property
    def owed(self) -> Decimal:
        """Return what a customer on account has still to pay of the price."""
        unpaid = self.price_left - self.left - self.goodwill
        return max(unpaid, ZERO) if self.is_on_account else ZERO

    def credit(self, command: OpenRefund) -> Decimal:
        """Return what a refund gives up of what is owed, before any money goes back."""
        return self.owed if command.kind in PRICED and not command.is_settled else ZERO

    @property
    def overpaid(self) -> Decimal:
        """Return what is there beyond the price; what was given as goodwill took none of it."""
        return min(self.left, self.left + self.goodwill - self.price_left)


@dataclass(frozen=True, slots=True)
class PlannedRefund:
    """One refund row: money out of one payment, with the lines that it gives back."""

    command: OpenRefund
    currency: str
    payment_id: int | None
    amount: Decimal
    lines: tuple[RefundPart, ...]
    total: Decimal


def plan(command: OpenRefund, account: Account | None) -> tuple[list[PlannedRefund], list[str]]:
    """Return the refunds that a command needs, or the reasons why it is refused.

    What is planned is taken off the account, so that the next command sees the rest.
    """
    if account is None:
        return [], [_("The order is unknown.")]
    if command.is_capped:
        command = _capped(command, account)
    amount = account.left if command.amount is None else command.amount
    if command.amount is None and command.lines:
        amount = sum((part.amount for part in command.lines), ZERO)
    reasons = _amount_refusals(command, account, amount)
    if reasons:
        return [], reasons
    parts: list[RefundPart] = []
    sources = [Source(None, "", account.credit(command)), *account.sources]
    if command.kind in PRICED:
        parts, reasons = _parts(command, account, amount)
        if reasons:
            return [], reasons
    if command.kind == RefundKind.GOODWILL:
        account.goodwill += amount
    account.asked += amount
    return _split(command, account, sources, amount, parts), []


def _capped(command: OpenRefund, account: Account) -> OpenRefund:
    left = {line.line_id: max(line.left, ZERO) for line in account.lines}
    wanted = [min(part.amount, left.get(part.line_id, ZERO)) for part in command.lines]
    amount = min(sum(wanted, ZERO), account.left + account.credit(command))
    shares = allocate(amount, wanted, account.currency) if amount > 0 else []
    parts = [
        RefundPart(part.line_id, share) for part, share in zip(command.lines, shares, strict=False)
    ]
    return replace(command, amount=amount, lines=[part for part in parts if part.amount])


def _amount_refusals(command: OpenRefund, account: Account, amount: Decimal) -> list[str]:
    if amount <= 0:
        return [_("There is nothing to give back.")]
    if amount != round_amount(amount, account.currency):
        return [_("%(amount)s has too many digits.") % {"amount": amount}]
    available = account.left + account.credit(command)
    if amount > available:
        return [
            _("Only %(left)s %(currency)s of the money are left to give back.")
            % {"left": available, "currency": account.currency}
        ]
    if command.kind == RefundKind.CANCELLATION and account.status != "CANCELLED":
        return [_("The order is not cancelled.")]
    if command.kind == RefundKind.OVERPAYMENT and amount > account.overpaid:
        return [_("The customer has not paid that much more than the price.")]
    return []


def _parts(
    command: OpenRefund, account: Account, amount: Decimal
) -> tuple[list[RefundPart], list[str]]:
    lines = {line.line_id: line for line in account.lines}
    if command.lines:
        wanted: dict[int, Decimal] = {}
        for part in command.lines:
            wanted[part.line_id] = wanted.get(part.line_id, ZERO) + part.amount
        for line_id, money in wanted.items():
            if line_id not in lines:
                return [], [_("Line %(id)s is not of this order.") % {"id": line_id}]
            line = lines[line_id]
            if money * line.left < 0 or abs(money) > abs(line.left):
                return [], [
                    _("Only %(left)s of line %(id)s are left to give back.")
                    % {"left": line.left, "id": line_id}
                ]
        if sum(wanted.values(), ZERO) != amount:
            return [], [_("The lines do not add up to the amount.")]
    else:
        spread = _spread(command, account, amount)
        if spread is None:
            return [], [_("That is more than the lines cost: the rest would be goodwill.")]
        wanted = spread
    for line_id, money in wanted.items():
        lines[line_id].left -= money
    return [RefundPart(line_id, money) for line_id, money in wanted.items() if money], []


def _spread(command: OpenRefund, account: Account, amount: Decimal) -> dict[int, Decimal] | None:
    """Spread an amount over lines: all of them, discounts too, where everything goes back."""
    if command.kind != RefundKind.SHIPPING and amount == account.price_left:
        return {line.line_id: line.left for line in account.lines}
    fitting = [
        line
        for line in account.lines
        if line.left > 0 and (command.kind != RefundKind.SHIPPING or line.kind == "SHIPPING")
    ]
    if amount > sum((line.left for line in fitting), ZERO):
        return None
    shares = allocate(amount, [line.left for line in fitting], account.currency)
    return {line.line_id: share for line, share in zip(fitting, shares, strict=True)}


def _split(
    command: OpenRefund,
    account: Account,
    sources: Sequence[Source],
    amount: Decimal,
    parts: Sequence[RefundPart],
) -> list[PlannedRefund]:
    """Take the money out of the payments, the first captured first, and the lines with it."""
    planned = []
    missing = amount
    open_parts = {part.line_id: part.amount for part in parts}
    for source in sources:
        taken = min(source.left, missing)
        if taken <= 0:
            continue
        source.left -= taken
        missing -= taken
        lines = _take(open_parts, taken, last=missing == 0, currency=account.currency)
        planned.append(
            PlannedRefund(command, account.currency, source.payment_id, taken, lines, account.asked)
        )
    return planned


def _take(
    open_parts: dict[int, Decimal], amount: Decimal, *, last: bool, currency: str
) -> tuple[RefundPart, ...]:
    if not open_parts:
        return ()
    if last:
        taken = dict(open_parts)
    else:
        whole = sum(open_parts.values(), ZERO)
        taken = {
            line_id: round_amount(money * amount / whole, currency)
            for line_id, money in open_parts.items()
        }
        largest = max(open_parts, key=lambda line_id: open_parts[line_id])
        taken[largest] += amount - sum(taken.values(), ZERO)
    for line_id, money in taken.items():
        open_parts[line_id] -= money
    return tuple(RefundPart(line_id, money) for line_id, money in taken.items() if money)
