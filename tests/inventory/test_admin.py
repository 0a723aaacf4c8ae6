import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from backoffice.core.models import User
from inventory.models import PurchaseOrder, ReplenishmentPolicy, ReplenishmentProposal, StockLevel
from inventory.services.purchasing import (
    CreatePurchaseOrder,
    PurchaseLine,
    approve_purchase_orders,
    create_purchase_orders,
    send_purchase_orders,
)
from inventory.services.replenishment import propose_replenishment
from tests.fixtures.inventory import level

pytestmark = pytest.mark.usefixtures("proven")
MODELS = [m for m in apps.get_app_config("inventory").get_models() if m in admin.site._registry]


@pytest.fixture
def staff(db) -> Client:
    user = User.objects.create_superuser("boss", "boss@example.com", "x")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def sent(goods, house, supplier, supply, now):
    a = goods("A", 3)
    supply(a)
    ReplenishmentPolicy.objects.create(warehouse=house, sku=a, minimum=9)
    propose_replenishment(now=now)
    command = CreatePurchaseOrder(supplier.pk, house.pk, [PurchaseLine(a.pk, 4)])
    [pk] = create_purchase_orders([command], now=now).ids.values()
    approve_purchase_orders([pk], now=now)
    send_purchase_orders([pk], now=now)
    return PurchaseOrder.objects.get(pk=pk)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_list_and_page_opens(staff, sent, model):
    name = f"admin:inventory_{model._meta.model_name}"

    assert staff.get(reverse(f"{name}_changelist") + "?q=A").status_code == 200
    row = model.objects.order_by("pk").first()
    if row is not None:
        assert staff.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200


def test_a_proposal_is_explained_and_approved(staff, sent):
    proposal = ReplenishmentProposal.objects.get()
    page = staff.get(reverse("admin:inventory_replenishmentproposal_change", args=[proposal.pk]))
    assert "The policy sets the reorder point: 9." in page.content.decode()

    url = reverse("admin:inventory_replenishmentproposal_verb", args=[proposal.pk, "approve"])
    asked = staff.get(url)
    assert "One purchase order to Supplier for BER: 1 lines, 28.00 EUR." in asked.content.decode()
    proposal.refresh_from_db()
    assert proposal.status == "PROPOSED"
    staff.post(url, {"version": 0, "reason": "yes"})

    proposal.refresh_from_db()
    assert proposal.status == "APPROVED"


def test_stock_is_adjusted_by_a_dialog(staff, sent, house):
    row = StockLevel.objects.get()
    url = reverse("admin:inventory_stocklevel_adjust", args=[row.pk])

    assert staff.get(url).status_code == 200
    assert level(row.sku, house) == (3, 0, 3)
    refused = staff.post(url, {"kind": "ADJUSTMENT", "quantity": -9, "reason": "counted"})
    assert "missing from stock" in refused.content.decode()
    assert level(row.sku, house) == (3, 0, 3)
    staff.post(url, {"kind": "ADJUSTMENT", "quantity": -1, "reason": "counted"})
    assert level(row.sku, house) == (2, 0, 2)


def test_a_delivery_is_counted_and_the_rest_received(staff, sent, house):
    line = sent.lines.get()
    url = reverse("admin:inventory_purchaseorder_count", args=[sent.pk])

    assert staff.get(url).status_code == 200
    assert "Nothing was counted." in staff.post(url, {}).content.decode()
    staff.post(url, {f"line_{line.pk}": 1, "delivery_note": "D1"})
    sent.refresh_from_db()
    assert sent.status == "PARTIALLY_RECEIVED"

    verb = reverse("admin:inventory_purchaseorder_verb", args=[sent.pk, "receive_part"])
    staff.post(verb, {"version": sent.version})
    sent.refresh_from_db()
    assert sent.status == "RECEIVED"
    assert level(line.sku, house) == (7, 0, 7)


def test_nobody_without_the_permission_adjusts(staff, sent, house):
    row = StockLevel.objects.get()
    clerk = User.objects.create_user("clerk", "c@example.com", "x", is_staff=True)
    client = Client()
    client.force_login(clerk)

    url = reverse("admin:inventory_stocklevel_adjust", args=[row.pk])
    answer = client.post(url, {"kind": "ADJUSTMENT", "quantity": 1, "reason": "x"})

    assert answer.status_code == 403
    assert level(row.sku, house) == (3, 0, 3)
