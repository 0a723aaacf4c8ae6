"""From an order to the payout and back, by what the pages link to."""

import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from backoffice.core.models import User
from finance.models import OrderSettlement, Payout, SellerStatement
from finance.services.payouts import create_payouts
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from tests.fixtures.finance import DELIVERED

MONDAY = datetime(2026, 3, 15, 23, 0, tzinfo=UTC)


@pytest.fixture
def pages(db, client):
    """Return the texts of documents' pages without the sidebar."""
    client.force_login(User.objects.create(username="boss", is_staff=True, is_superuser=True))

    def text(row):
        page = client.get(page_of(row))
        assert page.status_code == 200
        return page.content.decode()

    return text


def page_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def test_each_page_leads_to_the_next(sold, pages):
    order = sold()
    settle_orders([order.pk], now=DELIVERED)
    create_statements(now=MONDAY)
    create_payouts(None, now=MONDAY)
    own = OrderSettlement.objects.get(order_id=order.pk, seller_id=None)
    settled = OrderSettlement.objects.exclude(pk=own.pk).get()
    statement, payout = SellerStatement.objects.get(), Payout.objects.get()
    way = [order, settled, statement, payout, statement, settled, order]

    for page, following in zip(way, way[1:], strict=False):
        assert f'href="{page_of(following)}"' in pages(page), following

    assert str(settled) == f"{order.order_number}: 87.60 EUR"
    assert "Own goods: nobody is paid out." in pages(own)
    # Amounts have the digits of their currency.
    assert not re.search(r"\d\.\d{4}\b", pages(settled))


def test_a_payment_says_that_no_file_names_it_yet(sold, pages):
    order = sold()

    assert "No file of the provider names it yet." in pages(order.payments.get())
