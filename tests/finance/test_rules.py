"""What rules do with refunds and payouts."""

from datetime import timedelta

import pytest

from finance.models import CommissionContract, Payout
from finance.services.payouts import cancel_payouts, create_payouts
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from tests.finance.test_api import MONDAY
from tests.fixtures.finance import DELIVERED
from tests.fixtures.rules import acts, do

pytestmark = pytest.mark.usefixtures("sound")


@pytest.fixture
def statement(sold):
    settle_orders([sold().pk], now=DELIVERED)
    create_statements(now=MONDAY)


def test_a_payout_is_held_and_none_is_proposed_until_somebody_clears_it(
    statement, make_rule, drain
):
    rule = make_rule(
        document="finance.payout",
        event="payout.created",
        filter="amount_min=50",
        action="payouts.hold",
        parameters={"why": "Look at it first."},
    )
    [pk] = create_payouts(None, now=MONDAY).created.values()

    drain()
    again = create_payouts(None, now=MONDAY + timedelta(hours=1))

    assert acts(rule) == [(pk, "ACTED")]
    assert Payout.objects.get().status == "CANCELLED"
    contract = CommissionContract.objects.exclude(payout_block="").get()
    assert contract.payout_block == "Look at it first."
    assert [str(why) for why in again.skipped.values()] == [
        "Payouts of this seller are blocked: Look at it first."
    ]


def test_a_payout_that_cannot_be_held_blocks_nobody(statement):
    [pk] = create_payouts(None, now=MONDAY).created.values()
    cancel_payouts([pk], now=MONDAY)

    done = do("payouts.hold", [pk], now=MONDAY, why="Look")

    assert (done.moved, list(done.blocked)) == ([], [pk])
    assert not CommissionContract.objects.exclude(payout_block="").exists()
