"""What proved files tell is in the books once: fees, payouts, the bank, chargebacks."""

from decimal import Decimal

import pytest

from finance.models import JournalEntry, LedgerAccount, Posting, ReconciliationPolicy
from finance.services.file_posting import matched_rows, post_rows
from finance.services.matching import match_due_file
from finance.services.provider_files import import_file
from tests.fixtures.reconciliation import RECONCILED, bank_file, stripe_file

pytestmark = pytest.mark.usefixtures("sound")
EUR = Decimal


@pytest.fixture
def charge(place, pay):
    def run(external_id: str):
        return pay(place(external_id), external_id, provider="stripe")

    return run


def entry() -> list[tuple[str, Decimal]]:
    """Return the sides of the one entry of a row of a file."""
    found = JournalEntry.objects.get(kind="FILE_ROW")
    lines = Posting.objects.filter(entry=found).order_by("position")
    return list(lines.values_list("account__code", "amount"))


def balances() -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for code, amount in Posting.objects.values_list("account__code", "amount"):
        found[code] = found.get(code, EUR(0)) + amount
    return {code: amount for code, amount in found.items() if amount}


def test_from_the_payment_to_the_bank(charge, reconcile):
    charge("ch_1"), charge("ch_2")
    rows = [
        ("charge", "ch_1", "", "23.80", "0.95"),
        ("charge", "ch_2", "", "23.80", "0.95"),
        ("fee", "", "", "-1.00", "0"),
        ("dispute", "ch_2", "", "-23.80", "15.00"),
        ("payout", "", "", "-5.90", "0"),
    ]
    file = reconcile(stripe_file(rows))
    # Nothing is left at the provider: what came was charged, charged back and paid out.
    assert balances() == {
        "1110": EUR("5.90"),
        "2000": EUR("-47.60"),
        "5100": EUR("17.90"),
        "5200": EUR("23.80"),
    }
    before = Posting.objects.count()
    assert post_rows(matched_rows([file.pk]), now=RECONCILED) == 0
    assert Posting.objects.count() == before
    reconcile(bank_file([("5.90", "STRIPE PO_1")]))
    assert balances() == {
        "1000": EUR("5.90"),
        "2000": EUR("-47.60"),
        "5100": EUR("17.90"),
        "5200": EUR("23.80"),
    }


def test_a_won_dispute_comes_back(charge, reconcile):
    charge("ch_1")
    rows = [("dispute", "ch_1", "", "-23.80", "15.00"), ("charge", "ch_1", "", "23.80", "0")]
    reconcile(stripe_file(rows))
    back = [("dispute_reversal", "ch_1", "", "23.80", "-15.00")]
    reconcile(stripe_file(back, payout="po_2"))
    assert balances() == {"1100": EUR("23.80"), "2000": EUR("-23.80")}


def test_a_difference_within_the_tolerance_is_booked(charge, reconcile):
    ReconciliationPolicy.objects.create(currency="EUR", tolerance=EUR("0.02"))
    charge("ch_1")
    reconcile(stripe_file([("charge", "ch_1", "", "23.79", "0.50")]))
    assert entry() == [("5100", EUR("0.50")), ("5900", EUR("0.01")), ("1100", EUR("-0.51"))]


def test_nothing_is_posted_from_a_file_that_proves_nothing(reconcile, charge):
    charge("ch_1")
    reconcile(stripe_file([("payout", "", "", "0", "0"), ("charge", "ch_1", "", "23.80", "0")]))
    text = (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>"
        "<CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>1</BANKACCTFROM><BANKTRANLIST><STMTTRN>"
        "<TRNTYPE>CREDIT<DTPOSTED>20260312<TRNAMT>5.00<FITID>1<NAME>x</STMTTRN></BANKTRANLIST>"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )
    reconcile(text.encode(), "ofx", control="NONE")
    assert not JournalEntry.objects.filter(kind="FILE_ROW").exists()


ROWS = [
    ("charge", "ch_1", "", "23.80", "0.95"),
    ("fee", "", "", "-1.00", "0"),
    ("payout", "", "", "-21.85", "0"),
]
PROPER = {"1110": EUR("21.85"), "2000": EUR("-23.80"), "5100": EUR("1.95")}
UNREAD = {"1100": EUR("23.80"), "2000": EUR("-23.80")}


def reordered(content: bytes) -> bytes:
    """Write the columns from right to left."""
    rows = [line.split(b",")[::-1] for line in content.splitlines()]
    return b"\n".join(b",".join(row) for row in rows)


@pytest.mark.parametrize(
    ("change", "books"),
    [
        (lambda c: b"\xef\xbb\xbf" + c, PROPER),
        (lambda c: c.replace(b"\n", b"\r\n"), PROPER),
        (lambda c: c.decode().encode("utf-16"), PROPER),
        (reordered, PROPER),
        # A row is lost, the file is doubled, cut, or written with another decimal mark.
        (lambda c: b"\n".join(c.splitlines()[:1] + c.splitlines()[2:]), UNREAD),
        (lambda c: c + c.partition(b"\n")[2], UNREAD),
        (lambda c: c[: len(c) // 2], UNREAD),
        (lambda c: c.replace(b".80", b",80"), UNREAD),
        (lambda c: c.replace(b"0.95", b"0.59"), UNREAD),
        # Two columns have changed their names, not their cells.
        (lambda c: c.replace(b"fee,net", b"net,fee"), UNREAD),
    ],
)
def test_a_changed_file_posts_the_same_or_nothing(charge, actor, settings, tmp_path, change, books):
    settings.MEDIA_ROOT = tmp_path
    charge("ch_1")
    import_file("stripe-payout", "f", change(stripe_file(ROWS)), now=RECONCILED)
    match_due_file(now=RECONCILED)
    assert balances() == books


def test_the_accounts_are_in_the_chart(db):
    codes = LedgerAccount.objects.filter(code__in=("1110", "5200", "5900")).order_by("code")
    assert list(codes.values_list("code", "kind")) == [
        ("1110", "ASSET"),
        ("5200", "EXPENSE"),
        ("5900", "EXPENSE"),
    ]
