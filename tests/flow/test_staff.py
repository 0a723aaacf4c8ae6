"""What staff do all day, in a real browser; no page may complain."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from backoffice.core.invariants import check_invariants
from backoffice.core.jobs import run_chunk
from backoffice.core.models import Job, User
from finance.models import Refund, RefundPolicy
from inventory.models import ReplenishmentPolicy, ReplenishmentProposal
from inventory.services.replenishment import propose_replenishment
from logistics.models import Carrier, CarrierAccount, Parcel, PickList
from orders.models import Hold, Order
from orders.services.intake import place_orders
from orders.services.lifecycle import cancel_orders
from tests.fixtures.browser import PASSWORD, sign_in, url_of
from tests.fixtures.logistics import Warehouse
from tests.fixtures.orders import PLACED, order_command

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def proposal(goods, house, supplier, supply, now, transactional_db) -> ReplenishmentProposal:
    sku = goods("A", 3)
    supply(sku)
    ReplenishmentPolicy.objects.create(warehouse=house, sku=sku, minimum=9)
    propose_replenishment(now=now)
    return ReplenishmentProposal.objects.get()


def press(page: Page, label: str) -> None:
    """Press a button of a document's page."""
    page.click(f"a.bo-verb:text-is('{label}')")


def confirm(page: Page) -> None:
    """Send the dialog that is open."""
    page.click("#content form button[type=submit]")


def test_an_order_is_found_held_and_released(
    open_page: Callable[..., Page], place: Callable[..., Order], shoot: Callable[[Page], None]
) -> None:
    order = place("1")
    page = open_page()

    page.keyboard.press("Control+k")
    page.fill("dialog input[type=search]", "ada@example.com")
    page.click("dialog .sr-hits a:has-text('Ada Lovelace')")
    page.wait_for_url("**/orders/customer/**")
    page.keyboard.press("Control+k")
    page.fill("dialog input[type=search]", order.order_number)
    page.click(f"dialog .sr-exact:has-text('{order.order_number}')")
    page.wait_for_url(f"**{url_of(order)}")
    press(page, "Hold…")
    page.select_option("[name=hold]", "FRAUD")
    page.fill("[name=reason]", "call first")
    confirm(page)
    page.wait_for_url(f"**{url_of(order)}")
    expect(page.locator(".dc-timeline")).to_contain_text("call first")
    shoot(page)
    assert Hold.objects.get().reason == "FRAUD"

    press(page, "Release holds")
    page.fill("#reason", "she is fine")
    confirm(page)
    page.wait_for_url(f"**{url_of(order)}")

    order.refresh_from_db()
    assert order.open_holds == 0


def test_a_refund_waits_for_a_second_person(
    open_page: Callable[..., Page],
    new_page: Callable[..., Page],
    sold: Callable[..., Order],
) -> None:
    RefundPolicy.objects.filter(currency="EUR").update(approval_above=Decimal(20))
    order = sold()
    page = open_page()
    page.goto(url_of(order))
    press(page, "Refund…")
    page.select_option("[name=kind]", "GOODWILL")
    page.fill("[name=amount]", "25")
    page.fill("[name=reason]", "late")
    confirm(page)
    page.wait_for_url("**/finance/refund/**")
    refund = Refund.objects.get()
    page.click(".dc-blocked summary")
    expect(page.locator(".dc-blocked")).to_contain_text("Somebody else has to approve")

    User.objects.create_superuser("second", "second@example.com", PASSWORD)
    other = new_page()
    other.goto(url_of(refund))
    sign_in(other, "second")
    press(other, "Approve")
    confirm(other)
    other.wait_for_url(f"**{url_of(refund)}")

    refund.refresh_from_db()
    assert (refund.status, str(refund.approved_by)) == ("APPROVED", "second")


def test_a_proposal_is_approved(
    open_page: Callable[..., Page], proposal: ReplenishmentProposal
) -> None:
    page = open_page()
    page.goto("/admin/")
    page.click(".hm-desks a:has-text('Replenishment proposals')")
    page.click(f"text={proposal.number}")
    press(page, "Approve")
    confirm(page)
    page.wait_for_url(f"**{url_of(proposal)}")

    proposal.refresh_from_db()
    assert proposal.status == "APPROVED"


def test_five_hundred_orders_are_confirmed_by_one_job(
    open_page: Callable[..., Page], place: Callable[..., Order], now
) -> None:
    place("first")
    place_orders([order_command(f"n{n}") for n in range(499)], now=PLACED)
    page = open_page()
    page.goto(f"{reverse('admin:orders_order_changelist')}?status=PENDING")
    page.check("#action-toggle")
    page.check("input[name=select_across]")
    page.select_option("select[name=action]", "verb_confirm")
    page.click("button[name=index]")
    expect(page.locator(".bo-dialog")).to_contain_text("500 documents may move.")
    confirm(page)
    page.wait_for_url("**/core/job/**")
    job = Job.objects.get()

    while run_chunk(job.pk, now=now):
        pass
    page.reload()

    assert Order.objects.filter(status="CONFIRMED").count() == 500
    expect(page.locator("body")).to_contain_text("500")


def test_an_order_is_picked_packed_labelled_and_handed_over(
    open_page: Callable[..., Page],
    ordered: Callable[..., Order],
    warehouse: Warehouse,
    shoot: Callable[[Page], None],
) -> None:
    carrier = Carrier.objects.create(code="OWN", name="Own van")
    warehouse.account.is_default = False
    warehouse.account.save()
    CarrierAccount.objects.create(
        code="own", name="Own van", carrier=carrier, adapter="manual", is_default=True
    )
    order = ordered(2)
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    page = open_page()
    page.goto(url_of(order))
    page.click(".dc-tabs >> text=Shipments")
    page.click(f".dc-tabs section:visible >> text={shipment.number}")
    press(page, "Start picking")
    confirm(page)
    page.wait_for_url(f"**{url_of(shipment)}")
    pick_list = PickList.objects.get()
    page.click(".dc-tabs >> text=Pick lists")
    page.click(f".dc-tabs section:visible >> text={pick_list.number}")
    shoot(page)
    press(page, "Confirm picks")
    confirm(page)
    page.wait_for_url(f"**{url_of(pick_list)}")
    page.click(f".dc-tabs a:has-text('{shipment.number}')")
    press(page, "Pack")
    confirm(page)
    page.wait_for_url(f"**{url_of(shipment)}")
    parcel = Parcel.objects.get()
    page.click(".dc-tabs >> text=Parcels")
    page.click(f".dc-tabs section:visible >> text={parcel.number}")
    press(page, "Enter the tracking number…")
    page.fill("[name=tracking_number]", "VAN-1")
    confirm(page)
    page.wait_for_url(f"**{url_of(parcel)}")
    press(page, "Hand over")
    confirm(page)
    page.wait_for_url(f"**{url_of(parcel)}")
    shoot(page)

    parcel.refresh_from_db()
    shipment.refresh_from_db()
    order.refresh_from_db()
    assert (parcel.status, parcel.tracking_number) == ("IN_TRANSIT", "VAN-1")
    assert (shipment.status, order.fulfilment_status) == ("SHIPPED", "SHIPPED")
    assert check_invariants() == []


def test_a_filter_is_kept_as_a_view_and_opened_again(
    open_page: Callable[..., Page], place: Callable[..., Order], shoot: Callable[[Page], None]
) -> None:
    order, other = place("1"), place("2")
    cancel_orders([other.pk], now=PLACED)
    page = open_page()
    orders = reverse("admin:orders_order_changelist")
    page.goto(orders)
    page.click(".bo-sheet summary")
    page.check("input[name=status][value=PENDING]")
    page.click(".bo-panel button:has-text('Show')")
    page.click("text=Save this filter as a view")
    page.fill("[name=name]", "To be looked at")
    page.click("[name=_save]")
    page.wait_for_url(f"**{orders}?status=PENDING")
    shoot(page)

    page.goto(orders)
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    page.click(".bo-tabs a:has-text('To be looked at')")
    expect(page.locator(".bo-tabs [aria-current]")).to_have_text("To be looked at")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    expect(page.locator("#result_list tbody")).to_contain_text(order.order_number)


def test_the_language_is_switched_to_chinese(
    open_page: Callable[..., Page], place: Callable[..., Order], shoot: Callable[[Page], None]
) -> None:
    order = place("1")
    page = open_page()
    page.click(".bo-account summary")
    page.click("button[name=language][value=zh-hans]")
    page.goto(url_of(order))
    expect(page.locator("html")).to_have_attribute("lang", re.compile("zh"))
    expect(page.locator(".bo-verbs")).to_contain_text("确认")
    shoot(page)
    assert User.objects.get(username="boss").language == "zh-hans"
