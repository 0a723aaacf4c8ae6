"""What all carrier adapters share."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from backoffice.core.calls import PermanentError
from backoffice.core.reading import load, moment, text
from backoffice.core.signing import is_fresh, is_signed, signature_of
from logistics.carriers.adapter import Adapter
from logistics.carriers.base import Access, LabelOrder, TrackResult
from logistics.carriers.reading import results, scan
from logistics.carriers.registry import ADAPTERS, label_adapters, tracking_adapters

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def test_each_folder_is_an_adapter():
    assert {"manual", "sandbox"} <= set(ADAPTERS)
    assert all(isinstance(adapter, Adapter) for adapter in ADAPTERS.values())
    assert "sandbox" in label_adapters()
    assert "sandbox" in tracking_adapters()
    assert not {"manual"} & {*label_adapters(), *tracking_adapters()}


def test_a_carrier_without_an_interface_does_nothing():
    adapter, access = Adapter(), Access(1, "", "")
    for call in (
        adapter.fetch(None, access, ["A"]),
        adapter.buy(None, access, LabelOrder("k", "", 1, "o")),
    ):
        with pytest.raises(PermanentError):
            asyncio.run(call)
    assert not adapter.is_authentic(b"", {}, "secret", now=NOW)
    with pytest.raises(ValueError, match="does not push"):
        adapter.parse_push(b"{}")


@pytest.mark.parametrize(
    ("given", "secret", "is_ours"),
    [
        (signature_of(b"m", "s"), "s", True),
        (signature_of(b"m", "t"), "s", False),
        (signature_of(b"m", ""), "", False),
        ("", "s", False),
        ("é", "s", False),
    ],
)
def test_a_signature_is_ours_by_the_secret_alone(given, secret, is_ours):
    assert is_signed(b"m", given, secret) is is_ours


@pytest.mark.parametrize(
    ("timestamp", "is_now"),
    [(0, True), (-300, True), (300, True), (-301, False), (301, False)],
)
def test_a_push_is_fresh_for_five_minutes(timestamp, is_now):
    assert is_fresh(str(int(NOW.timestamp()) + timestamp), now=NOW) is is_now
    assert not is_fresh("", now=NOW)
    assert not is_fresh("1" * 20, now=NOW)
    assert not is_fresh("²", now=NOW)


def test_texts_fit_the_database():
    assert (text("a\x00bc", 2), text(None, 9), text(7, 9)) == ("ab", "", "")
    with pytest.raises(ValueError, match="no zone"):
        moment("2026-03-10T10:00:00")
    with pytest.raises(ValueError, match="no JSON"):
        load(b"\xff")


def test_an_unknown_code_moves_nothing():
    codes = {"POD": ("DELIVERED", "")}
    assert scan(NOW, "pod", codes).status == "DELIVERED"
    assert (scan(NOW, "XYZ", codes).status, scan(NOW, "XYZ", codes).code) == ("", "XYZ")


def test_what_is_unfit_spoils_nothing_else():
    def read(item):
        return TrackResult(item["id"], [scan(moment(item["at"]), "X", {})])

    def read_all(*items):
        body = json.dumps({"items": items}).encode()
        return results(body, lambda data: data["items"], lambda item: item["id"], read)

    good, bad = read_all({"id": "A", "at": "2026-03-10T10:00:00Z"}, {"id": "B"})
    assert (good.error, bad.error) == ("", "unreadable scans: 'at'")
    for whole in ({}, {"id": 1}, {"id": ""}, 7):
        with pytest.raises(ValueError, match=r"no tracking answer|no number"):
            read_all(whole)
    with pytest.raises(ValueError, match="no tracking answer"):
        results(b"[]", lambda data: data["items"], lambda item: item, read)
