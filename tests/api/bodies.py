"""A good body for every operation that takes one, in the shop of `world`."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from backoffice.core.actor import acting_job
from backoffice.core.models import User, WebhookDelivery
from finance.models import Payout, SellerStatement
from finance.services.payouts import cancel_payouts
from inventory.models import Location, PurchaseOrder, StockCount
from inventory.services.counts import cancel_counts
from logistics.models import Parcel, PickList, Shipment
from logistics.services.picking import confirm_picks
from support.models import AgentProfile, BusinessCalendar, SlaPolicy, Survey
from support.tokens import token_of
from tests.api.world import RULE, World

MOMENT = "2026-03-10T08:00:00Z"
LAST = ("W2", "S2")
Body = Callable[[World], dict[str, Any]]


def _order(world: World) -> dict[str, Any]:
    return {
        "channel": "web",
        "external_id": "body",
        "placed_at": MOMENT,
        "customer": {"external_id": "c", "name": "Ada"},
        "ship_to": {"country": "DE", "city": "Berlin"},
        "lines": [{"sku": "A-S1", "quantity": 2, "unit_price": "11.90", "warehouse": "W1"}],
    }


def _edit(world: World) -> dict[str, Any]:
    change = {"kind": "ADJUST_TOTAL", "amount": "-1.00"}
    return {"order": world.fresh.order_number, "changes": [change]}


def _return(world: World) -> dict[str, Any]:
    order = world.delivered[LAST]
    line = order.lines.get(kind="ITEM").pk
    return {"order": order.order_number, "lines": [{"line_id": line, "units": 1}]}


def _receipt(world: World) -> dict[str, Any]:
    order = PurchaseOrder.objects.filter(status="SENT").first()
    line = order.lines.first()
    return {"purchase_order": order.number, "lines": [{"line_id": line.pk, "quantity": 1}]}


def _parcel(world: World) -> dict[str, Any]:
    open_list = PickList.objects.filter(status="OPEN").first()
    with acting_job("system"):
        confirm_picks([open_list.pk], now=timezone.now())
    shipment = Shipment.objects.filter(status="PICKING", picked_at__isnull=False).first()
    return {"shipment": shipment.number, "parcels": [{"tracking_number": "BODY-1"}]}


def _payout(world: World) -> dict[str, Any]:
    payout = Payout.objects.filter(status="DRAFT").first()
    with acting_job("system"):
        cancel_payouts([payout.pk], now=timezone.now())
    return {"statement": SellerStatement.objects.get(pk=payout.statement_id).number}


def _scans(world: World) -> dict[str, Any]:
    parcel = Parcel.objects.select_related("account").first()
    scan = {
        "account": parcel.account.code,
        "tracking_number": parcel.tracking_number,
        "occurred_at": MOMENT,
        "status": "IN_TRANSIT",
    }
    return {"scans": [scan]}


def _transfers(world: World) -> dict[str, Any]:
    main = Location.objects.filter(warehouse=world.houses["W1"]).first()
    shelf = Location.objects.create(warehouse=world.houses["W1"], code="BODY")
    move = {"sku": "A-S1", "quantity": 1}
    move |= {"from_location_id": main.pk, "to_location_id": shelf.pk}
    return {"transfers": [move], "reason": "nearer"}


def _stock_count(world: World) -> dict[str, Any]:
    with acting_job("system"):
        cancel_counts(list(StockCount.objects.values_list("pk", flat=True)), now=timezone.now())
    return {"warehouse": "W1"}


def _counted(world: World) -> dict[str, Any]:
    # The first row of the list is the newest count.
    return {"lines": [{"line_id": StockCount.objects.latest("pk").lines.get().pk, "units": 20}]}


def _calendar(world: World) -> dict[str, Any]:
    return {"name": "Night", "week": {"mon": [["20:00", "23:00"]]}, "holidays": ["2026-12-25"]}


def _sla(world: World) -> dict[str, Any]:
    SlaPolicy.objects.filter(priority="LOW").update(is_active=False)
    calendar = BusinessCalendar.objects.first().pk
    times = {"first_response_minutes": 60, "solution_minutes": 600}
    return {"priority": "LOW", "calendar": calendar} | times


def _agent(world: World) -> dict[str, Any]:
    user = User.objects.create(username="new-agent", is_staff=True)
    return {"user": user.pk, "skills": ["GENERAL"], "languages": ["en"]}


def fixed(**body: Any) -> Body:
    return lambda world: body


CREATE: dict[str, Body] = {
    "orders": _order,
    "order-edits": _edit,
    "returns": _return,
    "sales-channels": fixed(code="app", name="App", currency="EUR", warehouse="W1"),
    "prices": fixed(sku="A-S1", currency="EUR", unit_price="9.90", valid_from="2026-01-01"),
    "tax-rates": fixed(country="FR", rate="0.20000", valid_from="2026-01-01"),
    "sellers": fixed(code="S3", name="Third", currency="EUR"),
    "products": fixed(code="P-NEW", name="New", seller="S1"),
    "skus": fixed(code="NEW", name="New", product="P-S1", seller="S1"),
    "warehouses": fixed(code="W3", name="Third", cut_off_at="12:00:00"),
    "locations": fixed(warehouse="W1", code="NEW", kind="STORAGE"),
    "suppliers": fixed(code="SUP2", name="Second", currency="EUR"),
    "supplier-items": fixed(supplier="SUP", sku="KIT", price="3.00", currency="EUR"),
    "replenishment-policies": fixed(warehouse="W1", sku="KIT", minimum=3),
    "purchase-orders": fixed(
        supplier="SUP", warehouse="W1", lines=[{"sku": "A-S1", "quantity": 3}]
    ),
    "receipts": _receipt,
    "alert-policies": fixed(over_days=90),
    "count-plans": fixed(warehouse="W1", abc_class="A", every_days=30),
    "stock-counts": _stock_count,
    "replenishment-simulations": fixed(warehouse="W1", fill_rate="0.9900"),
    "stock-moves": fixed(
        moves=[{"sku": "A-S1", "warehouse": "W1", "quantity": 1}], reason="counted"
    ),
    "parcels": _parcel,
    "delivery-exceptions": lambda world: {
        "parcel": Parcel.objects.first().number,
        "kind": "CUSTOMS",
    },
    "carriers": fixed(code="NEW", name="New", tracking_url="https://example.com/{number}"),
    "carrier-accounts": fixed(code="new", name="New", carrier="OWN", adapter="manual"),
    "reconciliation-policies": fixed(currency="EUR", tolerance="0.02"),
    "payments": lambda world: {
        "order": world.fresh.order_number,
        "external_id": "body",
        "amount": "11.90",
        "currency": "EUR",
    },
    "refunds": lambda world: {
        "order": world.delivered[LAST].order_number,
        "kind": "GOODWILL",
        "amount": "1.00",
        "key": "body",
    },
    "payouts": _payout,
    "payout-batches": lambda world: {
        "account": "main",
        "execute_on": (timezone.now().date() + timedelta(days=1)).isoformat(),
    },
    "payout-accounts": fixed(
        code="usd", name="Shop", currency="USD", account_number="12345", file_format="CSV"
    ),
    "bank-details": fixed(
        seller="S2", currency="EUR", holder="S2", account_number="DE89370400440532013000"
    ),
    "commission-contracts": fixed(
        name="New", seller="S1", currency="USD", commission_rate="0.10000"
    ),
    "payment-providers": fixed(code="new", name="New"),
    "refund-policies": fixed(currency="SEK", approval_above="10.00"),
    "rules": fixed(**RULE | {"name": "Body"}),
    "tickets": lambda world: {"subject": "Late", "order": world.fresh.order_number},
    "surveys": fixed(source="shop", external_id="r", score=5, sent_at=MOMENT, answered_at=MOMENT),
    "support-messages": fixed(
        source="form", external_id="f", sender="ada@example.com", text="Help"
    ),
    "queues": fixed(code="vip", name="VIP", skill="PRODUCT", is_active=False),
    "business-calendars": _calendar,
    "sla-policies": _sla,
    "agents": _agent,
    "macros": fixed(code="bye", title="Bye", body="Bye $name"),
    "webhook-endpoints": fixed(
        description="New", url="https://hooks.example.com/x", kinds=["order.placed"]
    ),
}
OTHER: dict[str, Body] = {
    "parcels_scans_create": _scans,
    "stock_moves_transfers_create": _transfers,
    "survey_answers_create": lambda world: {
        "token": token_of(Survey.objects.filter(status="SENT").first().number),
        "score": 5,
    },
    "webhook_endpoints_replay_create": fixed(since=MOMENT),
    "webhook_deliveries_verbs_replay_create": lambda world: {
        "ids": list(WebhookDelivery.objects.values_list("pk", flat=True)[:1])
    },
    "seller_statements_entries_list": lambda world: None,
    "seller_statements_pdf_retrieve": lambda world: None,
    "accounting_periods_trial_balance_list": lambda world: None,
    "invoices_pdf_retrieve": lambda world: None,
    "credit_notes_pdf_retrieve": lambda world: None,
    "plain_order_update": fixed(status="CANCELLED"),
    "metrics_drivers_retrieve": lambda world: None,
}
# What a verb has to be told besides its document.
VERBS: dict[str, Body] = {
    "orders/note": fixed(text="Look"),
    "orders/accept-address": fixed(reason="They live there"),
    "reconciliation-exceptions/ignore": fixed(reason="another shop's"),
    "orders/prioritise": fixed(priority=5),
    "orders/tag": fixed(tag="VIP"),
    "orders/untag": fixed(tag="VIP"),
    "tickets/note": fixed(body="Look"),
    "tickets/reply": fixed(body="Soon."),
    "tickets/assign-to": lambda world: {"agent": AgentProfile.objects.first().user_id},
    "rules/switch": fixed(mode="SHADOW"),
    "replenishment-proposals/change-quantity": fixed(quantity=7),
    "stock-counts/count": _counted,
    "stock-alerts/assign": lambda world: {"owner": AgentProfile.objects.first().user.username},
    "stock-alerts/snooze": fixed(until="2199-01-01T00:00:00Z"),
    "parcels/enter-number": fixed(tracking_number="BODY-2"),
}
