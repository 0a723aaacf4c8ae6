"""What keeps orders from going on, as far as orders know: holds, money, stock, decisions."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from backoffice.core.extensions import Fix, Obstacle, obstacle
from backoffice.core.money import DIGITS
from orders.choices import EditStatus, HoldReason, OrderStatus, PaymentTerms, ReturnStatus
from orders.models import Order, OrderEdit, Return, StagePace
from orders.selectors.holds import in_full, open_holds
from orders.selectors.promises import promises_at_risk
from orders.selectors.stages import stuck
from orders.selectors.waiting import Shortage, shortages
from orders.states import ORDER, PAID

ORDER_ = "orders.order"
# What happens by itself has happened by then, or somebody has to do it.
PATIENCE = timedelta(minutes=15)
Found = dict[int, list[Obstacle]]


@obstacle(ORDER_)
def orders_wait(ids: list[int], now: datetime) -> Mapping[int, list[Obstacle]]:
    """Say what open orders wait for."""
    found: Found = {pk: [] for pk in ids}
    orders = Order.objects.filter(pk__any=ids).select_related("channel").in_bulk()
    moving = {pk: o for pk, o in orders.items() if o.status in ORDER.transitions["cancel"].sources}
    for pk, holds in open_holds(pk for pk, o in orders.items() if o.open_holds).items():
        found[pk] += [_held(hold) for hold in holds]
    unpaid = _unpaid(moving)
    for pk in unpaid:
        found[pk].append(_not_paid(orders[pk]))
    short = [pk for pk, o in moving.items() if o.short_quantity and not found[pk]]
    for shortage in shortages(short):
        found[shortage.order_id].append(_short(shortage))
    _undecided(found, moving, now)
    _edits_and_returns(found)
    _slow(found, moving, now)
    _promises(found, moving, now)
    return found


def _held(hold: object) -> Obstacle:
    pk, reason = hold.order_id, hold.reason  # type: ignore[attr-defined]
    fixes = [Fix(_("Release holds"), ORDER_, pk, "release_hold")]
    if reason == HoldReason.ADDRESS:
        fixes = [
            Fix(_("Change the address…"), ORDER_, pk, "edit"),
            Fix(_("Accept the address…"), ORDER_, pk, "accept_address"),
            *fixes,
        ]
    text = _("On hold: %(why)s") % {"why": in_full(hold)}  # type: ignore[arg-type]
    return Obstacle("HOLD", text, tuple(fixes), hold.placed_at)  # type: ignore[attr-defined]


def _unpaid(orders: Mapping[int, Order]) -> set[int]:
    prepaid = [pk for pk, o in orders.items() if o.channel.payment_terms != PaymentTerms.ON_ACCOUNT]
    if not prepaid:
        return set()
    paid = Order.objects.filter(PAID.condition, pk__any=prepaid, status=OrderStatus.PENDING)
    waiting = {pk for pk in prepaid if orders[pk].status == OrderStatus.PENDING}
    return waiting - set(paid.values_list("pk", flat=True))


def _not_paid(order: Order) -> Obstacle:
    digits = DIGITS.get(order.currency, 2)
    left = order.total_amount - order.captured_amount
    text = _("Not paid: %(left)s of %(total)s %(currency)s are missing.") % {
        "left": f"{left:,.{digits}f}",
        "total": f"{order.total_amount:,.{digits}f}",
        "currency": order.currency,
    }
    return Obstacle("UNPAID", text, since=order.placed_at)


def _short(shortage: Shortage) -> Obstacle:
    words = {
        "units": shortage.units,
        "sku": shortage.sku,
        "warehouse": shortage.warehouse or "–",
        "order": shortage.purchase_order,
    }
    by_sku = f"sku={shortage.sku}"
    fixes = (Fix(_("Its stock"), "inventory.stocklevel", query=by_sku),)
    if shortage.purchase_order_id is None:
        text = _("%(units)s × %(sku)s wait for stock in %(warehouse)s; none is on order.")
        more = Fix(_("Proposals"), "inventory.replenishmentproposal", query=by_sku)
        return Obstacle("STOCK", text % words, (*fixes, more))
    if shortage.expected_on is None:
        text = _("%(units)s × %(sku)s wait for stock in %(warehouse)s; %(order)s has no date yet.")
    else:
        text = _("%(units)s × %(sku)s wait for stock in %(warehouse)s, expected on %(day)s.")
        words["day"] = date_format(shortage.expected_on, "Y-m-d")
    order = "inventory.purchaseorder"
    fix = Fix(shortage.purchase_order, order, shortage.purchase_order_id)
    return Obstacle("STOCK", text % words, (fix, *fixes))


NEXT = {OrderStatus.PENDING: "confirm", OrderStatus.CONFIRMED: "release"}


def _undecided(found: Found, orders: Mapping[int, Order], now: datetime) -> None:
    """Name the step that somebody has to take where nothing else is in the way."""
    for pk, order in orders.items():
        verb = NEXT.get(OrderStatus(order.status), "")
        if order.delivered_at is not None:
            verb = "complete"
        by_itself = {
            "confirm": order.channel.confirms_by_itself,
            "release": order.channel.releases_by_itself,
            "complete": True,
        }
        if found[pk] or not verb or (by_itself[verb] and now - order.updated_at < PATIENCE):
            continue
        reasons = ORDER.reasons(pk, verb)
        label = ORDER.transitions[verb].label
        if reasons:
            found[pk].append(Obstacle("BLOCKED", " ".join(map(str, reasons))))
        else:
            text = _("Waits for somebody: %(verb)s.") % {"verb": label}
            found[pk].append(Obstacle("DECISION", text, (Fix(label, ORDER_, pk, verb),)))


def _edits_and_returns(found: Found) -> None:
    ids = list(found)
    edits = OrderEdit.objects.filter(order_id__any=ids, status=EditStatus.PROPOSED)
    for edit in edits.order_by("pk"):
        text = _("Edit %(number)s waits for a second person.") % {"number": edit.number}
        fix = Fix(edit.number, "orders.orderedit", edit.pk)
        found[edit.order_id].append(Obstacle("EDIT", text, (fix,), edit.updated_at))
    for goods in Return.objects.filter(order_id__any=ids, status=ReturnStatus.REQUESTED):
        text = _("Return %(number)s is to be received.") % {"number": goods.number}
        fix = Fix(_("Receive…"), "orders.return", goods.pk, "receive")
        found[goods.order_id].append(Obstacle("RETURN", text, (fix,), goods.requested_at))


def _slow(found: Found, orders: Iterable[int], now: datetime) -> None:
    """Tell of orders that are longer in their stage than nine of ten others were."""
    slow = stuck(Order.objects.filter(pk__any=list(orders)), now)
    for pk, stage, since in slow.values_list("pk", "stage", "stage_since"):
        pace = StagePace.objects.get(stage=stage)
        hours = round(pace.p90.total_seconds() / 3600, 1)
        text = _("Longer in the stage “%(stage)s” than nine of ten orders: those took %(h)s h.")
        words = {"stage": pace.get_stage_display(), "h": hours}
        found[pk].append(Obstacle("SLOW", text % words, since=since))


def _promises(found: Found, orders: Iterable[int], now: datetime) -> None:
    """Tell of orders that will not arrive when they were promised."""
    for promise in promises_at_risk(list(orders), now=now):
        words = {"promised": date_format(promise.promised_on, "Y-m-d")}
        text = _("Promised for %(promised)s: nothing says when its stock comes.")
        if promise.expected_on is not None:
            text = _("Promised for %(promised)s, expected on %(expected)s.")
            words["expected"] = date_format(promise.expected_on, "Y-m-d")
        found[promise.order_id].append(Obstacle("PROMISE", text % words))
