"""Papers are shown by batch, and counted as printed by a click alone."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core.models import Address, Event, User
from logistics.filters import PickListFilter, ShipmentFilter
from logistics.models import Parcel, PickList
from logistics.selectors.papers import address_lines
from logistics.services.cancelling import cancel_shipments
from orders.models import Customer

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def boss(client, db):
    user = User.objects.create_superuser("boss", password="x")
    client.force_login(user)
    return user


@pytest.fixture
def planned(ordered, warehouse):
    """Plan so many shipments."""

    def run(count=2):
        orders = [ordered(external_id=str(n), on_hand=20) for n in range(count)]
        warehouse.release(*orders)
        return warehouse.plan(*orders)

    return run


def address(name, *rows):
    ids = ",".join(str(row.pk) for row in rows)
    return f"{reverse(f'admin:logistics_{name}_print')}?ids={ids}"


def facts(row):
    row.refresh_from_db()
    return row.prints, row.printed_by and row.printed_by.username


def test_slips_are_shown_in_the_customers_language_and_counted_by_a_click(boss, client, planned):
    first, second = planned()
    Customer.objects.update(language="zh-hans")
    listed = reverse("admin:logistics_shipment_changelist")
    chosen = {"action": "print", "_selected_action": [first.pk, second.pk]}
    assert client.post(listed, chosen)["Location"] == address("shipment", first, second)

    page = client.get(address("shipment", first, second)).content.decode()
    assert page.count('<section class="paper" lang="zh-hans">') == 2
    assert page.count("装箱单") == 2
    assert page.count("<svg") == 2
    assert "Ada Lovelace<br>Street 1<br>Berlin<br>DE" in page
    assert "Back to the list" in page
    assert "data-print" not in page
    assert facts(first) == (0, None)
    assert Event.objects.filter(kind="shipment.printed").count() == 0

    answer = client.post(address("shipment", first, second))
    assert "data-print" in client.get(answer["Location"]).content.decode()
    client.post(address("shipment", first))
    assert (facts(first), facts(second)) == ((2, "boss"), (1, "boss"))
    told = Event.objects.filter(kind="shipment.printed", subject_id=first.pk)
    assert set(told.values_list("actor_id", flat=True)) == {boss.pk}
    assert "2×" in client.get(listed).content.decode()
    assert "2 of them were printed before." in (
        client.get(address("shipment", first, second)).content.decode()
    )


def test_what_was_not_printed_is_found(boss, client, planned):
    first, second = planned()
    client.post(address("shipment", first))

    assert list(ShipmentFilter({"is_printed": "false"}).qs) == [second]
    assert list(ShipmentFilter({"is_printed": "true"}).qs) == [first]


def test_a_pick_list_names_bins_in_the_order_of_the_walk(boss, client, planned, warehouse):
    warehouse.pick(*planned())
    pick_list = PickList.objects.get()

    page = client.get(address("picklist", pick_list)).content.decode()

    assert f"Pick list <span>{pick_list.number}</span>" in page
    assert page.count('class="tick"') == 2
    client.post(address("picklist", pick_list))
    assert facts(pick_list) == (1, "boss")
    assert list(PickListFilter({"is_printed": "false"}).qs) == []


def test_labels_are_printed_together_once_they_are_there(boss, client, planned, warehouse):
    first, second = planned()
    warehouse.pick(first, second)
    done, waits = warehouse.pack(first)[0], warehouse.pack(second, label=False)[0]
    Parcel.objects.filter(pk=done.pk).update(label_url="https://carrier.example/label.pdf")

    page = client.get(address("parcel", done, waits)).content.decode()
    assert page.count('class="label"') == 1
    assert done.tracking_number in page
    assert 'href="https://carrier.example/label.pdf" rel="noopener noreferrer"' in page
    assert f'<a href="{reverse("admin:logistics_parcel_change", args=[waits.pk])}">' in page
    client.post(address("parcel", done, waits))
    assert (facts(done), facts(waits)) == ((1, "boss"), (0, None))


def test_a_batch_costs_a_handful_of_statements(boss, client, planned):
    shipments = planned(6)

    def statements(*rows):
        with CaptureQueriesContext(connection) as queries:
            client.get(address("shipment", *rows))
        return len(queries)

    assert statements(*shipments) == statements(shipments[0])


def test_what_is_called_off_has_no_paper_and_wrong_addresses_say_so(boss, client, planned, now):
    [shipment] = planned(1)
    cancel_shipments([shipment.pk], now=now)

    page = client.get(address("shipment", shipment)).content.decode()
    assert "There is nothing to print." in page
    assert "Only possible in state" in page
    client.post(address("shipment", shipment))
    assert facts(shipment) == (0, None)
    for wrong in ("", "?ids=", "?ids=x", "?ids=1;2"):
        answer = client.get(reverse("admin:logistics_shipment_print") + wrong)
        assert answer.status_code == 400
    User.objects.update(is_superuser=False)
    assert client.get(address("shipment", shipment)).status_code == 403


def test_an_address_stands_in_the_order_of_its_country():
    berlin = Address(
        recipient="Ada", line1="Street 1", city="Berlin", postal_code="1", country="DE"
    )
    hangzhou = Address(
        recipient="李明",
        line1="文三路 1 号",
        city="杭州市",
        region="浙江省",
        district="西湖区",
        postal_code="310012",
        country="CN",
        phone="139",
    )

    assert address_lines(berlin) == ["Ada", "Street 1", "1 Berlin", "DE"]
    assert address_lines(hangzhou) == [
        "310012 CN",
        "浙江省 杭州市 西湖区",
        "文三路 1 号",
        "李明",
        "139",
    ]
    assert address_lines(None) == []
