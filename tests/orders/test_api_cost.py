"""How many statements the API needs, whatever the shop's size."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.core.models import IdempotencyKey
from orders.models import Order
from tests.orders.test_api import api, order_json, post  # noqa: F401

pytestmark = pytest.mark.django_db
LINE = {"sku": "S-UNTRACKED", "quantity": 2, "unit_price": "11.90", "tax_rate": "0.19"}


def body(n: int) -> dict:
    return order_json(f"N{n}", customer={"external_id": f"n{n}"}, lines=[LINE] * 3)


def statements(asked: CaptureQueriesContext) -> list[str]:
    """Return what was asked of the database, the ends of transactions aside."""
    texts = [query["sql"] for query in asked.captured_queries]
    return [text for text in texts if "SAVEPOINT" not in text]


def test_an_order_is_placed_in_fifteen_statements(api, channel, service_sku):  # noqa: F811
    post(api, "/api/v1/orders/", body(0), **{"Idempotency-Key": "first"})

    with CaptureQueriesContext(connection) as asked:
        made = post(api, "/api/v1/orders/", body(1), **{"Idempotency-Key": "second"})

    assert made.status_code == 201, made.content
    assert len(statements(asked)) <= 15, statements(asked)
    order = Order.objects.get(external_id="N1")
    detail = api.get(f"/api/v1/orders/{order.order_number}/").json()
    # What placed it and what reads it say the same, but for why it waits.
    assert made.json() == detail | {"blockers": None}
    assert IdempotencyKey.objects.get(key="second").body == made.json()


def test_a_page_with_lines_takes_few_statements_and_counts_nothing(api, channel, service_sku):  # noqa: F811
    for n in range(3):
        post(api, "/api/v1/orders/", body(n))
    api.get("/api/v1/order-lines/")

    with CaptureQueriesContext(connection) as asked:
        page = api.get("/api/v1/order-lines/?page_size=50")

    assert len(page.json()["results"]) == 9
    told = [text for text in statements(asked) if "core_apitoken" not in text]
    assert len(told) <= 3, told
    assert not [text for text in told if "COUNT(" in text.upper()]
