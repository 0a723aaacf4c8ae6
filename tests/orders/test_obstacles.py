"""Why orders do not move: what waits for stock, what is stuck, and the panel that says so."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from backoffice.core.extensions import obstacles
from backoffice.core.filtering import select
from backoffice.core.models import User
from inventory.models import PurchaseOrder, PurchaseOrderLine, Supplier
from orders.models import Lane, Order, SalesChannel, StagePace
from orders.selectors.promises import promises_at_risk
from orders.services.holds import place_holds
from orders.services.lifecycle import confirm_orders
from orders.services.stages import measure_stages
from tests.fixtures.orders import add_stock, lines

pytestmark = pytest.mark.usefixtures("proven")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def found(order, now):
    items = obstacles("orders.order", [order.pk], now)[order.pk]
    return [(o.kind, str(o.text)) for o in items]


def named(query, now):
    return set(select("orders.order", query, now=now).values_list("external_id", flat=True))


def prepay():
    SalesChannel.objects.update(payment_terms="PREPAID")


def test_one_filter_says_what_waits_for_stock(place, stocked, now):
    stocked("SOME", 3)
    place("covered", lines=lines(("SOME", 3)))
    place("lacking", lines=lines(("SOME", 4)))
    held = place("held", lines=lines(("SOME", 5)))
    place_holds([held.pk], now=now)

    assert named("is_short=true", now) == {"lacking"}
    assert named("is_short=false", now) == {"covered", "held"}
    prepay()
    assert named("is_short=true", now) == set()
    SalesChannel.objects.update(payment_terms="ON_ACCOUNT", allows_backorders=True)
    confirm_orders(list(Order.objects.values_list("pk", flat=True)), now=now)
    assert named("is_short=true", now) == {"lacking"}
    assert Order.objects.get(external_id="lacking").status == "CONFIRMED"


def test_the_panel_names_what_a_new_order_waits_for(place, now):
    order = place()

    assert found(order, now) == [("DECISION", "Waits for somebody: Confirm.")]
    SalesChannel.objects.update(confirms_by_itself=True)
    order.refresh_from_db()
    assert found(order, order.updated_at + timedelta(minutes=14)) == []
    late = found(order, order.updated_at + timedelta(minutes=16))
    assert late == [("DECISION", "Waits for somebody: Confirm.")]
    prepay()
    assert found(order, now) == [("UNPAID", "Not paid: 23.80 of 23.80 EUR are missing.")]


def test_the_panel_says_when_stock_is_expected(place, stocked, channel, now):
    sku = stocked("RARE", 1)
    SalesChannel.objects.update(allows_backorders=True)
    order = place(lines=lines(("RARE", 3)))
    confirm_orders([order.pk], now=now)
    bare = "2 × RARE wait for stock in Main"

    assert found(order, now) == [("STOCK", f"{bare}; none is on order.")]
    for number, day in (("PO-2", "2026-04-09"), ("PO-1", "2026-04-02")):
        purchase = PurchaseOrder.objects.create(
            number=number,
            supplier=Supplier.objects.get_or_create(code="S", name="S", currency="EUR")[0],
            warehouse=channel.warehouse,
            status="SENT",
            currency="EUR",
            exchange_rate=1,
            total_amount=5,
            expected_on=day,
            created_by=order.created_by,
            modified_by=order.created_by,
        )
        PurchaseOrderLine.objects.create(
            purchase_order=purchase, position=1, sku=sku, quantity=5, unit_price=Decimal(1)
        )
    assert found(order, now) == [("STOCK", f"{bare}, expected on 2026-04-02.")]
    add_stock(sku, channel.warehouse_id, 2)
    assert found(order, now)[0][0] == "STOCK"


@pytest.fixture
def paced(place, now):
    """Let twenty orders take one to twenty hours to be confirmed, and nineteen be released."""
    for n in range(1, 21):
        order = place(f"old{n}")
        Order.objects.filter(pk=order.pk).update(
            status="RELEASED" if n < 20 else "CONFIRMED",
            confirmed_at=order.placed_at + n * HOUR,
            released_at=order.placed_at + 30 * HOUR if n < 20 else None,
        )
    Order.objects.update(shipped_at=None)
    return order.placed_at


def test_stages_are_measured_where_enough_orders_left_them(paced):
    at = paced + timedelta(days=2)

    assert measure_stages(now=at) == 1

    pace = StagePace.objects.get()
    assert (pace.stage, pace.orders, pace.measured_at) == ("CONFIRM", 20, at)
    assert pace.p90 == timedelta(hours=18.1)
    assert measure_stages(now=paced + timedelta(days=100)) == 0
    assert not StagePace.objects.exists()


def test_what_is_longer_in_its_stage_than_nine_of_ten_is_stuck(paced, place, now):
    measure_stages(now=paced + timedelta(days=2))
    order = place("new")
    before, after = paced + timedelta(hours=18), paced + timedelta(hours=18.2)

    assert named("is_stuck=true", before) == set()
    assert named("is_stuck=true", after) == {"new"}
    assert "new" not in named("is_stuck=false", after)
    assert len(named("is_stuck=false", after)) == 20
    slow = "Longer in the stage “To be confirmed” than nine of ten orders: those took 18.1 h."
    assert found(order, after)[-1] == ("SLOW", slow)
    Order.objects.filter(pk=order.pk).update(origin="IMPORT")
    assert named("is_stuck=true", after) == set()


def test_the_panel_follows_a_shipment_through_the_warehouse(
    ordered, warehouse, manual_account, now
):
    order = ordered()
    warehouse.release(order)
    assert [kind for kind, _ in found(order, now)] == ["PLANNING"]
    (shipment,) = warehouse.plan(order)
    planned = found(order, now)
    assert planned == [("PICK", f"Shipment {shipment.number} waits to be picked in Main.")]


def panel(client, order):
    """Return the page's answer to why an order does not move."""
    url = reverse("admin:orders_order_change", args=[order.pk])
    text = client.get(url).content.decode()
    return text.partition("Why is it not moving?")[2].partition("</section>")[0]


def test_everybody_reads_the_reason_and_gets_the_links_that_are_theirs(place, client):
    order = place()
    boss = User.objects.create_superuser("boss")
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    verb = reverse("admin:orders_order_verb", args=[order.pk, "confirm"])

    shown = []
    for user in (boss, clerk):
        client.force_login(user)
        text = panel(client, order)
        shown.append(("Waits for somebody: Confirm." in text, verb in text))

    assert shown == [(True, True), (True, False)]


def test_a_held_order_says_so_in_its_head_and_in_the_list(place, client, now):
    order, free = place("1"), place("2")
    place_holds(
        [order.pk], now=now, hold="FRAUD", until=now + timedelta(days=9), reason="first large order"
    )
    client.force_login(User.objects.create_superuser("boss"))

    page = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    head = page.partition('<header class="dc-head">')[2].partition("</header>")[0]
    url = reverse("admin:orders_order_changelist")
    held = client.get(url, {"is_held": "true"}).content.decode()
    others = client.get(url, {"is_held": "false"}).content.decode()

    until = "until 2026-03-19 09:30"
    why = "Risk to be reviewed – “first large order”"
    assert ">On hold</span>" in head
    assert f"Waits for</small> {why} (Automatic: the system, {until})" in head
    assert [
        text in held for text in (why, "<td>Automatic: the system</td>", until, ">On hold</span>")
    ] == [True] * 4
    assert [text in others for text in (free.order_number, ">On hold</span>")] == [True, False]


def test_the_api_names_the_blockers_of_one_order(program, place):
    order = place()

    answer = program(["orders:read"])("orders_retrieve", number=order.order_number).json()

    assert answer["blockers"] == [
        {"kind": "DECISION", "text": "Waits for somebody: Confirm.", "since": None}
    ]
    assert order.placed_at < timezone.now()


def test_a_promise_that_stock_and_lane_do_not_keep_is_told(place, stocked, channel, now):
    stocked("THERE", 5)
    late = stocked("LATE", 0)
    today = now.date()
    Lane.objects.create(
        warehouse=channel.warehouse, country="DE", service="STD", currency="EUR", p90_days="2.5"
    )
    kept = place("kept", lines=lines(("THERE", 1)), promised_on=today + 3 * DAY)
    tight = place("tight", lines=lines(("THERE", 1)), promised_on=today + 2 * DAY)
    waits = place("waits", lines=lines(("LATE", 1)), promised_on=today + 9 * DAY)

    def promises():
        at_risk = promises_at_risk([kept.pk, tight.pk, waits.pk], now=now)
        return {p.order_id: p.expected_on for p in at_risk}

    assert promises() == {tight.pk: today + 3 * DAY, waits.pk: None}
    assert ("PROMISE", f"Promised for {today + 2 * DAY}, expected on {today + 3 * DAY}.") in found(
        tight, now
    )
    bought = PurchaseOrder.objects.create(
        supplier=Supplier.objects.create(code="S", name="S", currency="EUR"),
        warehouse=channel.warehouse,
        status="SENT",
        currency="EUR",
        exchange_rate=1,
        total_amount=5,
        expected_on=today + 6 * DAY,
        created_by_id=tight.created_by_id,
        modified_by_id=tight.created_by_id,
    )
    PurchaseOrderLine.objects.create(
        purchase_order=bought, position=1, sku=late, quantity=5, unit_price=Decimal(1)
    )
    assert promises() == {tight.pk: today + 3 * DAY}
    # The supplier is late, and the promise with it.
    PurchaseOrder.objects.update(expected_on=today + 7 * DAY)
    assert promises() == {tight.pk: today + 3 * DAY, waits.pk: today + 10 * DAY}
