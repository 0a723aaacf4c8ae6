"""The demo's ticks, on a shop without a past."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from backoffice.core.access.roles import roles_of
from backoffice.core.actor import acting_job
from backoffice.core.choices import Role
from backoffice.core.events import deliver
from backoffice.core.inbox import Inbound, process, process_all, receive_many
from backoffice.core.invariants import check_invariants
from backoffice.core.models import InboundMessage, TaskRun
from backoffice.core.past import playing
from backoffice.core.tasks import SCHEDULED
from backoffice.replay.demo import live, outside
from backoffice.replay.demo.market import MARKETS, compose
from backoffice.replay.demo.masters import create_masters
from backoffice.replay.demo.people import without_street
from backoffice.replay.demo.staff import create_staff, open_roles
from backoffice.replay.demo.story import Story
from backoffice.replay.inbox import SHOP, as_message
from backoffice.replay.models import DemoSettings
from finance.models import Payment
from finance.services.commands import RecordPayment
from finance.services.payments import record_payments
from inventory.models import PurchaseOrder, StockLevel
from logistics.carriers.base import Label
from logistics.models import CarrierAccount, LabelRequest, Parcel, PickList, Shipment
from logistics.services.labels import LabelAnswer, record_labels
from orders.models import Order

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)
FUTURE = datetime(2100, 1, 1, tzinfo=UTC)


def drain(now: datetime) -> None:
    """Let handlers do what follows, at the moment of the tick."""
    with playing(now):
        deliver(now=FUTURE)


@pytest.fixture
def posted(monkeypatch) -> list[tuple[str, dict]]:
    """Catch what the sandbox servers would be told."""
    told: list[tuple[str, dict]] = []
    monkeypatch.setattr(outside, "_post", lambda url, body: told.append((url, body)) or {})
    return told


@pytest.fixture
def demo(posted) -> DemoSettings:
    """A demo shop that opens now, switched on."""
    with acting_job("demo", origin="DEMO"):
        create_staff()
        create_masters(now=NOW - timedelta(days=1), seed=7, days=1, scale=1)
    drain(NOW)
    return DemoSettings.objects.create(orders_per_hour=1800)


@pytest.fixture
def tick(demo) -> Callable[..., str]:
    """Let the demo live for one tick and the house do what follows from it."""

    def run(now: datetime = NOW, **options) -> str:
        with acting_job("demo.live"):
            result = live.tick(demo, now=now, since=options.get("since", now - live.TICK))
        with acting_job("system"):
            process_all(now=now)
        drain(now)
        return result

    return run


def pay_all(now: datetime) -> None:
    waiting = Payment.objects.filter(status="PENDING")
    with acting_job("system"):
        record_payments(
            [
                RecordPayment(
                    "sandbox", f"pay_{p.pk}", "CAPTURED", p.amount, p.currency, reference=p.number
                )
                for p in waiting
            ],
            now=now,
        )
    drain(now)


def label_all(now: datetime) -> None:
    with acting_job("system"):
        ids = list(LabelRequest.objects.values_list("parcel_id", flat=True))
        record_labels([LabelAnswer(pk, Label(f"SB{pk}")) for pk in ids], now=now)


def test_orders_come_through_the_inbox_the_same_for_the_same_moment(tick):
    assert tick() == "4 orders"
    first = list(Order.objects.order_by("external_id").values_list("external_id", flat=True))
    assert tick() == "4 orders"

    assert (
        list(Order.objects.order_by("external_id").values_list("external_id", flat=True)) == first
    )
    assert {o.origin for o in Order.objects.all()} == {"DEMO"}
    assert InboundMessage.objects.filter(source=SHOP, status="DONE").count() == 4


def test_a_missed_beat_does_not_burst(tick):
    assert tick(since=NOW - timedelta(hours=3)) == "4 orders"
    assert Order.objects.count() == 4


@pytest.mark.parametrize(
    ("limit", "value"), [("most_waiting", 1), ("most_waiting", 0), ("most_orders", 4)]
)
def test_a_full_shop_takes_no_more_orders(tick, demo, limit, value):
    tick()
    setattr(demo, limit, value)

    assert tick(NOW + live.TICK) == "full"
    assert Order.objects.count() == 4


def test_switched_off_nothing_happens(demo, posted):
    DemoSettings.objects.update(is_active=False)

    SCHEDULED["demo.live"].task()

    assert TaskRun.objects.get(task="demo.live").result == "off"
    assert not Order.objects.exists()
    assert posted == []


def test_the_carrier_gets_the_pace_and_the_parcels_of_the_past(tick, demo, posted):
    demo.speed = Decimal(2)

    tick(since=None)

    assert ("/control", {"day_seconds": 30.0}) in [(u[-8:], body) for u, body in posted]


def test_people_work_at_a_pace_and_leave_something(tick, monkeypatch):
    monkeypatch.setattr(live, "LEFT_TO_PICK", 2)
    now = NOW
    for _ in range(14):
        now += live.TICK
        tick(now)
        pay_all(now)
        label_all(now)

    manual = Shipment.objects.filter(warehouse__fulfilment="MANUAL")
    assert manual.filter(status="PLANNED").count() >= 2
    assert PickList.objects.filter(status="PICKED").exists()
    assert Parcel.objects.filter(status="IN_TRANSIT").exists()
    assert set(Parcel.objects.values_list("modified_by__username", flat=True)) >= {"warehouse"}
    assert check_invariants() == []


def test_what_runs_out_is_ordered_and_comes(tick):
    level = StockLevel.objects.filter(warehouse__code="BER").order_by("pk")[0]
    StockLevel.objects.exclude(pk=level.pk).filter(available__lt=live.stocking.LOW).delete()
    StockLevel.objects.filter(pk=level.pk).update(reserved=level.on_hand)

    tick()
    tick(NOW + timedelta(seconds=10))

    [order] = PurchaseOrder.objects.all()
    assert order.status == "SENT"
    [line] = order.lines.all()
    assert (line.sku_id, line.quantity) == (level.sku_id, live.stocking.LOT)
    later = Story(7, NOW, NOW + timedelta(days=1), live.DAY, keeps=False)
    assert live.stocking.receive(later) == 1
    order.refresh_from_db()
    assert order.status in ("RECEIVED", "PARTIALLY_RECEIVED")


def test_one_failing_act_keeps_nobody_from_the_others(tick, monkeypatch):
    def rate(story):
        raise ValueError("no")

    monkeypatch.setattr(live.service, "rate", rate)

    with pytest.raises(live.ActsFailedError, match="Not done: rate"):
        tick()
    with acting_job("system"):
        process_all(now=NOW)

    assert Order.objects.count() == 4


def send(command, **changes) -> InboundMessage:
    body = as_message(command) | changes
    [pk] = receive_many(SHOP, [Inbound(command.external_id, json.dumps(body))])
    process(SHOP, now=NOW)
    return InboundMessage.objects.get(pk=pk)


def test_an_order_without_a_street_is_held(demo):
    command = compose(MARKETS[0], "W1", NOW, seed=7)
    message = send(command, ship_to={"country": "DE", "city": "Berlin"})

    assert message.status == "DONE"
    order = Order.objects.get(external_id="W1")
    assert (order.open_holds, order.origin) == (1, "DEMO")
    assert without_street(command.ship_to).line1 == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"channel": "nowhere"}, "Sales channel 'nowhere' is unknown."),
        ({"lines": []}, "lines.non_field_errors: This list may not be empty."),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_the_reason(demo, changes, reason):
    message = send(compose(MARKETS[0], "W1", NOW, seed=7), **changes)

    assert (message.status, message.reason) == ("REFUSED", reason)
    assert not Order.objects.exists()


def test_what_is_no_json_is_refused(demo):
    receive_many(SHOP, [Inbound("W1", "<order/>")])
    process(SHOP, now=NOW)

    message = InboundMessage.objects.get()
    assert message.status == "REFUSED"
    assert message.reason.startswith("This is no JSON")


def test_one_of_each_role_signs_in(demo, django_user_model):
    names = ["orderdesk", "warehouse", "logistics", "service", "finance", "analyst", "auditor"]

    assert open_roles("secret") == names
    people = {u.username: u for u in django_user_model.objects.filter(username__in=names)}
    assert all(person.check_password("secret") for person in people.values())
    assert {n: roles_of(people[n]) for n in names} == {
        name: {role} for name, role in zip(names, Role.values, strict=True)
    }
    assert not django_user_model.objects.get(username="anna").has_usable_password()


def test_the_carrier_is_found_again_where_it_answers_now(tick, settings):
    settings.SANDBOX_CARRIER_URL = "http://127.0.0.1:9999"

    tick(since=None)

    assert CarrierAccount.objects.get(code="sandbox").base_url == "http://127.0.0.1:9999"
