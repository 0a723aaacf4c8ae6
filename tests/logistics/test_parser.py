import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.calls import (
    PermanentError,
    RateLimitedError,
    RefusedError,
    TemporaryError,
    check_answer,
)
from logistics.carriers.sandbox.parser import CODES, parse_label, parse_tracking
from logistics.carriers.sandbox.route import Odds, draw_route

GOOD = {"time": "2026-03-10T10:00:00+01:00", "code": "DELIVERED", "description": "at\x00 door"}


def track(*parcels):
    return parse_tracking(json.dumps({"parcels": parcels}).encode())


def test_one_bad_number_does_not_spoil_the_others():
    good, unknown, bad, naive, failed = track(
        {"number": "A", "found": True, "scans": [GOOD]},
        {"number": "B", "found": False},
        {"number": "C", "found": True, "scans": [{"code": "DELIVERED"}]},
        {"number": "D", "found": True, "scans": [GOOD | {"time": "2026-03-10T10:00:00"}]},
        {"number": "E", "error": "try later"},
    )
    assert [s.status for s in good.scans] == ["DELIVERED"]
    assert good.scans[0].description == "at door"
    assert good.scans[0].occurred_at.isoformat() == "2026-03-10T10:00:00+01:00"
    assert (unknown.is_known, unknown.error) == (False, "")
    assert bad.error.startswith("unreadable scans")
    assert naive.error.startswith("unreadable scans")
    assert failed.error == "try later"


def test_an_unknown_code_is_kept_and_moves_nothing():
    (result,) = track({"number": "A", "scans": [GOOD | {"code": "TELEPORTED"}]})
    assert (result.scans[0].status, result.scans[0].code) == ("", "TELEPORTED")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
shapes = json_values | st.fixed_dictionaries(
    {
        "parcels": st.lists(
            json_values
            | st.fixed_dictionaries({"number": json_values, "scans": st.lists(json_values)})
        )
    }
)


@given(data=shapes)
def test_no_answer_breaks_the_parser(data):
    for parse in (parse_tracking, parse_label):
        with contextlib.suppress(ValueError):
            parse(json.dumps(data).encode())


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[]", b'{"parcels": {}}'])
def test_what_is_no_answer_is_said_so(body):
    for parse in (parse_tracking, parse_label):
        if (parse, body) != (parse_tracking, b'{"parcels": {}}'):
            with pytest.raises(ValueError):
                parse(body)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, PermanentError),
        (302, PermanentError),
        (401, RefusedError),
        (403, RefusedError),
        (408, TemporaryError),
        (500, TemporaryError),
        (503, TemporaryError),
        (429, RateLimitedError),
    ],
)
def test_statuses_are_told_apart(status, error):
    with pytest.raises(error):
        check_answer(status, {})


@pytest.mark.parametrize(
    ("given_", "seconds"), [("7", 7), ("0", 1), ("soon", 60), ("1e9", 86400), (None, 60)]
)
def test_the_wait_that_is_asked_for_is_bounded(given_, seconds):
    with pytest.raises(RateLimitedError) as caught:
        check_answer(429, {} if given_ is None else {"Retry-After": given_})
    assert caught.value.retry_after == seconds


@given(seed=st.text(), express=st.booleans(), abroad=st.booleans())
def test_a_route_is_in_order_known_and_ends(seed, express, abroad):
    route = draw_route(seed, Odds(), express=express, abroad=abroad)
    assert route == draw_route(seed, Odds(), express=express, abroad=abroad)
    assert [s.days for s in route] == sorted(s.days for s in route)
    assert {s.code for s in route} <= set(CODES)
    assert route[-1].code in ("DELIVERED", "RETURNED", "LOST")
