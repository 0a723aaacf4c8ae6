"""An erasure empties what files say about a customer, and no amount."""

import json
from decimal import Decimal

import pytest

from backoffice.core.actor import transaction
from backoffice.core.models import StoredFile
from backoffice.core.personal import erase_rows, tell_rows
from backoffice.core.sql import execute
from finance.models import FileRow
from finance.services.commands import RecordPayment
from finance.services.payments import record_payments
from finance.settlement_files.personal import split
from orders.services.commands import CustomerData
from tests.fixtures.finance import PAID
from tests.fixtures.reconciliation import RECONCILED, bank_file, stripe_file

pytestmark = pytest.mark.usefixtures("sound")
CUSTOMER = "orders.customer"


def test_names_go_and_amounts_stay(place, pay, reconcile):
    card, transfer = place("1"), place("2")
    other = place("3", customer=CustomerData("c3", "Bob Boole", "bob@example.com"))
    pay(card, "ch_1", provider="stripe")
    pay(other, "ch_3", provider="stripe")
    pending = RecordPayment(
        "manual", "t", "PENDING", Decimal("23.80"), "EUR", order_id=transfer.pk, at=PAID
    )
    record_payments([pending], now=PAID)
    rows = [("charge", "ch_1", "", "23.80", "0.95"), ("charge", "ch_3", "", "23.80", "0.95")]
    told = stripe_file(rows).replace(b"charge_id,", b"charge_id,card_name,")
    told = told.replace(b"ch_1,ch_1,", b"ch_1,ch_1,Ada Byron,")
    told = told.replace(b"ch_3,ch_3,", b"ch_3,ch_3,Bob Boole,")
    reconcile(told)
    reconcile(bank_file([("23.80", f"Ada Byron {transfer.order_number}")]))
    assert transfer.customer_id == card.customer_id != other.customer_id
    before = list(FileRow.objects.order_by("pk").values_list("gross_amount", "fee_amount"))

    known = tell_rows(CUSTOMER, card.customer_id)["finance_filerow"]
    assert sum("Ada Byron" in json.dumps(row, default=str) for row in known) == 2
    with transaction(now=RECONCILED):
        execute("SELECT set_config('app.erasing', 'on', true)")
        assert erase_rows(CUSTOMER, card.customer_id)["finance_filerow"] == 2
        execute("SELECT set_config('app.erasing', '', true), set_config('app.written', '', true)")

    left = json.dumps(list(FileRow.objects.values("raw", "personal", "reference")))
    assert "Ada" not in left
    assert "Bob Boole" in left
    assert list(FileRow.objects.order_by("pk").values_list("gross_amount", "fee_amount")) == before
    # The file itself cannot be emptied: it goes as a whole when its time is over.
    assert not StoredFile.objects.filter(keep_until=None).exists()


@pytest.mark.parametrize(
    ("name", "is_personal"),
    [
        ("payer's account id", True),
        ("shipping address line1", True),
        ("对方账户", True),
        ("用户标识", True),
        ("商品名称", True),
        ("card_name", True),
        ("86", True),
        ("party", True),
        ("merchant account", False),
        ("company account", False),
        ("marketplace-name", False),
        ("门店名称", False),
        ("net credit (nc)", False),
        ("transaction event code", False),
        ("商户订单号", False),
    ],
)
def test_which_cells_are_about_people(name, is_personal):
    raw, about = split({name: "x"})
    assert (name in about, name in raw) == (is_personal, not is_personal)
