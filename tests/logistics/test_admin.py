import pytest
from django.urls import reverse

from backoffice.core.models import User
from logistics.models import CarrierAccount, Parcel, PickLine, PickList, Shipment
from tests.fixtures.logistics import SHIPPED, scan

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def staff(client, db):
    user = User.objects.create_superuser("boss", password="x")
    client.force_login(user)
    return client


def test_every_page_opens(staff, ordered, warehouse):
    from logistics.services.scans import apply_scans

    (parcel,) = warehouse.send(ordered())
    apply_scans([scan(parcel, "EXCEPTION", SHIPPED, kind="DAMAGED")], now=SHIPPED)
    rows = {
        "shipment": parcel.shipment_id,
        "parcel": parcel.pk,
        "picklist": PickList.objects.get().pk,
        "deliveryexception": parcel.exceptions.get().pk,
        "carrier": parcel.account.carrier_id,
        "carrieraccount": parcel.account_id,
    }
    for name, pk in rows.items():
        listed = staff.get(reverse(f"admin:logistics_{name}_changelist"))
        page = staff.get(reverse(f"admin:logistics_{name}_change", args=[pk]))
        assert (listed.status_code, page.status_code) == (200, 200), name
    for name in ("accountstate", "labelrequest"):
        assert staff.get(reverse(f"admin:logistics_{name}_changelist")).status_code == 200
    order = staff.get(reverse("admin:orders_order_change", args=[parcel.shipment.order_id]))
    assert parcel.number in order.content.decode()


def test_staff_pick_pack_and_ship(staff, ordered, warehouse):
    order = ordered()
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)

    def press(verb):
        url = reverse("admin:logistics_shipment_verb", args=[shipment.pk, verb])
        assert staff.get(url).status_code == 200
        shipment.refresh_from_db()
        staff.post(url, {"version": shipment.version, "reason": "by hand"})
        shipment.refresh_from_db()
        return shipment.status

    assert press("pick") == "PICKING"
    assert press("pack") == "PICKING"
    line = PickLine.objects.get()
    url = reverse("admin:logistics_picklist_picked", args=[line.pick_list_id])
    assert staff.get(url).status_code == 200
    assert staff.post(url, {f"line_{line.pk}": 3}).status_code == 200
    staff.post(url, {f"line_{line.pk}": 1, "reason": "one broken"})
    line.refresh_from_db()
    assert line.picked == 1
    assert press("pack") == "PACKED"
    assert press("ship") == "PACKED"
    assert Shipment.objects.get(pk=shipment.pk).lines.get().quantity == 1


def test_an_empty_secret_keeps_what_is_set(staff, carrier_account):
    url = reverse("admin:logistics_carrieraccount_change", args=[carrier_account.pk])
    page = staff.get(url)
    assert "whsec" not in page.content.decode()
    form = page.context["adminform"].form
    data = {k: v for k, v in form.initial.items() if v is not None} | {
        "services": '["STANDARD"]',
        "api_key": "",
        "webhook_secret": "",
        "name": "Renamed",
    }
    assert staff.post(url, data).status_code == 302
    account = CarrierAccount.objects.get()
    assert (account.name, account.webhook_secret) == ("Renamed", "whsec")


def test_a_packer_enters_the_number_that_no_label_brought(staff, place, warehouse):
    order = place()
    warehouse.release(order)
    [parcel] = warehouse.pack(*warehouse.plan(order), label=False)
    url = reverse("admin:logistics_parcel_dialog", args=[parcel.pk, "enter_number"])
    [why] = staff.get(url).context["reasons"]
    assert str(why) == "The carrier gives the number with the label that it sells."

    # The carrier has refused to sell it.
    parcel.label_request.refused_at = SHIPPED
    parcel.label_request.save()
    assert staff.get(url).context["reasons"] == []
    Parcel.objects.filter(pk=parcel.pk).update(version=3)
    stale = staff.post(url, {"tracking_number": "X1", "version": 0, "key": "k"})
    assert "changed meanwhile" in str(stale.context["form"].non_field_errors())
    sent = staff.post(url, {"tracking_number": "X1", "version": 3, "key": "k"})

    assert sent["Location"] == reverse("admin:logistics_parcel_change", args=[parcel.pk])
    parcel.refresh_from_db()
    assert (parcel.status, parcel.tracking_number) == ("LABELLED", "X1")
