"""What staff do all day, in a real browser; no page may complain."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from backoffice.core.jobs import run_chunk
from backoffice.core.models import Job, User
from finance.models import Refund, RefundPolicy
from inventory.models import ReplenishmentPolicy, ReplenishmentProposal
from inventory.services.replenishment import propose_replenishment
from orders.models import Hold, Order
from orders.services.intake import place_orders
from tests.fixtures.browser import PASSWORD, sign_in
from tests.fixtures.orders import PLACED, order_command

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def proposal(goods, house, supplier, supply, now, transactional_db) -> ReplenishmentProposal:
    sku = goods("A", 3)
    supply(sku)
    ReplenishmentPolicy.objects.create(warehouse=house, sku=sku, minimum=9)
    propose_replenishment(now=now)
    return ReplenishmentProposal.objects.get()


def url_of(document: Any) -> str:
    opts = document._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[document.pk])


def press(page: Page, label: str) -> None:
    """Press a button of a document's page."""
    page.click(f"a.bo-verb:text-is('{label}')")


def confirm(page: Page) -> None:
    """Send the dialog that is open."""
    page.click("main form button[type=submit], #content form button[type=submit]")


def test_an_order_is_found_held_and_released(
    open_page: Callable[..., Page], place: Callable[..., Order], tmp_path
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
    page.screenshot(path=tmp_path / "held.png")
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


def test_the_language_is_switched_to_chinese(
    open_page: Callable[..., Page], place: Callable[..., Order], tmp_path
) -> None:
    order = place("1")
    page = open_page()
    page.click(".bo-account summary")
    page.click("button[name=language][value=zh-hans]")
    page.goto(url_of(order))
    expect(page.locator("html")).to_have_attribute("lang", re.compile("zh"))
    expect(page.locator(".bo-verbs")).to_contain_text("确认")
    page.screenshot(path=tmp_path / "chinese.png", full_page=True)
    assert User.objects.get(username="boss").language == "zh-hans"


PAGES = [
    "/admin/",
    "/admin/orders/order/",
    "order",
    "hold",
    "/admin/logistics/shipment/",
    "/admin/support/ticket/",
    "/admin/inventory/stocklevel/",
    "/admin/core/approval/",
    "/admin/core/rule/add/?document=orders.order",
    "/admin/search/?q=Ada",
]


def test_ten_pages_have_no_serious_fault_of_accessibility(
    open_page: Callable[..., Page], place: Callable[..., Order]
) -> None:
    order = place("1")
    names = {"order": url_of(order), "hold": url_of(order).replace("change/", "do/hold/")}
    page = open_page()
    faults = []
    for name in PAGES:
        page.goto(names.get(name, name))
        found = Axe().run(page).response["violations"]
        faults += [
            (name, fault["id"], fault["nodes"][0]["html"][:160])
            for fault in found
            if fault["impact"] in ("serious", "critical")
        ]
    assert faults == []
