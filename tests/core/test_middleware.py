import pytest
from django.test import Client

from backoffice.core.models import User

pytestmark = pytest.mark.django_db


def sign_in(**fields: str) -> Client:
    user = User.objects.create_superuser("boss", password="x", **fields)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


@pytest.mark.parametrize(("language", "shown"), [("zh-hans", "订单"), ("", "Orders")])
def test_pages_speak_the_users_language_else_the_browsers(language, shown):
    page = sign_in(language=language).get("/admin/")

    assert shown in page.content.decode()


def test_the_next_visitor_gets_the_browsers_language_again():
    sign_in(language="zh-hans").get("/admin/")

    page = Client(headers={"Accept-Language": "en"}).get("/admin/login/")

    assert "Password" in page.content.decode()


def test_a_zone_that_nobody_can_read_keeps_nobody_out():
    assert sign_in(time_zone="Mars/Olympus").get("/admin/").status_code == 200
