"""Filters of parcels that reckon with days."""

from datetime import UTC, date, datetime, timedelta

import pytest

from logistics.filters import ParcelFilter
from logistics.models import CarrierAccount, Parcel
from tests.fixtures.logistics import SHIPPED


def chosen(value: str, now: datetime) -> list[Parcel]:
    return list(ParcelFilter({"is_late": value}, now=now).strict())


def test_a_parcel_is_late_after_the_last_hour_of_its_day_where_it_is_delivered(warehouse, ordered):
    CarrierAccount.objects.update(time_zone="Asia/Shanghai")
    [parcel] = warehouse.send(ordered())
    Parcel.objects.update(promised_on=date(2026, 3, 20))
    evening = datetime(2026, 3, 20, 15, 59, tzinfo=UTC)  # 23:59 there

    assert chosen("true", evening) == []
    assert chosen("false", evening) == [parcel]
    assert chosen("true", evening + timedelta(minutes=1)) == [parcel]
    assert chosen("false", evening + timedelta(minutes=1)) == []


@pytest.mark.parametrize(("days", "late"), [(0, True), (2, False)])
def test_what_was_delivered_stays_late_or_in_time(warehouse, ordered, days, late):
    [parcel] = warehouse.send(ordered())
    warehouse.deliver(parcel, at=SHIPPED + timedelta(days=2))
    Parcel.objects.update(promised_on=(SHIPPED + timedelta(days=days)).date())

    assert chosen("true", SHIPPED + timedelta(days=90)) == ([parcel] if late else [])


def test_what_was_never_promised_is_not_late(warehouse, ordered):
    [parcel] = warehouse.send(ordered())
    Parcel.objects.update(promised_on=None)

    assert chosen("true", SHIPPED + timedelta(days=90)) == []
    assert chosen("false", SHIPPED + timedelta(days=90)) == [parcel]
