"""The books refuse what is not whole, balanced, open and new, whoever writes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from finance.accounts import GOODWILL, SALES
from finance.charges import charge_accounts
from finance.models import AccountingPeriod, DailyBalance, JournalEntry, LedgerAccount, Posting
from finance.services.ledger import Entry, Line, post_entries, reverse_entries
from finance.services.periods import close_periods, open_periods, reopen_periods

COMMISSION, FEES = charge_accounts()[:2]
DAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("sound")


def entry(key: str = "k", amount: str = "10.00", day: date = DAY, **changes: object) -> Entry:
    lines = [Line(SALES, Decimal(amount), "EUR"), Line(FEES, -Decimal(amount), "EUR")]
    values = {"key": key, "kind": "ADJUSTMENT", "source_type": "x", "source_id": 1}
    return Entry(**(values | {"due_on": day, "lines": lines} | changes))  # type: ignore[arg-type]


def refused(*entries: Entry) -> str:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        post_entries(list(entries), now=NOW)
    assert JournalEntry.objects.count() == Posting.objects.count() == 0
    assert DailyBalance.objects.count() == 0
    return str(error.value)


def test_posts_entries_with_their_balances(actor):
    ids = post_entries([entry("a"), entry("b", "5.00")], now=NOW)
    assert sorted(ids) == ["a", "b"]
    rows = Posting.objects.order_by("entry_id", "position")
    assert list(rows.values_list("account__code", "amount", "effective_on")) == [
        (SALES, Decimal("10"), DAY),
        (FEES, Decimal("-10"), DAY),
        (SALES, Decimal("5"), DAY),
        (FEES, Decimal("-5"), DAY),
    ]
    balances = DailyBalance.objects.order_by("account__code").values_list("amount", "postings")
    assert list(balances) == [(Decimal("15"), 2), (Decimal("-15"), 2)]


def test_posting_again_changes_nothing(actor):
    post_entries([entry()], now=NOW)
    assert post_entries([entry(amount="99.00"), entry("new")], now=NOW).keys() == {"new"}
    assert JournalEntry.objects.count() == 2
    assert DailyBalance.objects.get(account__code=SALES).amount == 20


def test_zero_lines_are_left_out(actor):
    lines = [
        Line(GOODWILL, Decimal(0), "EUR"),
        Line(SALES, Decimal("1.00"), "EUR"),
        Line(FEES, Decimal("-1.00"), "EUR"),
    ]
    post_entries([entry(lines=lines), entry("empty", lines=lines[:1])], now=NOW)
    assert list(Posting.objects.order_by("position").values_list("position", flat=True)) == [1, 2]


def test_out_of_balance_is_refused(actor):
    lines = [Line(SALES, Decimal("10.00"), "EUR"), Line(FEES, Decimal("-9.99"), "EUR")]
    assert "out of balance by 0.0100 EUR" in refused(entry("good"), entry("bad", lines=lines))


def test_balance_across_currencies_is_refused(actor):
    lines = [Line(SALES, Decimal("10.00"), "EUR"), Line(FEES, Decimal("-10.00"), "USD")]
    assert "out of balance" in refused(entry(lines=lines))


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "10.5"), ("EUR", "0.001"), ("XXX", "1")])
def test_more_digits_than_the_currency_has_are_refused(actor, currency, amount):
    lines = [Line(SALES, Decimal(amount), currency), Line(FEES, -Decimal(amount), currency)]
    assert "posting_rounded" in refused(entry(lines=lines))


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "10"), ("KWD", "0.001")])
def test_digits_of_the_currency_are_kept(actor, currency, amount):
    lines = [Line(SALES, Decimal(amount), currency), Line(FEES, -Decimal(amount), currency)]
    post_entries([entry(lines=lines)], now=NOW)
    assert Posting.objects.get(position=1).amount == Decimal(amount)


def test_unknown_and_retired_accounts_are_refused(actor):
    lines = [Line("9999", Decimal("1.00"), "EUR"), Line(FEES, Decimal("-1.00"), "EUR")]
    assert "account_id" in refused(entry(lines=lines))
    LedgerAccount.objects.filter(code=SALES).update(is_active=False)
    assert "retired" in refused(entry())


INSERT = """
INSERT INTO finance_posting (entry_id, position, account_id, party_type, currency, amount,
  effective_on)
SELECT r.entry, r.position, a.id, '', 'EUR', r.amount, r.day
FROM unnest(%s::bigint[], %s::int[], %s::numeric[], %s::date[], %s::text[])
  AS r(entry, position, amount, day, code)
JOIN finance_ledgeraccount a ON a.code = r.code
"""


def insert(*rows: tuple) -> None:
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(INSERT, [list(column) for column in zip(*rows, strict=True)])


def test_an_entry_in_two_statements_is_refused(actor):
    pk = post_entries([entry()], now=NOW)["k"]
    with pytest.raises(DatabaseError, match="not whole"):
        insert((pk, 3, 5, DAY, COMMISSION), (pk, 4, -5, DAY, GOODWILL))
    with pytest.raises(DatabaseError, match="out of balance"):
        insert((pk, 3, 5, DAY, COMMISSION))
    with pytest.raises(DatabaseError, match="not whole"):
        insert((pk + 1000, 1, 5, DAY, COMMISSION), (pk + 1000, 2, -5, DAY, GOODWILL))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE finance_posting SET amount = 1",
        "DELETE FROM finance_posting",
        "TRUNCATE finance_posting",
        "UPDATE finance_journalentry SET reason = 'x'",
        "DELETE FROM finance_journalentry",
        "TRUNCATE finance_journalentry CASCADE",
        "UPDATE finance_ordersettlement SET payable_amount = 0",
        "DELETE FROM finance_refundshare",
        "SET session_replication_role = replica",
        "ALTER TABLE finance_posting DISABLE TRIGGER balanced",
        "DROP TRIGGER balanced ON finance_posting",
    ],
)
def test_the_books_never_change(actor, sql):
    post_entries([entry()], now=NOW)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Posting.objects.get(position=1).amount == 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "verb", ["UPDATE finance_posting SET amount = 1", "TRUNCATE finance_posting"]
)
def test_not_even_the_owner_changes_them_by_mistake(superuser_connection, verb):

    with pytest.raises(psycopg.Error, match="append-only"):
        superuser_connection.execute(verb)


def test_reversing_takes_back_once(actor):
    ids = post_entries([entry("a"), entry("b", "3.00")], now=NOW)
    day = date(2026, 3, 20)
    first = reverse_entries([ids["a"]], now=NOW, day=day, reason="wrong")
    assert reverse_entries([ids["a"], first[f"reverse:{ids['a']}"]], now=NOW, day=day) == {}
    reversal = JournalEntry.objects.get(reverses_id=ids["a"])
    assert (reversal.effective_on, reversal.reason, reversal.kind) == (day, "wrong", "REVERSAL")
    assert sum(Posting.objects.filter(account__code=SALES).values_list("amount", flat=True)) == 3


def test_a_closed_month_takes_nothing_more(actor):
    post_entries([entry("february", day=date(2026, 2, 27))], now=NOW)
    assert len(open_periods(now=NOW)) == 2
    assert open_periods(now=NOW) == []
    months = AccountingPeriod.objects.order_by("month")
    assert close_periods([months[0].pk], now=NOW).moved == [months[0].pk]
    post_entries([entry("late", day=date(2026, 2, 28)), entry("march")], now=NOW)
    late = JournalEntry.objects.get(idempotency_key="late")
    assert (late.due_on, late.effective_on) == (date(2026, 2, 28), date(2026, 3, 1))
    close_periods([months[1].pk], now=NOW)
    post_entries([entry("later", day=date(2026, 2, 28))], now=NOW)
    assert JournalEntry.objects.get(idempotency_key="later").effective_on == date(2026, 4, 1)
    assert reopen_periods([months[0].pk], now=NOW).moved == [months[0].pk]
    post_entries([entry("again", day=date(2026, 2, 28))], now=NOW)
    assert JournalEntry.objects.get(idempotency_key="again").effective_on == date(2026, 2, 28)


def test_the_database_itself_guards_closed_months(actor):
    open_periods(now=NOW)
    close_periods(list(AccountingPeriod.objects.values_list("pk", flat=True)), now=NOW)
    with (
        pytest.raises(DatabaseError, match="2026-03 is closed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO finance_journalentry (kind, source_type, source_id, idempotency_key,"
            " effective_on, due_on, posted_by_id, origin)"
            " VALUES ('ADJUSTMENT', 'x', 1, 'k', %s, %s, 1, 'LIVE')",
            [DAY, DAY],
        )
