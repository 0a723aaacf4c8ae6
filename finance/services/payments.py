"""Payments: recorded as providers report them, once each, in the books and on the order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.utils.translation import gettext as _

from backoffice.core.actor import service
from backoffice.core.choices import Origin
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.money import digits
from backoffice.core.sql import execute, insert_rows, next_ids
from backoffice.core.states import Outcome
from finance.accounts import CLEARING, CUSTOMERS
from finance.choices import EntryKind, PaymentStatus
from finance.models import Payment
from finance.providers.registry import ADAPTERS
from finance.services.columns import per_row
from finance.services.commands import Recorded, RecordPayment
from finance.services.days import company_zone
from finance.services.ledger import Entry, Line, post_entries
from finance.states import PAYMENT
from orders.models import Order
from orders.services.payments import PaymentDelta, apply_payments

KNOWN = """
SELECT k.n, p.id, p.order_id, p.currency, p.amount, p.status, coalesce(p.external_id, '')
FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS k(provider, external, ref, n)
JOIN finance_payment p ON p.provider = k.provider
  AND (p.external_id = k.external OR (p.number = k.ref AND p.external_id IS NULL))
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A payment that is there already, as far as recording needs it."""

    id: int
    order_id: int
    currency: str
    amount: Decimal
    status: str
    external_id: str


def _known(commands: Sequence[RecordPayment]) -> dict[int, Known]:
    rows = execute(
        KNOWN,
        [
            [c.provider for c in commands],
            [c.external_id for c in commands],
            [c.reference for c in commands],
        ],
    )
    return {n - 1: Known(*values) for n, *values in rows}


@service
def record_payments(
    commands: Sequence[RecordPayment], *, now: datetime, reason: str = ""
) -> Recorded:
    """Record what providers report; repeated and late reports change nothing."""
    result = Recorded()
    orders = {k.order_id for k in _known(commands).values()}
    lock(Order, orders | {c.order_id for c in commands if c.order_id is not None})
    waiting = dict(enumerate(commands))
    while waiting:
        # Reports of one payment are taken one after the other, those of different ones at once.
        first: dict[tuple[str, str], int] = {}
        for n, command in waiting.items():
            first.setdefault((command.provider, command.external_id), n)
        _record({n: waiting.pop(n) for n in first.values()}, result, now=now)
    return result


def _record(commands: dict[int, RecordPayment], result: Recorded, *, now: datetime) -> None:
    positions = list(commands)
    lock(Payment, [k.id for k in _known(list(commands.values())).values()])
    # Read again under the lock.
    found = {positions[i]: k for i, k in _known(list(commands.values())).items()}
    currencies = dict(
        Order.objects.filter(
            pk__any=[c.order_id for c in commands.values() if c.order_id]
        ).values_list("pk", "currency")
    )
    new: dict[int, RecordPayment] = {}
    moves: dict[str, dict[int, tuple[RecordPayment, Known]]] = {}
    for n, command in commands.items():
        known = found.get(n)
        reasons = _refusals(command, known, currencies)
        if reasons:
            result.refused[n] = reasons
        elif known is None:
            new[n] = command
        elif _is_news(command, known):
            moves.setdefault(command.verb, {})[n] = (command, known)
        else:
            result.unchanged[n] = known.id
    created = _insert(new, result, now=now)
    changed = [pair for moved in moves.values() for pair in moved.values()]
    for verb, moved in moves.items():
        _move(verb, list(moved.values()), now=now)
        result.changed.update({n: known.id for n, (_, known) in moved.items()})
    _count(created, changed, now=now)
    captured = [(pk, c, c.order_id) for pk, c in created if c.status == PaymentStatus.CAPTURED]
    captured += [(k.id, c, k.order_id) for c, k in changed if c.status == PaymentStatus.CAPTURED]
    _post_captures(captured, now=now)


def _refusals(command: RecordPayment, known: Known | None, currencies: dict[int, str]) -> list[str]:
    if command.amount <= 0:
        return [_("The amount has to be positive.")]
    if known is None and (command.order_id is None or command.order_id not in currencies):
        return [_("The payment belongs to no order that is known here.")]
    currency = known.currency if known else currencies[command.order_id or 0]
    reasons = []
    if command.currency != currency:
        reasons.append(
            _("The payment is in %(theirs)s, the order in %(ours)s.")
            % {"theirs": command.currency, "ours": currency}
        )
    elif command.amount != round(command.amount, digits(currency)):
        reasons.append(_("%(amount)s has too many digits.") % {"amount": command.amount})
    if known and command.order_id is not None and command.order_id != known.order_id:
        reasons.append(_("The payment belongs to another order."))
    if known and command.status == PaymentStatus.CAPTURED and command.amount > known.amount:
        reasons.append(
            _("Captured %(amount)s is more than the %(asked)s asked for.")
            % {"amount": command.amount, "asked": known.amount}
        )
    return reasons


def _is_news(command: RecordPayment, known: Known) -> bool:
    transition = PAYMENT.transitions.get(command.verb)
    return transition is not None and known.status in transition.sources


def _insert(
    new: dict[int, RecordPayment], result: Recorded, *, now: datetime
) -> list[tuple[int, RecordPayment]]:
    if not new:
        return []
    commands = list(new.values())
    ids = next_ids(Payment, len(new))

    def at(status: str) -> list[datetime | None]:
        return [(c.at or now) if c.status == status else None for c in commands]

    inserted = insert_rows(
        Payment,
        {
            "id": ids,
            "order_id": [c.order_id for c in commands],
            "provider": [c.provider for c in commands],
            "external_id": [c.external_id for c in commands],
            "method": [c.method for c in commands],
            "currency": [c.currency for c in commands],
            "amount": [c.amount for c in commands],
            "status": [c.status for c in commands],
            "captured_amount": [
                c.amount if c.status == PaymentStatus.CAPTURED else Decimal(0) for c in commands
            ],
            "authorised_at": at(PaymentStatus.AUTHORISED),
            "captured_at": at(PaymentStatus.CAPTURED),
            "failed_at": at(PaymentStatus.FAILED),
            "voided_at": at(PaymentStatus.VOIDED),
            "failure": [c.failure[:300] for c in commands],
        },
        on_conflict="ON CONFLICT (provider, external_id) DO NOTHING",
    )
    there = {row[0] for row in inserted}
    created = []
    for (n, command), pk in zip(new.items(), ids, strict=True):
        if pk in there:
            result.created[n] = pk
            created.append((pk, command))
        else:
            result.refused[n] = [_("The payment belongs to another order.")]
    asked = [(pk, c) for pk, c in created if c.status == PaymentStatus.PENDING]
    emit("payment.requested", [Fact(pk, c.order_id, _data(c), c.at) for pk, c in asked])
    for status, verb in VERBS.items():
        told = {pk: c for pk, c in created if c.status == status}
        if told:
            PAYMENT.tell(
                list(told),
                verb,
                data={pk: _data(c) for pk, c in told.items()},
                times={pk: c.at for pk, c in told.items() if c.at},
            )
    return created


VERBS = {
    PaymentStatus.AUTHORISED: "authorise",
    PaymentStatus.CAPTURED: "capture",
    PaymentStatus.FAILED: "fail",
    PaymentStatus.VOIDED: "void",
}


def _data(command: RecordPayment) -> dict[str, str]:
    return {
        "amount": str(command.amount),
        "currency": command.currency,
        "provider": command.provider,
    }


def _move(verb: str, moved: Sequence[tuple[RecordPayment, Known]], *, now: datetime) -> None:
    fields = {f.name: f for f in Payment._meta.concrete_fields}
    values: dict[str, Any] = {}
    if verb == "void":
        # The provider says so itself: there is nothing to tell it.
        values["next_attempt_at"] = None
    named = {k.id: c.external_id for c, k in moved if not k.external_id}
    if named:
        values["external_id"] = per_row(fields["external_id"], named)
    if verb == "capture":
        partial = {k.id: c.amount for c, k in moved if c.amount < k.amount}
        values["captured_amount"] = per_row(fields["captured_amount"], partial, default=F("amount"))
    failures = {k.id: c.failure[:300] for c, k in moved if c.failure}
    if failures:
        values["failure"] = per_row(fields["failure"], failures)
    PAYMENT.move(
        [k.id for _, k in moved],
        verb,
        values=values,
        data={k.id: _data(c) for c, k in moved},
        times={k.id: c.at for c, k in moved if c.at},
    )


def _count(
    created: Sequence[tuple[int, RecordPayment]],
    changed: Sequence[tuple[RecordPayment, Known]],
    *,
    now: datetime,
) -> None:
    deltas = []
    for _pk, c in created:
        if c.order_id is not None and c.status == PaymentStatus.AUTHORISED:
            deltas.append(PaymentDelta(c.order_id, authorised=c.amount, at=c.at))
        elif c.order_id is not None and c.status == PaymentStatus.CAPTURED:
            deltas.append(PaymentDelta(c.order_id, captured=c.amount, at=c.at))
    for c, k in changed:
        was = k.amount if k.status == PaymentStatus.AUTHORISED else Decimal(0)
        if c.status == PaymentStatus.AUTHORISED:
            deltas.append(PaymentDelta(k.order_id, authorised=k.amount, at=c.at))
        elif c.status == PaymentStatus.CAPTURED:
            deltas.append(PaymentDelta(k.order_id, -was, c.amount, at=c.at))
        elif was:
            deltas.append(PaymentDelta(k.order_id, authorised=-was))
    if deltas:
        apply_payments(deltas, now=now)


def _post_captures(
    captured: Sequence[tuple[int, RecordPayment, int | None]], *, now: datetime
) -> None:
    if not captured:
        return
    zone = company_zone()
    post_entries(
        [
            Entry(
                f"capture:{pk}",
                EntryKind.CAPTURE,
                "finance.payment",
                pk,
                (c.at or now).astimezone(zone).date(),
                [
                    Line(CLEARING, c.amount, c.currency, order_id=order_id),
                    Line(CUSTOMERS, -c.amount, c.currency, order_id=order_id),
                ],
            )
            for pk, c, order_id in captured
        ],
        now=now,
    )


@service
def void_payments(payment_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Give requests and authorisations up; the order counts them no more, providers are told."""
    orders = Payment.objects.filter(pk__any=list(payment_ids)).values_list("order_id", flat=True)
    lock(Order, list(orders))
    outcome = PAYMENT.check(payment_ids, "void")
    held = Payment.objects.filter(pk__any=outcome.moved, status=PaymentStatus.AUTHORISED)
    deltas = [
        PaymentDelta(order_id, authorised=-amount)
        for order_id, amount in held.values_list("order_id", "amount")
    ]
    PAYMENT.move(outcome.moved, "void", values={"next_attempt_at": _to_be_told(now), "attempts": 0})
    if deltas:
        apply_payments(deltas, now=now)
    return outcome


def _to_be_told(now: datetime) -> Case:
    """Return when to tell providers that know of a payment; never for others and imported ones."""
    known = Q(external_id__isnull=False) | Q(attempts__gt=0)
    told = known & Q(provider__in=list(ADAPTERS)) & ~Q(origin=Origin.IMPORT)
    return Case(When(told, then=Value(now)), default=None, output_field=DateTimeField())
