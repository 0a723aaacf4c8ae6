"""The data checks: they find what is wrong, and survive what cannot run."""

from dataclasses import replace
from datetime import timedelta

import pytest

from backoffice.insights.checks import CHECKS
from backoffice.insights.models import CheckRun, DataCheck
from backoffice.insights.services.checking import run_checks
from orders.models import Order

pytestmark = pytest.mark.usefixtures("actor")


def test_every_check_runs_on_an_empty_shop(now):
    runs = run_checks(now=now)
    assert len(runs) == len(CHECKS) == DataCheck.objects.count()
    assert {(r.state, r.n, r.failed, r.error) for r in runs} == {("PASSED", 0, 0, "")}


def test_orders_with_times_in_the_wrong_order_are_found(place, now):
    good, bad = place("good"), place("bad")
    times = {"confirmed_at": bad.placed_at - timedelta(hours=1)}
    Order.objects.filter(pk=bad.pk).update(**times)
    [run] = run_checks(["orders.times_in_order"], now=now)
    assert (run.state, run.n, run.failed, run.ratio) == ("FAILED", 2, 1, 0.5)
    assert run.sample_ids == [bad.pk]
    DataCheck.objects.filter(code="orders.times_in_order").update(tolerated_ratio=0.5)
    [run] = run_checks(["orders.times_in_order"], now=now)
    assert run.state == "PASSED"
    assert good.pk not in run.sample_ids
    assert CheckRun.objects.count() == 2


def test_a_state_that_no_event_told_is_found(place, now):
    told, untold = place("a"), place("b")
    Order.objects.filter(pk=untold.pk).update(status="CANCELLED")
    [run] = run_checks(["orders.state_was_told"], now=now)
    assert run.sample_ids == [untold.pk]
    assert (run.n, told.status) == (2, "PENDING")


def test_a_check_that_cannot_run_says_so_and_stops_no_other(monkeypatch, now):
    code = "orders.has_lines"
    monkeypatch.setitem(CHECKS, code, replace(CHECKS[code], failing="SELECT id FROM nowhere"))
    runs = {r.data_check.code: r for r in run_checks(now=now)}
    assert runs[code].state == "ERROR"
    assert "nowhere" in runs[code].error
    assert {r.state for c, r in runs.items() if c != code} == {"PASSED"}


def test_a_retired_check_does_not_run(now):
    DataCheck.objects.update(is_active=False)
    assert run_checks(now=now) == []
