from datetime import UTC, date, datetime

import pytest
from django.utils import translation
from django.utils.formats import date_format


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_dates_are_iso_in_every_language(language):
    with translation.override(language):
        at = datetime(2026, 11, 25, 14, 3, tzinfo=UTC)
        assert date_format(date(2026, 11, 25)) == "2026-11-25"
        assert date_format(at, "DATETIME_FORMAT") == "2026-11-25 14:03"
        assert date_format(at, "SHORT_DATETIME_FORMAT") == "2026-11-25 14:03"
