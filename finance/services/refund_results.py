"""What became of refunds at the provider: back to the customer, refused, or not known yet."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from backoffice.core.actor import service
from backoffice.core.locks import claim, lock
from backoffice.core.states import Outcome
from finance.accounts import CLEARING, CUSTOMERS
from finance.choices import EntryKind, RefundStatus
from finance.models import Payment, Refund
from finance.services.columns import per_row
from finance.services.commands import RefundResult
from finance.services.days import company_zone
from finance.services.ledger import Entry, Line, post_entries
from finance.services.refund_shares import charge_refunds
from finance.services.refunds import count_refunds
from finance.states import REFUND
from orders.models import Order
from orders.services.payments import PaymentDelta, apply_payments

VERBS = {
    RefundStatus.SUCCEEDED: "succeed",
    RefundStatus.FAILED: "fail",
    RefundStatus.UNKNOWN: "lose",
}
COLUMNS = ("pk", "order_id", "payment_id", "amount", "currency", "kind", "goods_return_id")
FIRST_QUERY = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)


def _lock(refund_ids: Sequence[int]) -> None:
    rows = list(
        Refund.objects.filter(pk__any=list(refund_ids)).values_list("order_id", "payment_id")
    )
    lock(Order, [order for order, _ in rows])
    lock(Payment, [payment for _, payment in rows if payment is not None])


@service
def claim_refunds(*, now: datetime, providers: Sequence[str], limit: int = 50) -> list[int]:
    """Mark approved live refunds as sent, before anybody calls the provider; return them."""
    wanted = claim(
        "SELECT r.id FROM finance_refund r WHERE r.status = 'APPROVED' AND r.next_attempt_at <= %s"
        " AND r.origin <> 'IMPORT' AND EXISTS (SELECT FROM finance_payment p"
        " WHERE p.id = r.payment_id AND p.provider = ANY(%s)) ORDER BY r.next_attempt_at, r.id"
        f" LIMIT {int(limit)}",
        [now, list(providers)],
    )
    outcome = REFUND.apply(
        wanted, "send", skip_locked=True, values={"next_attempt_at": now + FIRST_QUERY}
    )
    return outcome.moved


@service
def send_refunds(refund_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Mark approved refunds as sent by hand."""
    return REFUND.apply(refund_ids, "send", values={"next_attempt_at": None})


@service
def claim_queries(*, now: datetime, providers: Sequence[str], limit: int = 50) -> list[int]:
    """Return refunds whose outcome is to be asked for, and put their next query off.

    They are those whose answer was lost, or whose worker died between sending and recording.
    """
    ids = claim(
        "SELECT r.id FROM finance_refund r WHERE r.status IN ('SENT', 'UNKNOWN')"
        " AND r.next_attempt_at <= %s AND r.origin <> 'IMPORT' AND EXISTS (SELECT FROM"
        " finance_payment p WHERE p.id = r.payment_id AND p.provider = ANY(%s))"
        f" ORDER BY r.next_attempt_at, r.id LIMIT {int(limit)}",
        [now, list(providers)],
    )
    checked = REFUND.check(ids, "lose", skip_locked=True)
    attempts = Refund.objects.filter(pk__any=checked.moved).values_list("pk", "attempts")
    later = {pk: now + min(LONGEST_WAIT, FIRST_QUERY * 2 ** min(n, 10)) for pk, n in attempts}
    REFUND.move(
        checked.moved,
        "lose",
        values={
            "next_attempt_at": per_row(Refund._meta.get_field("next_attempt_at"), later),
            "attempts": F("attempts") + 1,
        },
    )
    return checked.moved


@service
def record_refund_results(
    results: Sequence[RefundResult], *, now: datetime, reason: str = ""
) -> Outcome:
    """Record what providers say of refunds; what is decided stays decided."""
    latest = {r.refund_id: r for r in results}
    _lock(list(latest))
    outcome = Outcome()
    for status, verb in VERBS.items():
        given = {pk: r for pk, r in latest.items() if r.status == status}
        if not given:
            continue
        checked = REFUND.check(given, verb)
        outcome.moved += checked.moved
        outcome.blocked |= checked.blocked
        moved = {pk: given[pk] for pk in checked.moved}
        if moved:
            _record(verb, moved, now=now)
    return outcome


def _record(verb: str, moved: Mapping[int, RefundResult], *, now: datetime) -> None:
    fields = {f.name: f for f in Refund._meta.concrete_fields}
    rows = list(
        Refund.objects.filter(pk__any=list(moved))
        .order_by("pk")
        .values_list(
            "pk", "order_id", "payment_id", "amount", "currency", "kind", "goods_return_id"
        )
    )
    values: dict[str, Any] = {}
    for name in ("external_id", "failure"):
        given = {pk: getattr(r, name)[:120] for pk, r in moved.items() if getattr(r, name)}
        if given:
            values[name] = per_row(fields[name], given)
    if verb == "lose":
        values["next_attempt_at"] = now + FIRST_QUERY
    else:
        values["next_attempt_at"] = None
        back = verb == "succeed"
        count_refunds([(pay, -money, money if back else 0) for _, _, pay, money, *_ in rows])
    data = {
        pk: {"amount": str(money), "currency": currency, "kind": kind, "return": goods_return}
        for pk, _, _, money, currency, kind, goods_return in rows
    }
    times = {pk: r.at for pk, r in moved.items() if r.at}
    REFUND.move(list(moved), verb, values=values, data=data, times=times)
    if verb == "succeed":
        money = [r for r in rows if r[2] is not None]
        apply_payments([PaymentDelta(r[1], refunded=r[3]) for r in money], now=now)
        _post(money, times, now=now)
        charge_refunds([r[1] for r in rows], now=now)


def _post(rows: Sequence[tuple], times: Mapping[int, datetime], *, now: datetime) -> None:
    zone = company_zone()
    post_entries(
        [
            Entry(
                f"refund:{pk}",
                EntryKind.REFUND,
                "finance.refund",
                pk,
                times.get(pk, now).astimezone(zone).date(),
                [
                    Line(CUSTOMERS, amount, currency, order_id=order_id),
                    Line(CLEARING, -amount, currency, order_id=order_id),
                ],
            )
            for pk, order_id, _payment, amount, currency, *_ in rows
        ],
        now=now,
    )


@service
def pay_refunds_by_hand(refund_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Record that approved or unanswered refunds were paid, by somebody who has seen it."""
    results = [RefundResult(pk, RefundStatus.SUCCEEDED) for pk in refund_ids]
    return record_refund_results(results, now=now, reason=reason)
