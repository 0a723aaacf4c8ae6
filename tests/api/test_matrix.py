"""Who may call what: every operation has its row in `matrix.txt`, every role its column.

`BACKOFFICE_WRITE_MATRIX=1 python dev.py test tests/api/test_matrix.py` writes the file anew;
read what changed before you commit it.
"""

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from backoffice.core.api.urls import urlpatterns
from backoffice.core.choices import Role
from backoffice.core.models import ApiToken, StaffRole, User
from tests.api.operations import OPERATIONS
from tests.fixtures.api import operations as documented

FILE = Path(__file__).with_name("matrix.txt")
LEGEND = " ".join(f"{role.value[:3]}={role.label}" for role in Role)
COLUMNS = [role.value[:3] for role in Role]


@pytest.fixture
def members(db):
    """Return somebody of each role, and nobody's friend."""
    found = {}
    for role in Role:
        user = User.objects.create(username=role.lower(), is_staff=True)
        user.groups.add(StaffRole.objects.get(role=role).group)
        found[role.value[:3]] = user
    return found


def may(operation, user, auth=None):
    """Ask the view whether a caller may do an operation, as it asks itself first."""
    view = operation.view()
    view.action, view.action_map = operation.action, {operation.method.lower(): operation.action}
    request = Request(getattr(RequestFactory(), operation.method.lower())("/"))
    request._user, request._auth = user, auth
    view.request, view.args, view.kwargs, view.format_kwarg = request, (), {}, None
    try:
        view.check_permissions(request)
    except APIException:
        return False
    return True


def row(operation, marks):
    return f"{operation.method:6}{operation.path:58}{' '.join(marks)}".rstrip()


def table(members):
    lines = [f"# {LEGEND}", row(Heading, COLUMNS)]
    for operation in OPERATIONS:
        marks = ["yes" if may(operation, members[name]) else " . " for name in COLUMNS]
        lines.append(row(operation, marks))
    return lines


class Heading:
    method, path = "", ""


def test_the_matrix_is_as_it_was_agreed(members):
    lines = table(members)
    if os.environ.get("BACKOFFICE_WRITE_MATRIX"):
        FILE.write_text("\n".join(lines) + "\n")
    agreed = FILE.read_text().splitlines()

    missing = [line for line in lines if line not in agreed]
    gone = [line for line in agreed if line not in lines]
    assert (missing, gone) == ([], []), "read test_matrix.py"


def test_every_address_is_in_the_matrix_or_needs_no_right():
    known = {o.path for o in OPERATIONS}
    public = {"schema/", "docs/", "survey-answers/", "webhooks/payments/<slug:provider>", ""}
    others = {
        str(pattern.pattern)
        for pattern in urlpatterns
        if not getattr(getattr(pattern, "callback", None), "actions", None)
    }
    described = {
        item["path"].removeprefix("/api/v1").replace("{number}", "{key}").replace("{id}", "{key}")
        for item in documented().values()
    }

    assert others == public
    assert described - known == {"/survey-answers/", "/order/{key}"}
    assert known - described == set()


def test_a_token_needs_the_scope_of_the_app_and_nothing_else():
    wrong = []
    for operation in OPERATIONS:
        app = operation.model._meta.app_label
        needed, other = f"{app}:write", f"{app}:read"
        if operation.method == "GET":
            needed, other = other, needed
        somebody = User(is_active=True)
        answers = [
            may(operation, somebody, ApiToken(scopes=[needed])),
            may(operation, somebody, ApiToken(scopes=[other, "nothing:write"])),
            may(operation, somebody),
            may(operation, AnonymousUser()),
        ]
        if answers != [True, False, False, False]:
            wrong.append(str(operation))

    assert wrong == []


@pytest.mark.parametrize(("role", "allowed"), [("ORD", "/orders/"), ("WAR", "/shipments/")])
def test_what_the_matrix_says_is_what_callers_meet(members, role, allowed):
    client = Client()
    client.force_login(members[role])

    assert client.get(f"/api/v1{allowed}").status_code == 200
    assert client.get("/api/v1/journal-entries/").status_code == 403
    verb = client.post("/api/v1/payouts/verbs/approve/", {}, "application/json")
    assert verb.status_code == 403
    assert Client().get(f"/api/v1{allowed}").status_code == 401
