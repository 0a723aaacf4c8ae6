"""Files of money are stored whole, once, with every row as it came."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from backoffice.core.actor import Actor, acting
from backoffice.core.files import open_file
from backoffice.core.invariants import check_invariants
from backoffice.core.models import Event, StoredFile
from finance.choices import FileControl, FileRowKind
from finance.models import BankStatement, FileRow, ProviderFile
from finance.services.provider_files import import_file
from finance.settlement_files.registry import DETECT
from tests.fixtures.settlement import SAMPLES

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "stored"


@pytest.mark.parametrize("name", SAMPLES)
def test_rows_come_to_the_totals(name: str, actor: Actor) -> None:
    sample = SAMPLES[name]
    imported = import_file(name, "file.csv", sample.content, now=NOW)
    file = ProviderFile.objects.get()
    assert imported.file == file
    assert imported.is_new
    assert (file.format, file.control, file.row_count) == (
        name,
        sample.control.upper(),
        sample.rows,
    )
    assert file.imported_by_id == actor.user_id
    assert FileRow.objects.filter(file_id=file.pk).count() == sample.rows
    assert set(file.totals) == set(sample.totals)
    assert check_invariants(["finance.provider_files_whole"]) == []
    assert Event.objects.filter(kind="provider_file.imported", subject_id=file.pk).count() == 1
    with open_file(StoredFile.objects.get()) as content:
        assert content.read() == sample.content


def test_row_keeps_what_came(actor: Actor) -> None:
    import_file("adyen", "file.csv", SAMPLES["adyen-settlement"].content, now=NOW)
    row = FileRow.objects.order_by("row_number").first()
    assert row is not None
    assert (row.row_number, row.kind, row.currency) == (2, FileRowKind.PAYMENT, "EUR")
    assert (row.gross_amount, row.fee_amount, row.net_amount) == (
        Decimal("25.00"),
        Decimal("0.95"),
        Decimal("24.05"),
    )
    assert (row.external_id, row.reference, row.batch) == ("450", "ORD-0", "7")
    assert row.happened_at == datetime(2026, 2, 18, 15, 10, 51, tzinfo=UTC)
    assert row.raw["net credit (nc)"] == "24.05"


def test_statements_of_a_bank(actor: Actor) -> None:
    import_file(DETECT, "file.sta", SAMPLES["mt940"].content, now=NOW)
    first, second = BankStatement.objects.order_by("pk")
    assert first.account == "NL26VAYB8060476890"
    assert (first.opening_amount, first.closing_amount) == (Decimal(50), Decimal("94.99"))
    assert (second.opening_amount, second.closing_amount) == (Decimal("94.99"), Decimal("208.44"))
    assert (second.closed_on, second.row_count) == (date(2026, 1, 31), 2)
    rows = FileRow.objects.filter(statement_id=second.pk).order_by("row_number")
    assert [row.gross_amount for row in rows] == [Decimal(-10), Decimal("123.45")]


def test_same_file_changes_nothing(actor: Actor) -> None:
    content = SAMPLES["camt053"].content
    first = import_file("camt053", "a.xml", content, now=NOW)
    again = import_file(DETECT, "b.xml", content, now=NOW)
    assert (again.file, again.is_new) == (first.file, False)
    assert ProviderFile.objects.count() == 1
    assert StoredFile.objects.count() == 1
    assert FileRow.objects.count() == 5


def test_refused_file_has_a_reason_and_no_rows(actor: Actor) -> None:
    content = SAMPLES["wechat-trade"].content.replace(b"`4,", b"`5,")
    refused = import_file("wechat", "bill.csv", content, now=NOW).file
    assert refused.control == FileControl.REFUSED
    assert refused.reason == "总交易单数: the file says 5, its rows come to 4."
    assert refused.totals == {"CNY": {"gross": "158.44", "fee": "5.71", "net": "152.73"}}
    assert not FileRow.objects.exists()
    # It may be tried again.
    assert import_file("wechat", "bill.csv", content, now=NOW).is_new
    assert Event.objects.filter(kind="provider_file.refused").count() == 2
    assert import_file("ofx", "empty", b"", now=NOW).file.reason == "The file is empty."


def test_what_no_text_column_holds(actor: Actor) -> None:
    item = {
        "id": "txn_1", "object": "balance_transaction", "amount": 5, "fee": 0, "net": 5,
        "currency": "eur", "type": "charge", "description": "a\x00b\ud800", "created": 1767225600,
    }  # fmt: skip
    import_file("stripe", "list.json", json.dumps([item]).encode(), now=NOW)
    assert FileRow.objects.get().personal == {"description": "ab?"}


@pytest.mark.django_db(transaction=True)
def test_two_at_once_store_it_once(actor: Actor) -> None:
    def bring(_n: int) -> bool:
        try:
            with acting(actor.user_id):
                content = SAMPLES["amazon-v2"].content
                return import_file("amazon", "a.txt", content, now=timezone.now()).is_new
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(bring, range(4))) == [False, False, False, True]
    assert FileRow.objects.count() == SAMPLES["amazon-v2"].rows
