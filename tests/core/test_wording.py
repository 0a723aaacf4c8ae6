"""Reasons are kept in English and told in the reader's language, with their values."""

import pytest
from django.utils.translation import gettext as _
from django.utils.translation import override

from backoffice.core.wording import told


def test_a_kept_sentence_is_told_with_its_values():
    kept = "Parcel PC-00000017: Lost."
    with override("zh-hans"):
        expected = _("Parcel %(parcel)s: %(kind)s.") % {"parcel": "PC-00000017", "kind": _("Lost")}
        assert expected != kept
        assert told(kept) == expected
    with override("en"):
        assert told(kept) == kept


def test_sentences_are_told_one_by_one():
    first, second = "Only possible in state Pending.", "The order is not on hold."
    with override("zh-hans"):
        assert told(f"{first} Herr Müller said so. {second}") == " ".join(
            [
                _("Only possible in state %(states)s.") % {"states": _("Pending")},
                "Herr Müller said so.",
                _("The order is not on hold."),
            ]
        )


@pytest.mark.parametrize("text", ["Herr Müller asked for it", "5", "100 %", "%(n)s", "a: b", ""])
def test_what_people_wrote_stays_as_it_is(text):
    with override("zh-hans"):
        assert told(text) == text
    assert told(None) == ""
