"""Words of the timeline: labels, shares, amounts and whoever acted, in the reader's language."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import translation

from backoffice.core.events import KINDS
from backoffice.core.models import Event, Job, User
from backoffice.ui.changes import shown
from backoffice.ui.timeline import _told_value, percent
from finance.models import CommissionContract
from inventory.models import PurchaseOrder


def told(subject, key, value, currency=""):
    return _told_value(Event(subject_type=subject), key, value, currency)


@pytest.mark.parametrize(
    ("subject", "key", "value", "words"),
    [
        ("orders.order", "status", "CONFIRMED", "Confirmed"),
        ("orders.order", "payment_status", "PARTIALLY_PAID", "Partially paid"),
        # Told under another name than its field's.
        ("orders.order", "status", "REFUNDED", "Refunded"),
        ("orders.order", "hold", "FRAUD", "Risk to be reviewed"),
        ("orders.order", "tax_rate", "0.1900", "19 %"),
        ("orders.order", "total", "1234.5", "1,234.50 EUR"),
        ("orders.order", "is_short", True, "yes"),
        ("orders.order", "reasons", ["FRAUD", "x"], "Risk to be reviewed, x"),
        ("orders.order", "external_id", "W-17", "W-17"),
        ("orders.order", "code", "NOSUCH", "NOSUCH"),
        ("gone.model", "status", "x", "x"),
    ],
)
def test_values_of_events_are_told_in_words(subject, key, value, words):
    assert told(subject, key, value, "EUR") == words


def test_values_follow_the_readers_language():
    with translation.override("zh-hans"):
        assert told("orders.order", "is_short", False) == "否"
        assert told("orders.order", "status", "CONFIRMED") == "已确认"


def test_shares_are_told_in_percent():
    assert [percent(Decimal(n)) for n in ("0.19", "0.075", "1", "0")] == [
        "19 %",
        "7.5 %",
        "100 %",
        "0 %",
    ]


def test_changes_show_shares_and_amounts_with_their_currency():
    rate = CommissionContract._meta.get_field("commission_rate")
    total = PurchaseOrder._meta.get_field("total_amount")

    assert shown(rate, SimpleNamespace(commission_rate=Decimal("0.12"))) == "12 %"
    row = SimpleNamespace(total_amount=Decimal("12.5000"), currency="EUR")
    assert shown(total, row) == "12.50 EUR"


def test_a_job_is_called_what_it_does(db):
    user = User.objects.get(username="job:core.process_waiting_inbox")

    assert str(user) == "Automatic: inbox processing"
    assert str(User(username="job:retired.one", kind="JOB")) == "Automatic: retired.one"
    with translation.override("zh-hans"):
        assert str(user) == "自动：处理收件箱"


def test_a_bulk_job_names_its_verb_and_how_many_documents():
    assert str(Job(action="orders.order.hold", total=500)) == "Hold: 500 orders"
    assert str(Job(action="orders.order.hold", total=1)) == "Hold: 1 order"
    assert str(Job(action="gone.model.act", total=2)) == "gone.model.act (2)"


def test_events_are_told_in_words_of_the_reader():
    with translation.override("zh-hans"):
        untold = [kind.name for kind in KINDS.values() if translation.gettext(kind.help).isascii()]
        keys = "channel units over_units is_complete by_scan stopped clock closing".split()
        plain = [key for key in keys if translation.gettext(key.replace("_", " ")).isascii()]
    codes = [kind.name for kind in KINDS.values() if "`" in kind.help or "_" in kind.help]

    assert (untold, plain, codes) == ([], [], [])
