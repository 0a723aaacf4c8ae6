"""A month's end: its balances are kept, sealed, shown, and told to other programs."""

import csv
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from beancount import loader
from django.test import Client
from django.urls import reverse

from backoffice.core.invariants import check_invariants
from backoffice.core.models import Event, User
from backoffice.core.sql import execute
from finance.exports.base import month_of
from finance.exports.registry import EXPORTS
from finance.models import AccountingPeriod, JournalEntry, PeriodBalance
from finance.selectors.ledger import trial_balance
from finance.selectors.reports import month_balances, month_end_checks, seller_balances
from finance.services.payouts import create_payouts
from finance.services.periods import close_periods, open_periods, reopen_periods
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from tests.finance.services.test_payouts import MONDAY, refund
from tests.fixtures.finance import DELIVERED

pytestmark = pytest.mark.usefixtures("sound", "actor")
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
LATER = MONDAY.replace(month=4, day=20)


@pytest.fixture
def march(sold) -> AccountingPeriod:
    """Two orders sold, one partly refunded in March; a third settled in April."""
    orders = [sold("1", DELIVERED), sold("2", DELIVERED)]
    settle_orders([order.pk for order in orders], now=DELIVERED)
    refund(orders[0], "30.00", DELIVERED)
    create_statements(now=MONDAY)
    third = sold("3", LATER)
    settle_orders([third.pk], now=LATER)
    open_periods(now=LATER)
    return AccountingPeriod.objects.get(month=MARCH)


def by_code(month: date) -> dict[str, tuple[Decimal, Decimal]]:
    return {b.code: (b.opening, b.moved) for b in month_balances(month)}


def test_the_balances_of_a_month_before_and_after_it_is_closed(march):
    before = {month: by_code(month) for month in (MARCH, APRIL)}
    assert before[MARCH]["2100"] == (0, Decimal("-155.01"))
    assert before[APRIL]["2100"] == (Decimal("-155.01"), Decimal("-87.60"))
    assert sum(sum(both) for both in before[APRIL].values()) == 0
    assert close_periods([march.pk], now=LATER).moved == [march.pk]
    assert PeriodBalance.objects.filter(period=march).count() == len(before[MARCH])
    # From the snapshot now, and the same.
    assert {month: by_code(month) for month in (MARCH, APRIL)} == before
    whole = {code: amount for code, _name, _currency, amount in trial_balance()}
    assert {code: sum(both) for code, both in before[APRIL].items()} == whole


def test_a_closed_month_is_sealed(march):
    close_periods([march.pk], now=LATER)
    march.refresh_from_db()
    assert len(march.balance_hash) == 64
    told = Event.objects.get(kind="period.closed")
    assert told.data["seal"] == march.balance_hash
    assert check_invariants(["finance.sealed_periods"]) == []
    execute("UPDATE finance_periodbalance SET amount = amount + 1")
    assert [v.invariant.name for v in check_invariants(["finance.sealed_periods"])] == [
        "finance.sealed_periods"
    ]
    execute("UPDATE finance_periodbalance SET amount = amount - 1")
    first = march.balance_hash
    assert reopen_periods([march.pk], now=LATER).moved == [march.pk]
    march.refresh_from_db()
    assert (march.balance_hash, PeriodBalance.objects.count()) == ("", 0)
    close_periods([march.pk], now=LATER)
    march.refresh_from_db()
    assert march.balance_hash == first


def test_an_empty_month_is_sealed_too(actor, db):
    open_periods(now=LATER)
    period = AccountingPeriod.objects.get(month=APRIL)
    close_periods([period.pk], now=LATER)
    assert check_invariants(["finance.sealed_periods"]) == []


def test_sellers_and_what_is_open(march):
    [acme] = seller_balances(MARCH, 10)
    assert (acme.code, acme.payable, acme.reserve) == ("ACME", Decimal("155.01"), 0)
    create_payouts(None, now=MONDAY)
    checks = {check.document: check.open for check in month_end_checks(march, LATER)}
    assert checks["finance.settlementdue"] == 0
    april = AccountingPeriod.objects.get(month=APRIL)
    checks = {check.document: check.open for check in month_end_checks(april, LATER)}
    assert checks["finance.accountingperiod"] == 1


def test_a_months_page_leads_to_its_entries(march, client: Client):
    boss = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(boss)
    page = client.get(reverse("admin:finance_accountingperiod_change", args=[march.pk]))
    text = page.content.decode()
    for words in ("Trial balance", "Profit and loss", "Balance sheet", "Result so far", "155.01"):
        assert words in text, words
    url = reverse("admin:finance_journalentry_changelist")
    query = "account=2100&effective_after=2026-03-01&effective_until=2026-03-31"
    assert f"{url}?{query}".replace("&", "&amp;") in text
    listed = client.get(f"{url}?{query}").content.decode()
    keys = JournalEntry.objects.values_list("idempotency_key", "kind", "effective_on")
    shown = {kind for key, kind, _day in keys if key in listed}
    assert shown == {"SETTLEMENT", "REFUND_SHARE"}
    assert not [key for key, _kind, day in keys if day >= APRIL and key in listed]
    paper = reverse("admin:finance_accountingperiod_paper", args=[march.pk, "csv"])
    rows = list(csv.reader(b"".join(client.get(paper)).decode("utf-8-sig").splitlines()))
    assert ["2100", "Seller payable", "LIABILITY", "EUR", "0", "-155.0100", "-155.0100"] in rows
    unknown = reverse("admin:finance_accountingperiod_paper", args=[march.pk, "sap"])
    assert client.get(unknown).status_code == 404


def exported(name: str, month: date) -> str:
    return "".join(EXPORTS[name].write(month_of(month)))


@pytest.mark.parametrize("month", [MARCH, APRIL])
def test_beancounts_own_checker_agrees(march, month):
    text = exported("beancount", month)
    entries, errors, _options = loader.load_string(text)
    assert errors == []
    kinds = defaultdict(int)
    for entry in entries:
        kinds[type(entry).__name__] += 1
    assert kinds["Balance"] == len(month_balances(month))
    assert kinds["Transaction"] > 1
    # It would have found a cent.
    wrong = text.replace("87.6000 EUR", "87.6100 EUR", 1)
    assert loader.load_string(wrong)[1] != []


@pytest.mark.parametrize(
    ("name", "debit", "credit"),
    [("quickbooks", "Debits", "Credits"), ("vouchers", "借方金额", "贷方金额")],
)
def test_debits_are_credits_in_every_table(march, name, debit, credit):
    rows = list(csv.DictReader(exported(name, MARCH).lstrip("\ufeff").splitlines()))
    sums = [sum(Decimal(r[side] or 0) for r in rows) for side in (debit, credit)]
    assert sums[0] == sums[1] > 0


def test_xero_takes_signed_amounts(march):
    rows = list(csv.DictReader(exported("xero", MARCH).lstrip("\ufeff").splitlines()))
    assert sum(Decimal(row["*Amount"]) for row in rows) == 0
    payable = [Decimal(r["*Amount"]) for r in rows if r["*AccountCode"] == "2100"]
    assert sum(payable) == Decimal("-155.01")
    assert {r["TrackingName1"] for r in rows if r["*AccountCode"] == "2100"} == {"ACME"}


def test_datev_sides_come_to_zero(march):
    lines = exported("datev", MARCH).split("\r\n")
    assert lines[0].startswith('"EXTF";700;21;"Buchungsstapel";13;')
    assert len(lines[0].split(";")) == 31
    rows = [line.split(";") for line in lines[2:] if line]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row[1]] += Decimal(row[0].replace(",", "."))
    assert sums['"S"'] == sums['"H"'] > 0
    assert {row[7] for row in rows} == {"9999"}
    assert {len(row) for row in rows} == {14}
