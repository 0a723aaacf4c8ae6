"""What the sandbox carrier knows, by a clock that the test sets."""

from dataclasses import asdict

import pytest

from logistics.carriers.sandbox.state import DAY, REMEMBERED, Sandbox

SOLD = 1_000_000.0


@pytest.fixture
def clock() -> list[float]:
    return [SOLD]


@pytest.fixture
def sandbox(clock) -> Sandbox:
    made = Sandbox(clock=lambda: clock[0])
    made.control.odds = {"loss": 0, "attempt_failed": 0, "returned": 0, "damaged": 0}
    return made


def adopt(sandbox: Sandbox, number: str = "SB1") -> bool:
    return sandbox.adopt(
        number=number, key=f"PA-{number}", service="STANDARD", is_abroad=False, sold_at=SOLD
    )


def test_a_parcel_keeps_the_pace_at_which_it_was_sold(sandbox, clock):
    sandbox.control.day_seconds = 60
    parcel = sandbox.sell("PA-1", "STANDARD", is_abroad=False)
    last = sandbox.route(parcel)[-1]

    sandbox.control.day_seconds = 1e9
    clock[0] = SOLD + last.days * 60

    assert sandbox.scans(parcel)[-1]["code"] == "DELIVERED"


def test_an_adopted_parcel_goes_on_where_it_was(sandbox, clock):
    sandbox.control.day_seconds = 60
    route = sandbox.route(sandbox.sell("PA-0", "STANDARD", is_abroad=False))
    assert len(route) > 2
    clock[0] = SOLD + DAY

    assert adopt(sandbox)
    assert not adopt(sandbox)

    parcel = sandbox.parcels["SB1"]
    behind = [s for s in sandbox.route(parcel) if s.days <= 1]
    before = sandbox.scans(parcel)
    assert [s["code"] for s in before] == [s.code for s in behind]
    assert [n for n in sandbox.news() if n["number"] == "SB1"] == []
    # The rest comes at the carrier's own pace.
    clock[0] += (sandbox.route(parcel)[-1].days - 1) * 60
    after = sandbox.scans(parcel)
    assert after[: len(before)] == before
    assert after[-1]["code"] == "DELIVERED"
    assert len([n for n in sandbox.news() if n["number"] == "SB1"]) == len(after) - len(before)


def test_what_is_over_is_forgotten_after_an_hour(sandbox, clock):
    parcel = sandbox.sell("PA-1", "STANDARD", is_abroad=False)
    clock[0] += 1e6
    assert sandbox.news()
    assert sandbox.news() == []

    clock[0] += REMEMBERED + 1
    sandbox.news()

    assert sandbox.answer(parcel.number) == {"number": parcel.number, "found": False}


def test_something_forced_is_news_though_all_was_over(sandbox, clock):
    parcel = sandbox.sell("PA-1", "STANDARD", is_abroad=False)
    clock[0] += 1e6
    sandbox.news()

    sandbox.force(parcel, "DAMAGED")

    [news] = sandbox.news()
    assert news["scans"][0]["code"] == "DAMAGED"


def test_parcels_outlive_a_restart(tmp_path, clock):
    path = tmp_path / "carrier.json"
    first = Sandbox(path, clock=lambda: clock[0])
    clock[0] = SOLD + DAY
    adopt(first)
    first.save()

    second = Sandbox(path, clock=lambda: clock[0])

    assert asdict(second.parcels["SB1"]) == asdict(first.parcels["SB1"])
