"""The second factor as somebody sees it."""

from base64 import b32decode

import pytest
from django_otp.oath import totp

from backoffice.core.models import User

PASSWORD = "four words to remember"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_it_is_set_up_and_asked_in_a_browser(new_page, settings, shoot):
    User.objects.create_superuser("boss", password=PASSWORD)
    settings.REQUIRE_SECOND_FACTOR = True
    page = new_page()
    page.goto("/admin/")
    page.fill("#id_username", "boss")
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_selector("svg.qr")
    shoot(page)
    key = b32decode(page.inner_text("code").replace(" ", ""))
    page.fill("#id_new_code", f"{totp(key):06d}")
    page.click("[type=submit]")
    page.wait_for_selector(".codes li:nth-child(10)")
    shoot(page)
    page.click("a.button")
    page.wait_for_selector("#nav-sidebar")

    other = new_page()
    other.goto("/admin/orders/order/")
    other.fill("#id_username", "boss")
    other.fill("#id_password", PASSWORD)
    other.click("[type=submit]")
    shoot(other)
    # A code opens once; the next one is already good.
    other.fill("#id_code", f"{totp(key, drift=1):06d}")
    other.click("button:has-text('Continue')")
    other.wait_for_url("**/admin/orders/order/")
