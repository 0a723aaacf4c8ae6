"""Pages for everybody: read by machines, used by keyboard, held in a hand."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from backoffice.core.approvals import AskApproval, request_approvals
from backoffice.core.models import Approval
from backoffice.core.privacy import ERASURE
from backoffice.insights.services.rollup import refresh_times
from logistics.models import PickList
from logistics.services.picking import create_pick_lists
from orders.models import Order
from support.models import Ticket
from tests.api.world import build
from tests.fixtures.browser import url_of
from tests.fixtures.logistics import Warehouse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
FINGER = 40

# Marks what has the focus, and says whether it stays in `root` and looks focused.
MARK = """
root => {
  const now = document.activeElement;
  if (!now || now === document.body) return "out";
  if (!document.querySelector(root).contains(now)) return "out";
  if (now.dataset.met) return "again";
  now.dataset.met = "yes";
  const look = getComputedStyle(now);
  const shown = look.outlineStyle !== "none" && look.outlineWidth !== "0px";
  return shown || look.boxShadow !== "none" ? "seen" : "unseen: " + now.outerHTML.slice(0, 120);
}
"""
# What ought to be reached: controls that are shown, but not those that arrow keys lead to.
MISSED = """
() => [...document.querySelectorAll(
  "a[href], button, input, select, textarea, summary, [tabindex]")]
  .filter(e => e.tabIndex >= 0 && !e.disabled && e.type !== "hidden" && !e.dataset.met)
  .filter(e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}))
  .map(e => e.outerHTML.slice(0, 120))
"""
SMALL = """
least => [...document.querySelectorAll(
  ":is(header, #content) :is(button, select, summary, input:not([type=hidden]), .button, .bo-verb),"
  + ":is(.bo-tabs, .bo-pages, .dc-tabs > ul, tbody th) a, .bo-button")]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .filter(e => !["checkbox", "radio"].includes(e.type))
  .map(e => [e.outerHTML.slice(0, 100), Math.round(e.getBoundingClientRect().height)])
  .filter(([, height]) => height < least)
"""


def test_ten_pages_have_no_serious_fault_of_accessibility(
    open_page: Callable[..., Page], shoot: Callable[[Page], None]
) -> None:
    order = build().delivered["W1", "S1"]
    page = open_page()
    faults = []
    for url in (
        "/admin/",
        "/admin/orders/order/",
        url_of(order),
        url_of(order).replace("change/", "do/hold/"),
        "/admin/logistics/shipment/",
        url_of(Ticket.objects.filter(order=order)[0]),
        "/admin/inventory/stocklevel/",
        "/admin/core/approval/",
        "/admin/core/rule/add/?document=orders.order",
        "/admin/search/?q=Ada",
    ):
        page.goto(url)
        shoot(page)
        faults += serious(page)
    assert faults == []


def serious(page: Page) -> list[tuple[str, str, list[str]]]:
    """Return the serious faults of accessibility of a page."""
    return [
        (page.url, fault["id"], [node["html"][:160] for node in fault["nodes"]])
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]


def tab_through(page: Page, root: str = "body") -> list[str]:
    """Press Tab until it comes round; return what has the focus without showing it."""
    unseen = []
    for _turn in range(300):
        page.keyboard.press("Tab")
        met = page.evaluate(MARK, root)
        if met.startswith("unseen"):
            unseen.append(met)
        if met in ("again", "out"):
            return unseen
    raise AssertionError("Tab never comes round.")


@pytest.mark.parametrize("what", ["list", "order"])
def test_every_control_is_reached_by_the_keyboard(
    what: str, open_page: Callable[..., Page], place: Callable[..., Order]
) -> None:
    order = place("1")
    page = open_page()
    page.goto("/admin/orders/order/?status=PENDING" if what == "list" else url_of(order))

    assert tab_through(page) == []
    assert page.evaluate(MISSED) == []


def test_the_search_box_keeps_the_focus_until_escape(
    open_page: Callable[..., Page], place: Callable[..., Order]
) -> None:
    place("1")
    page = open_page()
    page.goto("/admin/orders/order/")
    opener = page.locator("[data-search]")
    opener.focus()
    page.keyboard.press("Enter")
    box = page.locator("dialog.sr-dialog")
    expect(box.locator("input")).to_be_focused()
    page.keyboard.type("ada@example.com")
    expect(box.locator("a").first).to_be_visible()

    for _turn in range(8):
        page.keyboard.press("Tab")
        assert box.evaluate("box => box.contains(document.activeElement)")
    page.keyboard.press("Shift+Tab")
    assert box.evaluate("box => box.contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_filters_close_on_escape(open_page: Callable[..., Page], place) -> None:
    place("1")
    page = open_page()
    page.goto("/admin/orders/order/")
    sheet = page.locator(".bo-sheet > summary")
    sheet.focus()
    page.keyboard.press("Enter")
    panel: Locator = page.locator(".bo-panel")
    expect(panel).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(sheet).to_be_focused()


def fits(page: Page) -> None:
    """Check that a page needs no sideways scrolling and has buttons for fingers."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert (page.url, width) == (page.url, PHONE["viewport"]["width"])
    small = page.evaluate(SMALL, FINGER)
    assert small == [], "\n".join(map(str, small))


def test_a_phone_is_enough_to_pick(
    open_page: Callable[..., Page],
    ordered: Callable[..., Order],
    warehouse: Warehouse,
    shoot: Callable[[Page], None],
) -> None:
    order = ordered(2)
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    create_pick_lists([shipment.pk], now=warehouse.now)
    pick_list = PickList.objects.get()
    page = open_page(**PHONE)
    pages = ["/admin/", "/admin/logistics/picklist/", "/admin/logistics/shipment/"]
    pages += ["/admin/inventory/stocklevel/", url_of(shipment), url_of(pick_list)]
    pages.append(url_of(pick_list).replace("change/", "picked/"))
    for url in pages:
        page.goto(url)
        shoot(page)
        fits(page)
    page.fill(".bo-dialog input[type=number]", "2")
    page.click(".bo-dialog button[type=submit]")
    page.wait_for_url(f"**{url_of(pick_list)}")
    pick_list.refresh_from_db()
    assert pick_list.status == "PICKED"


def test_a_phone_is_enough_to_approve(
    open_page: Callable[..., Page], place: Callable[..., Order], shoot: Callable[[Page], None], now
) -> None:
    order = place("1")
    request_approvals([AskApproval(ERASURE, "orders.customer", order.customer_id)], now=now)
    approval = Approval.objects.get()
    page = open_page(**PHONE)
    for url in ("/admin/core/approval/", url_of(approval)):
        page.goto(url)
        shoot(page)
        fits(page)
    page.click("a.bo-verb:text-is('Approve')")
    shoot(page)
    fits(page)
    page.click(".bo-dialog button[type=submit]")
    page.wait_for_url(f"**{url_of(approval)}")
    approval.refresh_from_db()
    assert approval.status == "APPROVED"


def test_what_drove_a_time_is_two_clicks_away(
    open_page: Callable[..., Page], shoot: Callable[[Page], None]
) -> None:
    build()
    refresh_times(now=timezone.now() + timedelta(days=1))
    page = open_page()
    page.get_by_role("link", name="Delivery t_l").click()
    expect(page.get_by_role("heading", name="How long it took")).to_be_visible()
    shoot(page)
    assert serious(page) == []

    page.locator(".tm-chart a").first.click()
    expect(page.get_by_role("heading", name="The slowest")).to_be_visible()
    page.get_by_role("link", name="7 days", exact=True).click()
    expect(page.get_by_role("link", name="7 days", exact=True)).to_have_attribute(
        "aria-current", "true"
    )
    document = page.locator("table a").last
    number = document.inner_text()
    document.click()
    expect(page.get_by_role("heading", name=number, exact=True)).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Where the time goes").click()
    expect(page.get_by_role("heading", name="Where the time goes")).to_be_visible()
    assert serious(page) == []
