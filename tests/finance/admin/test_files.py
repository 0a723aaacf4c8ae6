"""Staff bring a file: it is found, proved, shown; or refused with the reason."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from backoffice.core.models import User
from finance.models import FileRow, ProviderFile
from tests.fixtures.settlement import SAMPLES

ADD = reverse("admin:finance_providerfile_add")


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "stored"


@pytest.fixture
def staff(db: None, client: Client) -> Client:
    boss = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(boss)
    return client


def bring(client: Client, content: bytes, format: str = "detect") -> str:
    """Upload a file; return the page that it leads to."""
    file = SimpleUploadedFile("bill.csv", content)
    answer = client.post(ADD, {"format": format, "file": file}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_bring_a_file_and_see_it(staff: Client) -> None:
    assert "Find the format" in staff.get(ADD).content.decode()
    page = bring(staff, SAMPLES["wechat-fund"].content)
    assert "The file is imported." in page
    assert "WeChat Pay: funds" in page
    assert '<td data-label="currency">CNY</td>' in page
    for label, value in (("gross", "10.00"), ("fee", "0.15"), ("net", "9.85")):
        number = f'<span class="bo-number">{value} CNY</span>'
        assert f'<td data-label="{label}" class="dc-number">{number}</td>' in page
    assert '<td data-label="reference">REF2</td>' in page
    file = ProviderFile.objects.get()
    rows = staff.get(f"{reverse('admin:finance_filerow_changelist')}?file_id={file.pk}")
    assert "REF2" in rows.content.decode()
    assert file.imported_by.username == "boss"

    assert f"was imported before, as {file.number}" in bring(staff, SAMPLES["wechat-fund"].content)
    assert ProviderFile.objects.count() == 1


def test_bank_file_shows_its_statements(staff: Client) -> None:
    page = bring(staff, SAMPLES["mt940"].content, "mt940")
    assert '<td data-label="account">NL26VAYB8060476890</td>' in page
    assert '<td data-label="statement number">00042/001</td>' in page
    assert '<span class="bo-number">50.00 EUR</span>' in page


def test_refused_file_tells_why(staff: Client) -> None:
    page = bring(staff, SAMPLES["wechat-fund"].content.replace(b"15.15", b"15.16"))
    assert "The file is refused: 支出金额: the file says 15.16, its rows come to 15.15." in page
    assert "The file is empty." in bring(staff, b"", "ofx")
    assert not FileRow.objects.exists()
    listed = staff.get(f"{reverse('admin:finance_providerfile_changelist')}?control=REFUSED")
    assert "支出金额" in listed.content.decode()


def test_who_may_only_look_brings_nothing(db: None, client: Client) -> None:
    client.force_login(User.objects.create(username="clerk", is_staff=True))
    assert client.get(ADD).status_code == 403
    file = SimpleUploadedFile("bill.csv", SAMPLES["ofx"].content)
    assert client.post(ADD, {"format": "ofx", "file": file}).status_code == 403
    assert not ProviderFile.objects.exists()
