"""Every registered list: bounded, strict, walked page by page, searched by an index."""

import csv
import io
import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from openpyxl import load_workbook

from backoffice.core.filtering import filterset_of
from backoffice.core.imports.registry import IMPORTERS
from backoffice.core.models import Event, User
from backoffice.ui.admin import DocumentAdmin
from backoffice.ui.lists.keyset import keys_of
from backoffice.ui.lists.order import indexed
from backoffice.ui.lists.page import ListPage
from backoffice.ui.lists.search import _branches
from tests.ui.lists.plans import scanned

SCREENS = sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label_lower)
MODELS = [model for model, _screen in SCREENS]
LABELS = [model._meta.label_lower for model in MODELS]
ROW = re.compile(r"<th scope=row>(.*?)</th>")
MOST_QUERIES = 12
MOST_BYTES = 300_000
FULL_PAGE = 50
# Lists of settings that never grow long.
FEW_ROWS = set(
    "auth.group core.user core.webhookendpoint core.rule core.savedview"
    " finance.commissioncontract finance.ledgeraccount"
    " finance.paymentprovider finance.reconciliationdue finance.reconciliationpolicy"
    " finance.refundpolicy inventory.location inventory.seller"
    " inventory.supplier inventory.warehouse logistics.carrier logistics.carrieraccount"
    " orders.saleschannel support.macro".split()
)
# Documents that are decided by people alone.
NO_RULE = {
    "core.approval",
    "finance.accountingperiod",
    "finance.bankdetails",
    "finance.payoutbatch",
    "finance.reconciliationexception",
    "inventory.simulation",
}
every_list = pytest.mark.parametrize("model", MODELS, ids=LABELS)


@pytest.fixture
def boss(filled_shop, client):
    user = User.objects.get_or_create(username="boss", is_staff=True, is_superuser=True)[0]
    client.force_login(user)
    return client


def address(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def shown(client, url):
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.context["bo_list"]


def page_of(screen, query):
    """Return a page without the HTML around it."""
    request = RequestFactory().get(f"/{query}")
    request.user = User.objects.get(username="boss")
    return ListPage(screen, request)


def test_the_shop_has_rows_for_every_list(filled_shop):
    # Where the fixture fails, say in NEEDED of tests/fixtures/shop.py what a row needs.
    short = [
        label for label, m in zip(LABELS, MODELS, strict=True) if m._default_manager.count() < 2
    ]
    assert short == []


@every_list
def test_its_queries_do_not_depend_on_its_rows_nor_its_bytes_break_the_budget(
    boss, model, monkeypatch
):
    screen = admin.site._registry[model]
    boss.get(address(model))
    found = {}
    for rows in (1, 2):
        monkeypatch.setattr(screen, "list_per_page", rows)
        with CaptureQueriesContext(connection) as queries:
            answer = boss.get(address(model))
        assert len(answer.context["bo_list"].rows) == rows
        found[rows] = len(queries), len(answer.content)

    assert found[1][0] == found[2][0] <= MOST_QUERIES
    each = found[2][1] - found[1][1]
    assert found[1][1] + each * (FULL_PAGE - 1) <= MOST_BYTES


def test_every_row_is_opened_by_one_link(boss):
    wrong = {}
    for model in MODELS:
        rows = ROW.findall(boss.get(address(model)).content.decode())
        assert rows, model
        if found := [row for row in rows if row.count("<a ") != 1]:
            wrong[model._meta.label] = found[0]

    assert wrong == {}


@every_list
def test_a_wrong_address_shows_an_error_and_no_row(boss, model):
    screen, filters = admin.site._registry[model], filterset_of(model)
    assert filters is not None
    assert page_of(screen, "").rows
    wrong = ["nothing=1", "nothing=", "o=nothing", "o=-", "p=0", "p=x", "p=99999", "p=20001"]
    wrong += ["after=x", "after=W10", "before=!!", "after=a&before=b", "q=" + "9" * 201]
    wrong += [f"{name}=" for name in filters.base_filters]

    for query in wrong:
        page = page_of(screen, f"?{query}")
        assert (page.rows, bool(page.errors)) == ([], True), query

    told = boss.get(f"{address(model)}?{'&'.join(wrong)}")
    assert told.status_code == 200
    assert told.context["bo_list"].rows == []
    assert b'role="alert"' in told.content


@every_list
def test_a_value_that_no_filter_understands_never_widens(boss, model):
    screen = admin.site._registry[model]
    names = page_of(screen, "").selection.filterset.known()

    for name in names:
        assert page_of(screen, f"?{name}=%C2%A7wrong%C2%A7").rows == [], name
    everything = "&".join(f"{name}=%C2%A7wrong%C2%A7" for name in names)
    assert boss.get(f"{address(model)}?{everything}").status_code == 200


def walked(screen, page, step):
    pages = [[row.pk for row in page.rows]]
    while getattr(page, step):
        page = page_of(screen, getattr(page, step))
        assert page.errors == {}
        pages.append([row.pk for row in page.rows])
    return pages


@every_list
def test_walking_its_pages_meets_every_row_once_in_every_order(boss, model, monkeypatch):
    screen = admin.site._registry[model]
    total = model._default_manager.count()
    monkeypatch.setattr(screen, "list_per_page", max(1, total // 3))
    for name in ["", *(column.name for column in page_of(screen, "").columns)]:
        for sort in [f"?o={name}", f"?o=-{name}"] if name else [""]:
            page = page_of(screen, sort)
            if sort and page.errors:
                # No index begins with this column.
                continue
            ordered = model._default_manager.order_by(*map(str, page.keys))
            expected = list(ordered.values_list("pk", flat=True))
            assert sum(walked(screen, page, "next_url"), []) == expected, sort
            last = page_of(screen, page.last_url) if page.last_url else page
            assert sum(reversed(walked(screen, last, "previous_url")), []) == expected, sort


@every_list
def test_a_page_is_reached_by_its_number(boss, model, monkeypatch):
    url = address(model)
    monkeypatch.setattr(admin.site._registry[model], "list_per_page", 1)
    second = shown(boss, url + shown(boss, url).next_url)

    assert [r.pk for r in shown(boss, f"{url}?p=2").rows] == [r.pk for r in second.rows]
    assert second.number == 2


@every_list
def test_its_search_reads_no_whole_table(boss, model):
    screen = admin.site._registry[model]
    for term in ("SO-1", "17", "2120", "ada@example.com"):
        assert shown(boss, f"{address(model)}?q={term}").errors.keys() <= {"q"}
        if not screen.search_fields or model._meta.label_lower in FEW_ROWS:
            continue
        for sql, parameters in _branches(model._default_manager.all(), screen.search_fields, term):
            assert model._meta.db_table not in scanned(sql, parameters), (term, sql)


@every_list
def test_its_order_has_an_index(model):
    screen = admin.site._registry[model]
    first = keys_of(model, screen.ordering or ["-pk"])[0]

    assert first.field.name in indexed(model) or model._meta.label_lower in FEW_ROWS


@every_list
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_it_is_exported_whole_with_a_record_of_it(boss, model, kind):
    total = model._default_manager.count()

    answer = boss.post(address(model), {"action": f"export_{kind}", "select_across": "1"})

    content = b"".join(answer.streaming_content)
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(content.decode().removeprefix("\ufeff"))))
    else:
        rows = list(load_workbook(io.BytesIO(content), read_only=True).active.values)
    assert len(rows) == total + 1
    told = Event.objects.filter(kind="user.exported_list").latest("id")
    assert told.data == {
        "list": model._meta.label_lower,
        "filter": "",
        "format": kind.upper(),
        "rows": total,
    }


def some_filter(screen):
    """Return a filter that the list understands."""
    filterset = page_of(screen, "").selection.filterset
    choices = {n: list(getattr(f, "choices", ()))[-1:] for n, f in filterset.form.fields.items()}
    tried = [f"{name}={value}" for name, last in choices.items() for value, _label in last]
    values = ("1", "true", "2026-01-01")
    tried += [f"{name}={value}" for name in filterset.known() for value in values]
    return next(query for query in tried if not page_of(screen, f"?{query}").errors)


@every_list
def test_its_filter_becomes_a_view_and_a_rule_or_it_says_why_not(boss, model):
    screen = admin.site._registry[model]
    query = some_filter(screen)
    page = boss.get(f"{address(model)}?{query}")
    (view, view_url, view_why), (rule, rule_url, rule_why) = page.context["keepers"]

    assert (view, view_why) == ("Save this filter as a view", "")
    assert boss.get(view_url).context["adminform"].form.initial["query"] == query
    assert rule == "Make a rule of this filter"
    assert bool(rule_url) != bool(rule_why)
    if rule_url:
        assert boss.get(rule_url).status_code == 200
    else:
        assert f"{rule}: {escape(str(rule_why))}" in page.content.decode()
    is_document = isinstance(screen, DocumentAdmin) and model._meta.label_lower not in NO_RULE
    assert bool(rule_url) >= is_document


@every_list
def test_it_leads_to_its_import_or_says_why_there_is_none(boss, model):
    page = boss.get(address(model))
    url, why = page.context["importing"]

    if model._meta.label_lower in IMPORTERS:
        assert (url, why) == (f"/admin/core/import/add/?importer={model._meta.label_lower}", "")
        assert f'href="{url}"' in page.content.decode()
        chosen = boss.get(url).context["form"]["importer"].value()
        assert chosen == model._meta.label_lower
    else:
        assert url == ""
        assert f"No import: {escape(str(why))}" in page.content.decode()
        assert len(str(why)) > 20
