"""Staff gather payouts, and take the file when it is there: asked first, kept who took it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.core.actor import acting
from backoffice.core.models import Event, User
from finance.models import BankDetails, PayoutBatch
from finance.services.payout_batches import approve_batches, send_batches
from tests.finance.services.test_payout_batches import (  # noqa: F401  (fixtures)
    MONDAY,
    account,
    batch,
    details,
    payout,
    second,
)

pytestmark = pytest.mark.usefixtures("sound", "actor")


@pytest.fixture
def staff(db: None, client: Client) -> Client:
    boss = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(boss)
    return client


def test_bank_details_are_given_and_shown_by_their_end(staff, seller):
    add = reverse("admin:finance_bankdetails_add")
    form = {
        "seller": "ACME",
        "currency": "EUR",
        "holder": "Acme",
        "account_number": "NL92ABNA0417164300",
    }
    page = staff.post(add, form).content.decode()
    assert "its check digits do not fit" in page
    form["account_number"] = "NL91 ABNA 0417 1643 00"
    page = staff.post(add, form, follow=True).content.decode()
    assert "•••• 4300" in page
    assert "NL91ABNA0417164300" not in page
    assert BankDetails.objects.get().account_number == "NL91ABNA0417164300"
    again = staff.post(add, form).content.decode()
    assert "wait for a second person" in again


def test_gather_and_download(staff, account, payout, details, second):  # noqa: F811
    add = reverse("admin:finance_payoutbatch_add")
    day = timezone.now().date() + timedelta(days=1)
    page = staff.post(add, {"account": account.pk, "execute_on": day}, follow=True)
    assert "•••• 4300" in page.content.decode()
    told = PayoutBatch.objects.get()
    url = reverse("admin:finance_payoutbatch_file", args=[told.pk])
    early = staff.post(url, follow=True).content.decode()
    assert "The file is written once the batch is sent." in early
    with acting(second.pk):
        approve_batches([told.pk], now=MONDAY)
        send_batches([told.pk], now=MONDAY)
    assert "who takes it is kept" in staff.get(url).content.decode()
    assert not Event.objects.filter(kind="payout_batch.downloaded").exists()
    answer = staff.post(url)
    assert answer["Content-Disposition"] == f'attachment; filename="{told.number}.xml"'
    assert b"NL91ABNA0417164300" in answer.content
    taken = Event.objects.get(kind="payout_batch.downloaded")
    assert taken.actor_id == User.objects.get(username="boss").pk
    empty = staff.post(add, {"account": account.pk, "execute_on": day}).content.decode()
    assert "No open payout in EUR waits for a batch." in empty
