"""The endpoints of money: scopes, amounts as strings, two persons, nothing by GET."""

import json
from decimal import Decimal

import pytest
from django.test import Client

from backoffice.core.models import User
from backoffice.core.tokens import create_token
from finance.models import Payment, Payout, Refund, RefundPolicy
from finance.services.invoices import issue_invoices
from finance.services.payouts import create_payouts
from finance.services.periods import open_periods
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from tests.finance.services.test_payouts import MONDAY
from tests.fixtures.finance import DELIVERED

pytestmark = pytest.mark.usefixtures("sound")


@pytest.fixture
def call(db):
    """Call the API with a token of its own user."""
    tokens: dict[str, str] = {}

    def run(
        method: str, path: str, body=None, *, name="Shop", scopes=("finance:read", "finance:write")
    ):
        if name not in tokens:
            tokens[name] = create_token(name, scopes)[1]
        headers = {"Authorization": f"Bearer {tokens[name]}"}
        return Client(headers=headers).generic(
            method, f"/api/v1/{path}", json.dumps(body) if body else "", "application/json"
        )

    return run


def test_a_payment_is_recorded_once(program, place):
    call = program(["finance:read", "finance:write"])
    order = place()
    body = {
        "order": order.order_number,
        "external_id": "bank-1",
        "amount": "23.80",
        "currency": "EUR",
        "method": "transfer",
    }
    first, second = call("payments_create", body), call("payments_create", body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.parsed.id == second.parsed.id == Payment.objects.get().pk
    assert first.parsed.captured_amount == "23.8000"
    listed = call("payments_list", order=order.order_number, status=["CAPTURED"]).parsed
    assert [p.number for p in listed.results] == [first.parsed.number]
    assert call("payments_create", body | {"currency": "USD"}).status_code == 409


def test_reading_needs_its_scope(place, call):
    assert call("GET", "payments/", name="other", scopes=("orders:read",)).status_code == 403
    read_only = call("POST", "refunds/", {}, name="reader", scopes=("finance:read",))
    assert read_only.status_code == 403


def test_a_refund_needs_two_callers(program, place, pay):
    RefundPolicy.objects.update(approval_above=0)
    first, second = (program(["finance:read", "finance:write"]) for _ in range(2))
    order = place()
    pay(order)
    body = {"order": order.order_number, "kind": "GOODWILL", "amount": "5.00", "key": "k"}
    [opened] = first("refunds_create", body).parsed
    assert (opened.status, opened.amount) == ("REQUESTED", "5.0000")
    assert first("refunds_create", body).status_code == 200
    own = first("refunds_approve_create", number=opened.number)
    assert own.status_code == 409
    assert "Somebody else" in own.parsed.detail
    assert Refund.objects.get().status == "REQUESTED"
    approved = second("refunds_approve_create", number=opened.number)
    assert approved.parsed.moved == [opened.number]
    assert Refund.objects.get().status == "APPROVED"
    assert second("refunds_succeed_create", number=opened.number).status_code == 200
    assert Refund.objects.get().status == "SUCCEEDED"
    assert first("refunds_create", body | {"key": "x", "amount": "99"}).status_code == 409


def test_statements_payouts_books_and_invoices_are_read(sold, call):
    order = sold()
    settle_orders([order.pk], now=DELIVERED)
    issue_invoices([order.pk], now=DELIVERED)
    create_statements(now=MONDAY)
    create_payouts(None, now=MONDAY)
    statement = call("GET", "seller-statements/?seller=ACME").json()["results"][0]
    assert statement["closing_amount"] == "87.6000"
    payout = call("GET", "payouts/?status=DRAFT").json()["results"][0]
    assert call("POST", f"payouts/{payout['number']}/approve/").status_code == 200
    assert call("POST", f"payouts/{payout['number']}/send/").status_code == 200
    assert Payout.objects.get().status == "SENT"
    entries = call("GET", "journal-entries/?kind=SETTLEMENT").json()["results"]
    detail = call("GET", f"journal-entries/{entries[0]['id']}/").json()
    assert sum(Decimal(p["amount"]) for p in detail["postings"]) == 0
    balance = call("GET", "journal-entries/trial-balance/").json()
    assert sum(Decimal(row["balance"]) for row in balance) == 0
    invoice = call("GET", f"invoices/?order_id={order.pk}").json()["results"][0]
    lines = call("GET", f"invoices/{invoice['number']}/").json()["lines"]
    assert [line["gross_amount"] for line in lines] == ["119.0000", "11.9000"]
    assert len(call("GET", f"settlements/?order_id={order.pk}").json()["results"]) == 2
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert call(method, f"journal-entries/{entries[0]['id']}/", {}).status_code == 405


PAGES = [
    "accountingperiod",
    "commissioncontract",
    "creditnote",
    "dailybalance",
    "documentseries",
    "invoice",
    "journalentry",
    "ledgeraccount",
    "ordersettlement",
    "payment",
    "paymentprovider",
    "payout",
    "refund",
    "refundpolicy",
    "sellerstatement",
]


@pytest.fixture
def staff(db) -> Client:
    user = User.objects.create_superuser("root", "root@example.com", "x")
    client = Client()
    client.force_login(user)
    return client


def test_every_screen_opens(sold, drain, staff):
    from django.apps import apps

    order = sold()
    drain()
    settle_orders([order.pk], now=DELIVERED)
    create_statements(now=MONDAY)
    create_payouts(None, now=MONDAY)
    for name in PAGES:
        assert staff.get(f"/admin/finance/{name}/").status_code == 200, name
        row = apps.get_model("finance", name).objects.first()
        if row is not None:
            page = staff.get(f"/admin/finance/{name}/{row.pk}/change/")
            assert page.status_code == 200, name
    assert staff.get(f"/admin/orders/order/{order.pk}/change/").status_code == 200


def test_a_payout_is_approved_by_a_dialog(sold, staff):
    order = sold()
    settle_orders([order.pk], now=DELIVERED)
    create_statements(now=MONDAY)
    [pk] = create_payouts(None, now=MONDAY).created.values()
    url = f"/admin/finance/payout/{pk}/verb/approve/"
    assert staff.get(url).status_code == 200
    assert Payout.objects.get().status == "DRAFT"
    staff.post(url, {"version": "0", "reason": "checked"})
    assert Payout.objects.get().status == "APPROVED"
    # Documents have no forms: nothing can be typed over.
    change = f"/admin/finance/payout/{pk}/change/"
    assert staff.post(change, {"amount": "1"}).status_code == 403
    assert Payout.objects.get().amount == Decimal("87.60")


def test_payouts_are_proposed_from_the_latest_statement(sold, call):
    settle_orders([sold().pk], now=DELIVERED)
    create_statements(now=MONDAY)
    statement = call("GET", "seller-statements/").json()["results"][0]["number"]
    item = {"statement": statement}

    made, twice = call("POST", "payouts/bulk/", {"items": [item, item]}).json()["results"]
    again = call("POST", "payouts/", item)

    assert (made["status"], made["numbers"]) == ("CREATED", [Payout.objects.get().number])
    assert (twice["status"], again.status_code) == ("REFUSED", 409)
    assert "has a payout already" in again.json()["detail"]


def test_a_month_is_closed_and_opened_again(actor, call):
    open_periods(now=DELIVERED)
    month = call("GET", "accounting-periods/?status=OPEN").json()["results"][0]["number"]

    assert call("POST", f"accounting-periods/{month}/close/").json()["moved"] == [month]
    assert call("POST", f"accounting-periods/{month}/close/").status_code == 409
    assert call("POST", f"accounting-periods/{month}/reopen/").status_code == 200
