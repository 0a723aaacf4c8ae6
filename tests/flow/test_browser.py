"""What staff see and click, in a real browser."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from backoffice.core.invariants import check_invariants
from backoffice.core.jobs import run_chunk
from backoffice.core.models import Address, Event, Job, User
from inventory.models import Warehouse as InventoryWarehouse
from logistics.tracking import buy_due_labels
from orders.models import Order
from tests.fixtures.logistics import CarrierServer, Warehouse
from tests.fixtures.threads import at_once

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def page_of(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


def test_an_order_is_confirmed_by_its_button(
    open_page: Callable[..., Page], place: Callable[..., Order], shoot: Callable[[Page], None]
) -> None:
    order = place("1")
    page = open_page()
    page.goto(reverse("admin:orders_order_changelist"))
    page.click(f"text={order.number}")
    page.wait_for_url(f"**{page_of(order)}**")
    page.click(".dc-blocked summary")
    blocked = page.locator(".dc-blocked dt", has_text="Release to warehouse").locator("+ dd")
    expect(blocked).to_contain_text("Only possible in state Confirmed.")
    shoot(page)

    page.click("a.bo-verb:has-text('Confirm')")
    page.fill("#reason", "The customer called")
    page.click("button[type=submit].default")
    page.wait_for_url(f"**{page_of(order)}**")
    entry = page.locator(".dc-entry", has_text="The customer called")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text("boss")
    shoot(page)

    order.refresh_from_db()
    assert order.status == "CONFIRMED"
    event = Event.objects.get(kind="order.confirmed")
    boss = User.objects.get(username="boss")
    assert (event.reason, event.actor_id) == ("The customer called", boss.pk)
    assert check_invariants() == []


def test_three_orders_are_cancelled_at_once_after_a_look(
    open_page: Callable[..., Page], place: Callable[..., Order], shoot: Callable[[Page], None]
) -> None:
    orders = [place(str(n)) for n in range(4)]
    page = open_page()
    page.goto(reverse("admin:orders_order_changelist"))
    for order in orders[:3]:
        page.check(f"input.action-select[value='{order.pk}']")
    page.select_option("select[name=action]", "verb_cancel")
    page.click("button[name=index]")
    expect(page.locator(".bo-dialog")).to_contain_text("3 documents may move.")
    shoot(page)
    assert not Order.objects.filter(status="CANCELLED").exists()

    page.fill("#reason", "Sold out")
    page.click("button[type=submit].default")
    page.wait_for_selector("text=3 done")
    cancelled = Order.objects.filter(status="CANCELLED").order_by("pk")
    assert list(cancelled) == orders[:3]
    assert Event.objects.filter(kind="order.cancelled", reason="Sold out").count() == 3
    assert check_invariants() == []


def test_five_orders_are_shipped_at_once(
    open_page: Callable[..., Page],
    ordered: Callable[..., Order],
    warehouse: Warehouse,
    carrier_server: CarrierServer,
    shoot: Callable[[Page], None],
) -> None:
    house = InventoryWarehouse.objects.get()
    house.address = Address.objects.create(line1="Dock 1", city="Berlin", country="DE")
    house.save()
    orders = [ordered(external_id=str(n), on_hand=20) for n in range(6)]
    warehouse.release(*orders[:5])
    page = open_page()
    page.goto(reverse("admin:orders_order_changelist"))
    page.check("#action-toggle")
    page.select_option("select[name=action]", label="Pick, pack and ship")
    page.click("button[name=index]")
    asked = page.locator(".bo-dialog")
    expect(asked).to_contain_text("5 documents may move.")
    expect(asked).to_contain_text("Label: 5 are bought")
    blocked = asked.locator("li", has_text="It is not with the warehouse yet")
    expect(blocked.get_by_role("link", name=orders[5].number)).to_be_visible()
    shoot(page)
    page.click("button[type=submit].default")

    # What workers do meanwhile; the page renews itself.
    expect(page.locator("progress")).to_be_visible()
    job = Job.objects.get()
    run_chunk(job.pk, now=timezone.now())
    expect(page.locator("tr", has_text=orders[0].number)).to_contain_text("is being bought")
    shoot(page)
    # Its calls need a loop of their own.
    assert at_once(lambda: buy_due_labels(clock=timezone.now)) == [5]
    later = timezone.now() + timedelta(seconds=6)
    while run_chunk(job.pk, now=later):
        pass
    page.click("text=Show what became of it")
    expect(page.locator("a", has_text="Done 5")).to_be_visible()
    expect(page.locator("tr", has_text=orders[5].number)).to_contain_text("confirm and release it")
    shoot(page)
    assert Order.objects.filter(fulfilment_status="SHIPPED").count() == 5
    assert Job.objects.get().created_by.username == "boss"
    assert check_invariants() == []


def test_a_chinese_browser_sees_chinese(
    open_page: Callable[..., Page], place: Callable[..., Order], shoot: Callable[[Page], None]
) -> None:
    order = place("1")
    page = open_page("zh-CN")
    page.goto(page_of(order))
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator(".bo-verb").first).to_contain_text("确认")
    shoot(page)
