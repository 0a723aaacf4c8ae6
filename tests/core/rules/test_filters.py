"""The filter of a rule: read anew every time, and never wider than the list shows."""

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import django_filters
import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core import filtering
from backoffice.core.actor import acting_job
from backoffice.core.database import stop_what_may_not_run
from backoffice.core.filtering import FilterSet, canonical, narrow, read_filter
from backoffice.core.models import Event, Rule
from backoffice.core.rules.checking import RuleError, prepare, warnings
from backoffice.core.rules.running import run_rules
from backoffice.core.rules.switching import recheck_rules
from orders.filters import OrderFilter
from orders.models import Hold, Order
from orders.services.holds import place_holds
from orders.services.marking import tag_orders
from tests.fixtures.orders import PLACED, lines, order_command
from tests.fixtures.rules import VIP, acts

EVERYTHING = "A part of the filter takes every document."


@contextmanager
def renamed(name):
    """Deploy a filter set in which one filter is called otherwise."""
    kept = OrderFilter.base_filters.pop(name)
    OrderFilter.base_filters[f"new_{name}"] = kept
    try:
        yield
    finally:
        OrderFilter.base_filters[name] = OrderFilter.base_filters.pop(f"new_{name}")


@pytest.mark.parametrize("mode", ["ON", "SHADOW"])
def test_a_renamed_filter_switches_the_rule_off_when_it_runs(make_rule, place, drain, mode):
    rule = make_rule(mode)
    place("1")

    with renamed("total_min"):
        drain()

    rule.refresh_from_db()
    assert (rule.mode, rule.alert) == ("OFF", "filter.total_min: This filter is unknown.")
    assert acts(rule) == []
    assert not Hold.objects.exists()
    assert Event.objects.get(kind="rule.stopped").data == {"why": rule.alert}


def test_a_deploy_reads_all_rules_anew(make_rule, place):
    broken = make_rule(name="broken")
    place("1")
    sound = make_rule(name="sound", filter="channel=web")
    off = make_rule("OFF", name="off")

    with renamed("total_min"):
        stop_what_may_not_run()

    modes = dict(Rule.objects.values_list("name", "mode"))
    assert modes == {"broken": "OFF", "sound": "ON", "off": "OFF"}
    off.refresh_from_db()
    broken.refresh_from_db()
    assert (bool(broken.alert), bool(off.alert), sound.mode) == (True, False, "ON")


def test_a_document_without_filters_any_more_stops_its_rules(make_rule, place, drain, monkeypatch):
    rule = make_rule()
    place("1")
    monkeypatch.delitem(filtering.FILTERSETS, "orders.order")

    drain()

    rule.refresh_from_db()
    assert (rule.mode, acts(rule)) == ("OFF", [])


def test_a_value_that_is_gone_switches_the_rule_off(make_rule, place, drain, channel):
    place("1")
    rule = make_rule(filter="channel=web")
    type(channel).objects.filter(pk=channel.pk).update(code="shop")
    with acting_job("events"):
        run_rules(list(Event.objects.filter(kind="order.placed")), now=PLACED)

    rule.refresh_from_db()
    assert (rule.mode, acts(rule)) == ("OFF", [])


def test_a_number_above_all_that_a_column_holds_takes_every_document(db, monkeypatch):
    monkeypatch.setattr(filtering, "FILTERSETS", {})

    class Wide(FilterSet):
        priority_max = django_filters.NumberFilter("priority", "lte")

        class Meta:
            model = Order
            fields = []

    with pytest.raises(filtering.FilterError) as caught:
        narrow(read_filter("orders.order", "priority_max=99999999999", now=PLACED))

    assert caught.value.errors == {"": [EVERYTHING]}
    assert narrow(read_filter("orders.order", "priority_max=5", now=PLACED)).query.where


def test_a_filter_over_many_lines_finds_a_document_once(make_rule, place, drain):
    rule = make_rule(filter="sku=S-UNTRACKED")
    line = order_command().lines[0]
    order = place("1", lines=[line, replace(line, quantity=3)])

    drain()

    assert order.lines.count() == 2
    assert acts(rule) == [(order.pk, "ACTED")]
    assert Hold.objects.count() == 1


def test_joins_that_double_rows_do_not_double_acts(make_rule, place, drain, monkeypatch):
    rule = make_rule(filter="number=any")

    def lines_of(self, queryset, name, value):
        return queryset.filter(lines__quantity__gt=0)

    number = django_filters.CharFilter(method="lines_of", label="number")
    monkeypatch.setattr(OrderFilter, "lines_of", lines_of, raising=False)
    monkeypatch.setitem(OrderFilter.base_filters, "number", number)
    line = order_command().lines[0]
    order = place("1", lines=[line, replace(line, quantity=3)])

    drain()

    assert acts(rule) == [(order.pk, "ACTED")]


def test_rechecking_leaves_sound_rules_alone(make_rule, actor):
    rule = make_rule()
    before = rule.history.count()

    assert recheck_rules(now=PLACED) == []
    assert rule.history.count() == before


def test_a_fixed_day_is_warned_of(owner):
    rule = Rule(owner=owner, **VIP | {"filter": "placed_after=2026-01-01T00:00:00Z&total_min=1"})

    assert warnings(rule, now=PLACED) == [
        "placed after names a fixed day: an age such as 7d does not grow old."
    ]


KNOWN = sorted(OrderFilter.base_filters)
VALUES = (
    "1 20 -5 1e400 NaN true false unknown PENDING CANCELLED UNPAID web DE de 7d 4w 0d SO-1 EUR % '"
    " 2026-03-10T08:00:00Z S-UNTRACKED 999999999999999999999999999999"
).split()
SENSIBLE = (
    "status=PENDING total_min=20 total_max=30 channel=web country=de is_held=true is_held=false"
    " tag=1 currency=EUR sku=S-UNTRACKED placed_before=2027-01-01T00:00:00Z placed_before_ago=1d"
    " payment_status=UNPAID priority_min=0"
).split()
PAIR = st.one_of(
    st.sampled_from(SENSIBLE),
    st.builds("{}={}".format, st.sampled_from(KNOWN), st.sampled_from(VALUES)),
    st.builds("{}={}".format, st.one_of(st.sampled_from(KNOWN), st.text()), st.text(max_size=12)),
)
QUERY = st.one_of(st.lists(PAIR, max_size=4).map("&".join), st.text(max_size=30))


@given(query=QUERY)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_text_whatever_finds_more_than_the_api_returns(listed, query):
    def found():
        return set(prepare(rule, now=timezone.now()).found.values_list("pk", flat=True))

    rule = Rule(owner=listed.owner, **VIP | {"filter": query})
    try:
        first = found()
    except RuleError:
        return
    listed.runs.append(len(first))
    rule.filter = canonical(query)

    assert listed.call(rule.filter) == (200, first)
    assert found() == first


@pytest.fixture
def listed(db, owner, place, client):
    """Return the API's list of some different orders; see that it was worth comparing."""
    ids = [place(str(n), lines=lines(("S-UNTRACKED", n + 1))).pk for n in range(4)]
    place_holds(ids[:1], now=PLACED)
    tag_orders(ids[1:2], tag="1", now=PLACED)
    client.force_login(owner)
    runs: list[int] = []

    def call(query):
        with transaction.atomic():
            response = client.get(f"/api/v1/orders/?{query}")
        rows = response.json().get("results", []) if response.status_code == 200 else []
        return response.status_code, {row["id"] for row in rows}

    yield SimpleNamespace(call=call, owner=owner, runs=runs)
    assert len(set(runs)) > 2
