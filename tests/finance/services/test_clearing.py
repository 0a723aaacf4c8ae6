"""Staff clear exceptions: every act is booked, bounded, told and undone again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from backoffice.core.actor import acting
from backoffice.core.approvals import approve_approvals, reject_approvals
from backoffice.core.events import deliver
from backoffice.core.models import Approval, ApprovalPolicy, Event, User
from backoffice.core.states import BlockedError
from finance.models import (
    FileRow,
    LedgerAccount,
    Posting,
    ReconciliationException,
    ReconciliationRule,
)
from finance.selectors.reconciliation import suggestions
from finance.services.clearing import (
    WRITE_OFF,
    MatchBySight,
    assign_exceptions,
    book_exceptions,
    ignore_exceptions,
    match_by_sight,
    put_off_exceptions,
    wake_exceptions,
    write_off_exceptions,
)
from finance.services.matching import retry_exceptions
from finance.services.undoing import undo_exceptions, undo_matches
from tests.fixtures.reconciliation import RECONCILED, live_matches, stripe_file

pytestmark = pytest.mark.usefixtures("sound")
EUR = Decimal


@pytest.fixture
def charge(place, pay):
    def run(external_id: str):
        return pay(place(external_id), external_id, provider="stripe")

    return run


@pytest.fixture
def limit(db):
    """Let 5.00 EUR be written off by one person."""
    ApprovalPolicy.objects.create(kind=WRITE_OFF, currency="EUR", above=EUR("5.00"))


@pytest.fixture
def second(db) -> int:
    """Somebody else who may clear exceptions."""
    return User.objects.create(username="second", is_staff=True, is_superuser=True).pk


def balance(code: str) -> Decimal:
    rows = Posting.objects.filter(account__code=code).values_list("amount", flat=True)
    return sum(rows, EUR(0))


def test_suggestions_say_why(charge, reconcile):
    first, other = charge("ch_1"), charge("ch_2")
    reconcile(
        stripe_file([("charge", "ch_1", "", "23.00", "0"), ("charge", "z", "", "23.80", "0")])
    )
    differs, several = ReconciliationException.objects.order_by("row_id")
    found = suggestions([differs.row_id, several.row_id])
    assert [(s.key, s.reason) for s in found[differs.row_id]] == [
        (f"finance.payment:{first.pk}", "the provider's reference; differs by -0.80 EUR")
    ]
    assert [s.key for s in found[several.row_id]] == [
        f"finance.payment:{pk}" for pk in (first.pk, other.pk)
    ]
    assert {s.reason for s in found[several.row_id]} == {
        "amount, currency and day; the same amount"
    }


def test_matched_by_sight_with_a_difference(charge, reconcile, limit):
    payment = charge("ch_1")
    reconcile(stripe_file([("charge", "ch_1", "", "20.00", "0.50")]))
    found = ReconciliationException.objects.get()
    seen = MatchBySight([found.pk], [("finance.payment", payment.pk)])
    assert match_by_sight(seen, now=RECONCILED, reason="short paid").moved == [found.pk]
    assert live_matches() == [("STAFF", "PAYMENT", "finance.payment", payment.pk, EUR("-3.80"))]
    assert (balance("5900"), balance("5100"), balance("1100")) == (
        EUR("3.80"),
        EUR("0.50"),
        EUR("19.50"),
    )
    # Nobody else gets the payment meanwhile; undone, all is as before.
    undo_exceptions([found.pk], now=RECONCILED)
    found.refresh_from_db()
    assert (found.status, found.resolution, live_matches()) == ("OPEN", "", [])
    assert (balance("5900"), balance("5100"), balance("1100")) == (0, 0, EUR("23.80"))
    match_by_sight(seen, now=RECONCILED, reason="short paid")
    assert balance("5900") == EUR("3.80")


def test_two_rows_of_one_payment_by_sight(charge, reconcile):
    payment = charge("ch_1")
    reconcile(stripe_file([("charge", "a", "", "20.00", "0"), ("charge", "b", "", "3.80", "0")]))
    ids = list(ReconciliationException.objects.order_by("pk").values_list("pk", flat=True))
    match_by_sight(MatchBySight(ids, [("finance.payment", payment.pk)]), now=RECONCILED)
    assert [m[3] for m in live_matches()] == [payment.pk] * 2
    # What belongs together is undone together.
    assert sorted(undo_exceptions(ids[:1], now=RECONCILED).moved) == ids
    assert live_matches() == []


def test_what_is_taken_or_of_another_kind_is_refused(charge, reconcile):
    payment = charge("ch_1")
    reconcile(stripe_file([("charge", "ch_1", "", "23.80", "0"), ("charge", "x", "", "9.00", "0")]))
    found = ReconciliationException.objects.get()
    for subjects, why in (
        ([("finance.payment", payment.pk)], "matched with another row already"),
        ([("finance.payment", 0)], "no such document"),
        ([], "Choose one row"),
    ):
        with pytest.raises(BlockedError, match=why):
            match_by_sight(MatchBySight([found.pk], subjects), now=RECONCILED)
    found.refresh_from_db()
    assert found.status == "OPEN"


def test_a_write_off_above_the_limit_needs_a_second_person(reconcile, limit, second):
    reconcile(stripe_file([("charge", "x", "", "3.00", "0"), ("charge", "y", "", "9.00", "0")]))
    small, big = ReconciliationException.objects.order_by("amount")
    outcome = write_off_exceptions([small.pk, big.pk], now=RECONCILED, reason="unknown")
    assert outcome.moved == [small.pk]
    assert "a second person" in str(outcome.blocked[big.pk][0])
    assert balance("5900") == EUR("-3.00")
    big.refresh_from_db()
    assert big.status == "ASKED"
    approval = Approval.objects.get()
    assert (approval.amount, approval.note) == (EUR("9.00"), "unknown")
    # Not by who asked.
    assert approve_approvals([approval.pk], now=RECONCILED).moved == []
    with acting(second):
        assert reject_approvals([approval.pk], now=RECONCILED).moved == [approval.pk]
    deliver(now=timezone.now())
    big.refresh_from_db()
    assert (big.status, big.asked) == ("OPEN", None)
    write_off_exceptions([big.pk], now=RECONCILED, reason="still unknown")
    with acting(second):
        approve_approvals([Approval.objects.latest("pk").pk], now=RECONCILED)
    deliver(now=timezone.now())
    big.refresh_from_db()
    assert (big.status, big.resolution, big.modified_by_id) == ("CLEARED", "WRITTEN", second)
    assert balance("5900") == EUR("-12.00")
    undo_exceptions([big.pk, small.pk], now=RECONCILED)
    assert balance("5900") == 0


def test_rules_are_proposed_and_wait_to_be_accepted(reconcile):
    account = LedgerAccount.objects.get(code="5100")
    reconcile(stripe_file([("tax", "t", "", "-2.00", "0")]))
    found = ReconciliationException.objects.get()
    assert found.kind == "UNKNOWN"
    book_exceptions([found.pk], account_id=account.pk, now=RECONCILED, reason="VAT on fees")
    assert balance("5100") == EUR("2.00")
    rule = ReconciliationRule.objects.get()
    assert (rule.format, rule.category, rule.is_active, rule.times) == (
        "stripe-payout",
        "tax",
        False,
        1,
    )
    # Not before it is accepted.
    reconcile(stripe_file([("tax", "t", "", "-4.00", "0")], payout="po_2"))
    assert balance("5100") == EUR("2.00")
    ReconciliationRule.objects.update(is_active=True)
    retry_exceptions(now=RECONCILED)
    assert balance("5100") == EUR("6.00")
    assert live_matches()[-1][0] == "LEARNED"


def test_left_out_put_off_assigned(reconcile, second):
    reconcile(stripe_file([("charge", "x", "", "3.00", "0")]))
    found = ReconciliationException.objects.get()
    blocked = ignore_exceptions([found.pk], now=RECONCILED).blocked
    assert [str(text) for text in blocked[found.pk]] == ["Say why it is left out."]
    assign_exceptions([found.pk], user_id=second, now=RECONCILED)
    later = RECONCILED + timedelta(days=7)
    put_off_exceptions([found.pk], until=later, now=RECONCILED)
    assert wake_exceptions(now=later - timedelta(minutes=1)) == 0
    assert wake_exceptions(now=later) == 1
    ignore_exceptions([found.pk], now=later, reason="another shop's")
    found.refresh_from_db()
    assert (found.status, found.resolution, found.assignee_id) == ("CLEARED", "IGNORED", second)
    undo_exceptions([found.pk], now=later)
    kinds = Event.objects.filter(kind__startswith="exception.").order_by("pk")
    assert [kind.split(".")[1] for kind in kinds.values_list("kind", flat=True)] == (
        "raised assigned put_off resumed cleared undone".split()
    )


def test_an_undone_match_is_not_made_again(charge, reconcile):
    charge("ch_1")
    reconcile(stripe_file([("charge", "ch_1", "", "23.80", "0.95")]))
    row = FileRow.objects.get().pk
    assert undo_matches([row], now=RECONCILED, reason="not ours") == 1
    assert balance("5100") == 0
    assert ReconciliationException.objects.get().kind == "UNMATCHED"
    assert retry_exceptions(now=RECONCILED).rows == 0
    assert live_matches() == []
