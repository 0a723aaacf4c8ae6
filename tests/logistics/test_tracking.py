from datetime import UTC, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from backoffice.core.invariants import check_invariants
from logistics import tracking
from logistics.carriers.limits import Breaker
from logistics.models import AccountState, LabelRequest, Parcel, Tracking, TrackingEvent
from logistics.services.labels import claim_labels, record_labels
from logistics.services.polling import (
    Used,
    claim_polls,
    close_window,
    due_accounts,
    open_window,
    record_polls,
)
from logistics.tracking import buy_due_labels, sync_account
from tests.fixtures.threads import at_once

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def sent(place, warehouse, carrier_server):
    """Hand over so many parcels with labels that the carrier really sold; they are due."""

    def run(count=3):
        orders = [place(f"T{n}") for n in range(count)]
        warehouse.release(*orders)
        shipments = warehouse.plan(*orders)
        parcels = warehouse.pack(*shipments, label=False)
        assert buy_due_labels(clock=lambda: warehouse.now) == count
        warehouse.hand_over(*parcels, at=timezone.now() - timedelta(hours=1))
        Tracking.objects.update(next_poll_at=timezone.now() - timedelta(minutes=1))
        return list(Parcel.objects.order_by("pk"))

    return run


@pytest.fixture
def sync(carrier_account):
    """Let one round of polling run."""
    return partial(sync_account, carrier_account.pk, clock=timezone.now, seconds=8)


def state():
    return AccountState.objects.get()


def test_labels_are_bought_and_recorded(sent):
    parcel = sent(1)[0]
    assert parcel.tracking_number.startswith("SB")
    assert (parcel.label_cost, parcel.label_currency) == (Decimal("4.90"), "EUR")
    assert not LabelRequest.objects.exists()


def test_a_label_with_an_unknown_outcome_is_bought_once(place, warehouse, carrier_server):
    order = place()
    warehouse.release(order)
    (parcel,) = warehouse.pack(*warehouse.plan(order), label=False)
    now = warehouse.now
    first = tracking.buy_labels(
        {
            j.parcel_id: (tracking.adapter_of(j.adapter), j.access, j.order)
            for j in claim_labels(now=now)
        }
    )
    # The worker died here. Its lease ends, and another one asks again.
    assert claim_labels(now=now + timedelta(minutes=1)) == []
    assert buy_due_labels(clock=lambda: now + timedelta(minutes=5)) == 1
    parcel.refresh_from_db()
    assert parcel.tracking_number == first[parcel.pk].tracking_number
    assert carrier_server.control()["parcels"] >= 1
    late = tracking.LabelAnswer(parcel.pk, first[parcel.pk])
    assert record_labels([late], now=now) == []


def test_a_label_that_fails_is_tried_again_later(place, warehouse, carrier_server):
    carrier_server.control(error_rate=1)
    order = place()
    warehouse.release(order)
    warehouse.pack(*warehouse.plan(order), label=False)
    now = warehouse.now
    assert buy_due_labels(clock=lambda: now) == 0
    request = LabelRequest.objects.get()
    assert (request.attempts, request.error, request.refused_at) == (1, "HTTP 503", None)
    assert now < request.next_attempt_at < now + timedelta(minutes=1)
    carrier_server.control(error_rate=0)
    assert buy_due_labels(clock=lambda: now + timedelta(minutes=2)) == 1


def test_polls_move_parcels(sent, sync, carrier_server):
    parcels = sent(3)
    carrier_server.happen(parcels[0].tracking_number, "DELIVERED")
    carrier_server.happen(parcels[1].tracking_number, "OUT_FOR_DELIVERY")
    assert sync() == 3
    statuses = list(Parcel.objects.order_by("pk").values_list("status", flat=True))
    assert statuses == ["DELIVERED", "OUT_FOR_DELIVERY", "IN_TRANSIT"]
    first, second, third = Tracking.objects.order_by("pk")
    assert first.next_poll_at is None
    assert second.next_poll_at > timezone.now() + timedelta(minutes=50)
    assert third.next_poll_at > second.next_poll_at
    assert (third.lease_until, third.failures) == (None, 0)
    assert sync() == 0
    assert carrier_server.calls() >= 1


def test_a_number_that_the_carrier_does_not_know_is_no_error(sent, sync):
    sent(1)
    Parcel.objects.update(tracking_number="SB-NEVER")
    assert sync() == 1
    assert (Tracking.objects.get().failures, state().breaker) == (0, "CLOSED")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("error_rate", "HTTP 503"),
        ("malformed_rate", "unreadable answer"),
        ("reset_rate", "ServerDisconnectedError"),
    ],
)
def test_a_fault_is_retried_then_put_off(sent, sync, carrier_server, fault, error):
    parcel = sent(1)[0]
    carrier_server.happen(parcel.tracking_number, "DELIVERED")
    before = carrier_server.calls()
    carrier_server.control(**{fault: 1})
    sync()
    assert carrier_server.calls() - before == 3
    row = Tracking.objects.get()
    assert row.failures == 1
    assert row.error.startswith(error)
    assert row.next_poll_at > timezone.now() + timedelta(minutes=5)
    carrier_server.control(**{fault: 0})
    Tracking.objects.update(next_poll_at=timezone.now())
    sync()
    assert Parcel.objects.get().status == "DELIVERED"
    assert Tracking.objects.get().failures == 0


def test_a_hanging_carrier_costs_seconds_and_opens_the_breaker(
    sent, sync, carrier_server, carrier_account, monkeypatch
):
    monkeypatch.setattr("logistics.carriers.sandbox.client.SandboxAdapter.batch_max", 1)
    monkeypatch.setattr("logistics.tracking.Caller", partial(tracking.Caller, timeout=_short()))
    sent(8)
    carrier_server.control(hang_rate=1, hang_seconds=3)
    started = timezone.now()
    sync()
    assert timezone.now() - started < timedelta(seconds=10)
    now = timezone.now()
    assert (state().breaker, state().last_error) == ("OPEN", "no answer in time")
    assert open_window(carrier_account.pk, now=now, calls=10) is None
    assert due_accounts(now) == []

    carrier_server.control(hang_rate=0)
    Tracking.objects.update(next_poll_at=now)
    AccountState.objects.update(breaker_until=now)
    calls = carrier_server.calls()
    assert sync() == 1
    assert carrier_server.calls() - calls == 1
    assert (state().breaker, state().breaker_seconds) == ("CLOSED", 0)
    assert sync() == 7


def _short():
    import aiohttp

    return aiohttp.ClientTimeout(total=0.4)


def test_refused_credentials_stop_everything_at_once(sent, sync, carrier_server):
    sent(3)
    carrier_server.control(refuses=True)
    calls = carrier_server.calls()
    sync()
    assert carrier_server.calls() - calls == 1
    assert (state().breaker, state().last_error) == ("OPEN", "HTTP 401")


def test_a_rate_limit_is_waited_out(sent, sync, carrier_server, carrier_account, monkeypatch):
    monkeypatch.setattr("logistics.carriers.sandbox.client.SandboxAdapter.batch_max", 1)
    sent(8)
    carrier_server.control(calls_per_second=3, retry_after=120)
    sync()
    now = timezone.now()
    assert state().refused >= 1
    assert timedelta(seconds=100) < state().limited_until - now <= timedelta(seconds=120)
    assert state().rate_factor == 0.5
    assert due_accounts(now) == []
    assert Tracking.objects.filter(next_poll_at__lte=now).count() >= 4
    assert Tracking.objects.filter(failures__gt=0).count() == 0


def test_the_rate_is_never_exceeded(sent, sync, carrier_server, carrier_account, monkeypatch):
    monkeypatch.setattr("logistics.carriers.sandbox.client.SandboxAdapter.batch_max", 1)
    sent(14)
    carrier_account.calls_per_second, carrier_account.burst = 5, 2
    carrier_account.save()
    calls = carrier_server.calls()
    sync(seconds=1.5)
    # Two at once, then five a second.
    assert 4 <= carrier_server.calls() - calls <= 2 + 5 * 2


def test_the_daily_quota_is_never_exceeded(
    sent, sync, carrier_server, carrier_account, monkeypatch
):
    monkeypatch.setattr("logistics.carriers.sandbox.client.SandboxAdapter.batch_max", 1)
    sent(12)
    carrier_account.calls_per_day = 7
    carrier_account.save()
    carrier_server.control(error_rate=0.5)
    calls = carrier_server.calls()
    for _ in range(3):
        sync()
        Tracking.objects.update(next_poll_at=timezone.now())
        AccountState.objects.update(breaker_until=None, breaker="CLOSED")
    assert carrier_server.calls() - calls == 7
    assert state().used == 7
    assert state().limited_until.astimezone(UTC).time().isoformat() == "00:00:00"


def test_a_worker_that_dies_overdraws_no_quota_and_loses_no_parcel(
    sent, carrier_account, carrier_server
):
    sent(2)
    carrier_account.calls_per_day = 10
    carrier_account.save()
    now = timezone.now()
    window = open_window(carrier_account.pk, now=now, calls=6)
    assert window.calls == 6
    assert len(claim_polls(carrier_account.pk, now=now, limit=10)) == 2
    # It dies here: nobody else may call until the lease ends, and its six calls count as made.
    assert open_window(carrier_account.pk, now=now + timedelta(seconds=60), calls=9) is None
    assert claim_polls(carrier_account.pk, now=now + timedelta(minutes=9), limit=10) == {}
    later = now + timedelta(minutes=11)
    assert open_window(carrier_account.pk, now=later, calls=9).calls == 4
    assert len(claim_polls(carrier_account.pk, now=later, limit=10)) == 2


def test_what_was_not_used_is_given_back(sent, carrier_account, carrier_server):
    sent(1)
    carrier_account.calls_per_day = 10
    carrier_account.save()
    now = timezone.now()
    window = open_window(carrier_account.pk, now=now, calls=6)
    close_window(window, Used(2, 5.0, Breaker(), answered=2), now=now)
    assert state().used == 2


def test_where_the_quota_is_short_the_urgent_come_first(sent, carrier_account):
    parcels = sent(3)
    Parcel.objects.filter(pk=parcels[2].pk).update(status="OUT_FOR_DELIVERY")
    claimed = claim_polls(carrier_account.pk, now=timezone.now(), limit=1, is_short=True)
    assert list(claimed.values()) == [parcels[2].pk]


def test_failures_wait_longer_each_time(sent):
    parcel = sent(1)[0]
    now = timezone.now()
    waits = []
    for _ in range(8):
        record_polls([], errors={parcel.pk: "HTTP 503"}, now=now)
        waits.append((Tracking.objects.get().next_poll_at - now).total_seconds() / 60)
    assert 7 <= waits[0] <= 23
    assert waits[3] > 55
    assert max(waits) <= 9 * 60
    assert Tracking.objects.get().failures == 8


@pytest.mark.django_db(transaction=True)
def test_two_workers_claim_different_parcels(sent, carrier_account):
    sent(8)
    now = timezone.now()
    claims = at_once(*[partial(claim_polls, carrier_account.pk, now=now, limit=4)] * 2)
    assert not set(claims[0].values()) & set(claims[1].values())
    windows = at_once(*[partial(open_window, carrier_account.pk, now=now, calls=5)] * 4)
    assert sum(w is not None for w in windows) == 1
    assert check_invariants() == []


def test_faults_lose_no_scan_and_double_none(sent, sync, carrier_server, monkeypatch):
    monkeypatch.setattr("logistics.carriers.sandbox.client.SandboxAdapter.batch_max", 2)
    parcels = sent(10)
    for parcel in parcels:
        carrier_server.happen(parcel.tracking_number, "ACCEPTED")
        carrier_server.happen(parcel.tracking_number, "DELIVERED")
    carrier_server.control(error_rate=0.2, malformed_rate=0.1, reset_rate=0.1, latency=0.05)
    for _ in range(12):
        sync()
        Tracking.objects.filter(next_poll_at__isnull=False).update(next_poll_at=timezone.now())
        AccountState.objects.update(breaker_until=None, breaker="CLOSED")
    carrier_server.control(error_rate=0, malformed_rate=0, reset_rate=0)
    sync()
    assert set(Parcel.objects.values_list("status", flat=True)) == {"DELIVERED"}
    # The label's own scan, and the two that happened.
    assert TrackingEvent.objects.count() == 30
