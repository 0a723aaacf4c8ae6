"""Every list that a file can fill: what it shows comes back from a file unchanged."""

import csv
import io
import json

import pytest
from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.core.actor import acting
from backoffice.core.imports.registry import IMPORTERS
from backoffice.core.models import User
from backoffice.ui.imports.fields import natural_key
from tests.fixtures.imports import bring, lines

SCREENS = {
    model._meta.label_lower: screen
    for model, screen in admin.site._registry.items()
    if screen.import_key
}
every_importer = pytest.mark.parametrize("name", sorted(SCREENS))


@pytest.fixture
def boss(filled_shop, quiet_files):
    user = User.objects.get_or_create(username="boss", is_staff=True, is_superuser=True)[0]
    with acting(user.pk), transaction.atomic():
        yield user
        transaction.set_rollback(True)


def cell(row, name):
    """Return a value as a spreadsheet shows it."""
    field = row._meta.get_field(name)
    value = getattr(row, name)
    if isinstance(value, models.Model):
        return str(getattr(value, natural_key(type(value))))
    if isinstance(field, models.JSONField):
        return json.dumps(value)
    if isinstance(field, ArrayField):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def file_of(name, rows):
    text = io.StringIO()
    writer = csv.writer(text)
    columns = [column.name for column in IMPORTERS[name].columns]
    writer.writerow(columns)
    writer.writerows([cell(row, column) for column in columns] for row in rows)
    return text.getvalue()


@every_importer
def test_its_key_names_one_row(name):
    screen = SCREENS[name]
    opts = screen.model._meta
    unique = [{f.name} for f in opts.concrete_fields if f.unique]
    for constraint in opts.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            named = [e.name for e in constraint.expressions if isinstance(e, models.F)]
            unique.append({*constraint.fields, *named})

    assert set(screen.import_key) in unique
    columns = IMPORTERS[name].columns
    assert [c.name for c in columns][: len(screen.import_key)] == list(screen.import_key)


@every_importer
def test_what_a_list_holds_comes_back_unchanged(boss, name):
    rows = list(SCREENS[name].model._default_manager.order_by("pk")[:20])
    before = list(SCREENS[name].model._default_manager.order_by("pk").values())

    run = bring(name, file_of(name, rows), timezone.now())

    assert set(lines(run, "status", "effect", "reason")) == {("READY", "UNCHANGED", "")}
    assert list(SCREENS[name].model._default_manager.order_by("pk").values()) == before


@every_importer
def test_its_queries_do_not_depend_on_its_rows(boss, name):
    rows = list(SCREENS[name].model._default_manager.order_by("pk")[:3])
    bring(name, file_of(name, rows[:1]), timezone.now())
    counts = []
    for some in (rows[1:2], rows[1:]):
        with CaptureQueriesContext(connection) as queries:
            bring(name, file_of(name, some), timezone.now())
        counts.append(len(queries))

    assert counts[0] == counts[1]


@every_importer
def test_its_columns_say_what_may_stand_in_them(name):
    for column in IMPORTERS[name].columns:
        assert str(column.label), column.name
        assert str(column.hint), column.name
