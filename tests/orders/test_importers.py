import pytest

from backoffice.core import jobs
from backoffice.core.imports.registry import IMPORTERS
from backoffice.core.imports.running import results
from backoffice.core.models import Event
from orders.models import Order
from tests.fixtures.imports import bring, carry_out, lines

pytestmark = pytest.mark.usefixtures("proven")
HEADER = "channel,order,placed_at,country,sku,quantity,unit_price\n"


@pytest.fixture(autouse=True)
def _folder(quiet_files, actor, channel, service_sku):
    """Let there be a channel and something to sell."""


def line(order, **changes):
    values = {
        "channel": "web",
        "order": order,
        "placed_at": "2026-03-01T10:00:00+01:00",
        "country": "DE",
        "sku": "S-UNTRACKED",
        "quantity": "1",
        "unit_price": "10.00",
    } | changes
    return ",".join(values.values()) + "\n"


def brought(now, *given):
    return bring("orders.order", HEADER + "".join(given), now)


def rows(run):
    return lines(run, "line", "status", "reason")


def test_the_dry_run_finds_what_would_be_refused_and_places_nothing(now):
    run = brought(
        now,
        line("1"),
        line("2", sku="NO"),
        line("1", quantity="2"),
        line("2"),
        line("3", quantity="x"),
        line("4", country="Germany"),
    )

    assert [status for _, status, _ in rows(run)] == [
        *("READY", "REFUSED", "READY", "REFUSED", "REFUSED", "REFUSED")
    ]
    reasons = {n: reason for n, _, reason in rows(run)}
    assert reasons[3] == reasons[5] == "Line 1: SKU 'NO' is unknown."
    assert reasons[6] == "Row 6: quantity 'x' is no whole number."
    assert reasons[7].startswith("The ship-to country has to be")
    assert Order.objects.count() == Event.objects.count() == 0


def test_an_order_is_placed_whole_however_its_lines_are_spread(now, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 1)
    run = brought(now, *[line(str(n % 5)) for n in range(20)])

    job = carry_out(run, now)

    assert (job.status, job.total) == ("DONE", 5)
    assert [o.lines.count() for o in Order.objects.order_by("external_id")] == [4] * 5
    assert {status for _, status, _ in rows(run)} == {"DONE"}
    assert Event.objects.filter(kind="order.placed").count() == 5


def test_a_missing_value_refuses_the_whole_order(now):
    run = brought(now, line("1"), line("1", sku=""), line("2"))

    assert rows(run) == [
        (2, "REFUSED", "Another line of the same order is refused."),
        (3, "REFUSED", "sku: is missing"),
        (4, "READY", ""),
    ]


def test_the_refused_come_back_as_they_came_with_their_reasons(now):
    run = brought(now, line("1"), line("2", sku="NO"))

    header, row = results(run, ["REFUSED"])

    assert header[:3] == ["line", "channel", "order"]
    assert dict(zip(header, row, strict=True)) | {
        "line": "3",
        "order": "2",
        "sku": "NO",
        "reason": "Line 1: SKU 'NO' is unknown.",
    } == dict(zip(header, row, strict=True))


def test_what_changed_since_the_dry_run_is_refused_then(now, service_sku):
    run = brought(now, line("1"), line("1"))
    type(service_sku).objects.update(code="RENAMED")

    job = carry_out(run, now)

    assert {(s, r) for _, s, r in rows(run)} == {
        ("REFUSED", "Line 1: SKU 'S-UNTRACKED' is unknown. Line 2: SKU 'S-UNTRACKED' is unknown.")
    }
    assert job.rows.get().outcome == "BLOCKED"
    assert Order.objects.count() == 0


def test_orders_that_are_there_already_stay_as_they_are(now, place):
    first = place("1")

    carry_out(brought(now, line("1", quantity="9")), now)

    assert Order.objects.get() == first
    assert first.lines.get().quantity == 2


def test_the_same_number_in_two_channels_is_two_orders(now, channel):
    channel.pk, channel.code = None, "shop"
    channel.save()

    carry_out(brought(now, line("1"), line("1", channel="shop")), now)

    assert set(Order.objects.values_list("channel__code", "external_id")) == {
        ("web", "1"),
        ("shop", "1"),
    }


def test_staff_need_the_right_to_add_orders():
    assert IMPORTERS["orders.order"].permission == "orders.add_order"
