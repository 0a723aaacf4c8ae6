"""What has to be so before a verb may be done, where the shop of `world` is not so yet."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from backoffice.core.actor import acting, acting_job
from backoffice.core.events import deliver
from backoffice.core.models import ApprovalPolicy, User
from finance.choices import RefundKind
from finance.models import (
    AccountingPeriod,
    Payout,
    PayoutAccount,
    PayoutBatch,
    ReconciliationException,
    Refund,
    RefundPolicy,
)
from finance.services.clearing import WRITE_OFF, ignore_exceptions, put_off_exceptions
from finance.services.commands import OpenRefund, RecordPayment
from finance.services.payments import record_payments
from finance.services.payout_batches import approve_batches, gather_payouts, send_batches
from finance.services.payouts import approve_payouts, send_payouts
from finance.services.periods import close_periods
from finance.services.refunds import approve_refunds, open_refunds
from inventory.models import (
    PurchaseOrder,
    ReplenishmentProposal,
    Simulation,
    SimulationCurve,
    StockAlert,
    StockCount,
)
from inventory.services.alerts import snooze_alerts
from inventory.services.counted import Counted, count_stock
from inventory.services.purchasing import approve_purchase_orders
from inventory.services.replenishment import approve_proposals
from inventory.services.simulations import adopt_simulations
from logistics.models import Parcel, Shipment
from logistics.services.exceptions import OpenException, open_exceptions
from logistics.services.handover import hand_over_parcels
from logistics.services.packing import NewParcel, PackShipment, pack_shipments
from logistics.services.picking import confirm_picks, create_pick_lists
from logistics.services.scans import deliver_by_hand
from orders.choices import HoldReason
from orders.models import ChannelWarehouse, Return, SalesChannel
from orders.services.commands import Change, EditOrder
from orders.services.edits import draft_edits
from orders.services.holds import place_holds
from orders.services.lifecycle import confirm_orders, release_orders
from orders.services.marking import tag_orders
from orders.services.returns import receive_returns
from support.models import AgentProfile, Ticket
from support.services.assignment import assign_to
from tests.api.world import World


def all_(model: Any, *services: Callable[..., Any]) -> Callable[[World], None]:
    """Return what runs services on all rows of a model, one after the other."""

    def run(world: World) -> None:
        ids = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
        for service in services:
            service(ids, now=timezone.now())

    return run


def confirmed(world: World) -> None:
    assert confirm_orders([world.fresh.pk], now=timezone.now()).moved


def planned(world: World) -> None:
    confirmed(world)
    assert release_orders([world.fresh.pk], now=timezone.now()).moved
    deliver(now=timezone.now() + timedelta(hours=1))


def _shipment(world: World) -> int:
    return Shipment.objects.get(order=world.fresh).pk


def picked(world: World) -> None:
    planned(world)
    made = create_pick_lists([_shipment(world)], now=timezone.now())
    assert confirm_picks(made.pick_list_ids, now=timezone.now()).moved


def packed(world: World, number: str = "STATE-1") -> None:
    picked(world)
    command = PackShipment(_shipment(world), [NewParcel(tracking_number=number)])
    assert pack_shipments([command], now=timezone.now()).moved


def shipped(world: World) -> None:
    packed(world)
    ids = list(Parcel.objects.filter(shipment=_shipment(world)).values_list("pk", flat=True))
    assert hand_over_parcels(ids, now=timezone.now()).moved


def arrived(world: World) -> None:
    shipped(world)
    ids = list(Parcel.objects.filter(shipment=_shipment(world)).values_list("pk", flat=True))
    assert deliver_by_hand(ids, now=timezone.now()).moved


def lost(world: World) -> None:
    shipped(world)
    ids = Parcel.objects.filter(shipment=_shipment(world)).values_list("pk", flat=True)
    assert open_exceptions([OpenException(pk, "LOST") for pk in ids], now=timezone.now())


def authorised(world: World) -> None:
    order = world.fresh
    command = RecordPayment("manual", "state", "AUTHORISED", Decimal("11.90"), "EUR", order.pk)
    assert record_payments([command], now=timezone.now()).created


def asked(world: World) -> None:
    RefundPolicy.objects.update(approval_above=0)
    order = next(iter(world.delivered.values()))
    command = OpenRefund(order.pk, RefundKind.GOODWILL, Decimal(2), key="state")
    assert open_refunds([command], now=timezone.now()).created


def agreed(world: World) -> None:
    asked(world)
    ids = list(Refund.objects.filter(status="REQUESTED").values_list("pk", flat=True))
    with acting(User.objects.create(username="agrees").pk):
        assert approve_refunds(ids, now=timezone.now()).moved


def approved(world: World) -> None:
    with acting(User.objects.create(username="agrees").pk):
        all_(Payout, approve_payouts)(world)


def sent(world: World) -> None:
    approved(world)
    all_(Payout, send_payouts)(world)


def gathered(world: World) -> None:
    accounts = list(PayoutAccount.objects.values_list("pk", flat=True))
    day = timezone.now().date() + timedelta(days=1)
    assert gather_payouts(accounts, execute_on=day, now=timezone.now()).created


def batch_approved(world: World) -> None:
    gathered(world)
    with acting(User.objects.create(username="agrees").pk):
        all_(PayoutBatch, approve_batches)(world)


def batch_sent(world: World) -> None:
    batch_approved(world)
    all_(PayoutBatch, send_batches)(world)


def drafted(world: World) -> None:
    edit = EditOrder(world.fresh.pk, [Change("ADJUST_TOTAL", amount=Decimal(-1))])
    assert draft_edits([edit], now=timezone.now()).created


def affordable(world: World) -> None:
    drafted(world)
    ApprovalPolicy.objects.update_or_create(
        kind="orders.edit", currency="EUR", defaults={"above": Decimal(100)}
    )


def on_shift(world: World) -> None:
    AgentProfile.objects.update(calendar=None)
    Ticket.objects.update(assignee=None)


def assigned(world: World) -> None:
    ids = list(Ticket.objects.exclude(status="SOLVED").values_list("pk", flat=True))
    agent = AgentProfile.objects.first().user_id
    assert assign_to(ids, agent=agent, now=timezone.now()).moved


def replayed(world: World) -> None:
    SimulationCurve.objects.update(result={"points": []})
    Simulation.objects.update(status="DONE")


def adopted(world: World) -> None:
    replayed(world)
    ids = list(Simulation.objects.values_list("pk", flat=True))
    assert adopt_simulations(ids, now=timezone.now(), reason="tried").moved == ids


def differing(world: World) -> None:
    for count in StockCount.objects.order_by("pk"):
        found = Counted(3, count.lines.get().pk)
        assert count_stock([count.pk], lines=[found], now=timezone.now()).moved


def snoozed(world: World) -> None:
    ids = list(StockAlert.objects.values_list("pk", flat=True))
    later = timezone.now() + timedelta(days=1)
    assert snooze_alerts(ids, until=later, now=timezone.now(), reason="tried").moved


def small_enough(world: World) -> None:
    for currency in ("EUR", "USD"):
        ApprovalPolicy.objects.create(kind=WRITE_OFF, currency=currency, above=Decimal(100_000))


def put_off(world: World) -> None:
    ids = list(ReconciliationException.objects.values_list("pk", flat=True))
    later = timezone.now() + timedelta(days=7)
    assert put_off_exceptions(ids, until=later, now=timezone.now()).moved == ids


def left_out(world: World) -> None:
    ids = list(ReconciliationException.objects.values_list("pk", flat=True))
    assert ignore_exceptions(ids, now=timezone.now(), reason="another shop's").moved == ids


def doubted(world: World) -> None:
    assert place_holds([world.fresh.pk], now=timezone.now(), hold=HoldReason.ADDRESS).moved


def tagged(world: World) -> None:
    assert tag_orders([world.fresh.pk], now=timezone.now(), tag="VIP").moved


def misplaced(world: World) -> None:
    confirmed(world)
    SalesChannel.objects.update(routes_orders=True)
    ChannelWarehouse.objects.create(
        channel=SalesChannel.objects.get(), warehouse=world.houses["W2"]
    )


STATES: dict[str, Callable[[World], None]] = {
    "accounting_periods_reopen_create": all_(AccountingPeriod, close_periods),
    "order_edits_commit_create": affordable,
    "order_edits_propose_create": drafted,
    "orders_accept_address_create": doubted,
    "orders_complete_create": arrived,
    "orders_release_create": confirmed,
    "orders_reroute_create": misplaced,
    "orders_untag_create": tagged,
    "parcels_deliver_create": shipped,
    "parcels_enter_number_create": lambda world: packed(world, number=""),
    "parcels_refund_create": lost,
    "parcels_send_again_create": lost,
    "parcels_ship_create": packed,
    "payments_void_create": authorised,
    "payout_batches_approve_create": gathered,
    "payout_batches_cancel_create": gathered,
    "payout_batches_file_create": batch_sent,
    "payout_batches_pay_create": batch_sent,
    "payout_batches_send_create": batch_approved,
    "payout_batches_take_back_create": batch_sent,
    "payouts_send_create": approved,
    "payouts_pay_create": sent,
    "payouts_fail_create": sent,
    "purchase_orders_send_create": all_(PurchaseOrder, approve_purchase_orders),
    "reconciliation_exceptions_resume_create": put_off,
    "reconciliation_exceptions_undo_create": left_out,
    "reconciliation_exceptions_write_off_create": small_enough,
    "refunds_approve_create": asked,
    "refunds_cancel_create": asked,
    "refunds_succeed_create": agreed,
    "replenishment_proposals_order_create": all_(ReplenishmentProposal, approve_proposals),
    "replenishment_simulations_adopt_create": replayed,
    "replenishment_simulations_take_back_create": adopted,
    "returns_close_create": all_(Return, receive_returns),
    "shipments_pick_create": planned,
    "shipments_pack_create": picked,
    "shipments_ship_create": packed,
    "stock_counts_approve_create": differing,
    "stock_counts_recount_create": differing,
    "stock_alerts_wake_create": snoozed,
    "tickets_assign_create": on_shift,
    "tickets_unassign_create": assigned,
}


def prepare(operation_id: str, world: World) -> None:
    """Bring the shop to where a verb may be done."""
    if operation_id in STATES:
        with acting_job("system"):
            STATES[operation_id](world)
