"""What roles are given, and that what staff changed stays so."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from backoffice.core.access import roles
from backoffice.core.access.roles import GRANTS, check_grants, given, grant, roles_of, sync_roles
from backoffice.core.api.urls import api_urls
from backoffice.core.choices import Role
from backoffice.core.models import StaffRole, User
from backoffice.core.states import Machine
from inventory.models import UserScope
from logistics.models import Carrier, CarrierAccount

ORDERS = apps.get_app_config("orders")
# Master data of the company itself, people, tokens, the machine: for superusers and groups of
# one's own making.
UNGIVEN = {"core.approvalpolicy", "core.taskswitch", "core.apitoken", "core.user"}


@pytest.fixture(autouse=True)
def _as_owner(settings):
    settings.DATABASE_ROLE = "owner"


@pytest.fixture
def grants(monkeypatch):
    """Let a test grant as it likes."""
    monkeypatch.setattr(roles, "GRANTS", {app: dict(given) for app, given in GRANTS.items()})


def holds(role, app="orders"):
    rows = Permission.objects.filter(group__staff_role__role=role, content_type__app_label=app)
    return set(rows.values_list("codename", flat=True))


def member(role, **fields):
    user = User.objects.create(username=role.lower(), is_staff=True, **fields)
    user.groups.add(Group.objects.get(staff_role__role=role))
    return user


def browser(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", Role)
def test_each_role_has_a_group_with_what_it_is_given(db, role):
    row = StaffRole.objects.get(role=role)

    assert row.group.name == role.label
    for app in GRANTS:
        assert holds(role, app) == given(app, role), app


def test_every_verb_is_somebodys_work():
    verbs = {t.permission for m in Machine.registry.values() for t in m.transitions.values()}
    held = {f"{app}.{name}" for app in GRANTS for role in Role for name in given(app, role)}

    assert verbs - held - {""} == set()


def test_every_list_is_somebodys_to_see():
    for model in admin.site._registry:
        names = [given(model._meta.app_label, role) for role in Role if role != Role.AUDITOR]
        seen = any(f"view_{model._meta.model_name}" in found for found in names)
        own = model._meta.app_label in ("core", "axes", "auth", "replay")
        assert seen or own or model is UserScope, model


def test_a_second_sync_changes_nothing(db, django_assert_num_queries):
    before = {role: holds(role) for role in Role}

    sync_roles(ORDERS)

    assert {role: holds(role) for role in Role} == before


def test_what_staff_changed_stays(db):
    group = Group.objects.get(staff_role__role=Role.WAREHOUSE)
    group.permissions.remove(Permission.objects.get(codename="change_return"))
    group.permissions.add(Permission.objects.get(codename="cancel_order"))
    group.name = "Halle 3"
    group.save()

    sync_roles(ORDERS)

    assert "change_return" not in holds(Role.WAREHOUSE)
    assert "cancel_order" in holds(Role.WAREHOUSE)
    assert Group.objects.filter(name="Warehouse").count() == 0


def test_what_is_new_is_given(db, grants):
    before = holds(Role.WAREHOUSE)
    grant("orders", {Role.WAREHOUSE: "view_order hold_order"})

    sync_roles(ORDERS)

    assert holds(Role.WAREHOUSE) == before | {"hold_order"}
    assert "orders.hold_order" in StaffRole.objects.get(role=Role.WAREHOUSE).given


def test_only_the_owner_syncs(db, grants, settings):
    settings.DATABASE_ROLE = "app"
    grant("orders", {Role.WAREHOUSE: "hold_order"})

    sync_roles(ORDERS)

    assert "hold_order" not in holds(Role.WAREHOUSE)


def test_patterns_add_and_leave_out(grants):
    grant("orders", {Role.ANALYST: "view_* -view_customer add_order"})

    names = given("orders", Role.ANALYST)

    assert {"view_order", "add_order"} <= names
    assert "view_customer" not in names
    assert not {name for name in names if "historical" in name}


@pytest.mark.parametrize("name", ["shout_order", "-view_nothing", "paint_*"])
def test_a_permission_that_is_none_is_refused(grants, name):
    assert check_grants(None) == []
    grant("orders", {Role.ANALYST: name})

    assert [error.id for error in check_grants(None)] == ["core.E005"]


def test_somebodys_roles_are_told_by_name(db):
    user = member(Role.FINANCE)
    user.groups.add(Group.objects.create(name="Choir"))

    assert roles_of(user) == {"FINANCE"}


@pytest.fixture
def auditor(db):
    return member(Role.AUDITOR)


SCREENS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)


@pytest.mark.parametrize("model", SCREENS, ids=[m._meta.label_lower for m in SCREENS])
def test_the_auditor_sees_every_list_and_may_do_nothing_there(auditor, model):
    client = browser(auditor)
    opts, screen = model._meta, admin.site._registry[model]
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")

    answer = client.get(url)

    assert answer.status_code == 200
    request = answer.wsgi_request
    assert not screen.has_add_permission(request)
    assert not screen.has_change_permission(request)
    assert not screen.has_delete_permission(request)
    assert set(screen.get_actions(request)) <= {"export_csv", "export_xlsx"}
    assert client.post(reverse(f"admin:{opts.app_label}_{opts.model_name}_add")).status_code == 403


def test_the_auditor_sees_history_and_works_no_verb(auditor, place):
    order = place("1")
    client = browser(auditor)
    page = reverse("admin:orders_order_change", args=[order.pk])

    assert client.get(page).status_code == 200
    assert client.get(page.replace("change", "history")).status_code == 200
    for name in Machine.registry["orders.order"].transitions:
        url = page.replace("change/", f"verb/{name}/")
        answer = client.post(url, {"version": order.version, "reason": "x"})
        assert answer.status_code in (403, 404), name
    order.refresh_from_db()
    assert order.version == 0


def test_who_may_only_look_sees_no_secret(auditor):
    carrier = Carrier.objects.create(code="c", name="C")
    account = CarrierAccount.objects.create(
        carrier=carrier, code="c", name="C", adapter="sandbox", api_key="top-secret-key"
    )
    page = (
        browser(auditor)
        .get(reverse("admin:logistics_carrieraccount_change", args=[account.pk]))
        .content.decode()
    )

    assert "sandbox" in page
    assert "top-secret-key" not in page


# Those who call these prove themselves by a signature or a link.
OPEN = ("survey-answers/", "webhooks/", "schema/", "docs/")


def test_the_api_lets_the_auditor_write_nothing(auditor):
    client = browser(auditor)
    paths = {
        re.sub(r"\(\?P<\w+>[^)]*\)|<[^>]*>", "1", str(pattern.pattern).strip("^$\\Z"))
        for pattern in api_urls()
    }
    paths = {path for path in paths if path and not path.startswith(OPEN)}
    assert len([path for path in paths if path.endswith("/cancel/")]) > 5
    for path in sorted(paths):
        for method in (client.post, client.put, client.patch, client.delete):
            answer = method(f"/api/v1/{path}", {}, content_type="application/json")
            # Nothing is looked for before it is clear who asks.
            assert answer.status_code in (403, 405), (path, method, answer.content)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.AUDITOR])
def test_nobody_of_a_role_manages_people_or_the_machine(db, role):
    for app in GRANTS:
        for name in given(app, role):
            verb, _, model = name.partition("_")
            assert verb == "view" or f"{app}.{model}" not in UNGIVEN, name
