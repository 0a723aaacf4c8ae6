"""Who may do what in the admin: every verb has its row in `staff_matrix.txt`, every role a column.

`BACKOFFICE_WRITE_MATRIX=1 python dev.py test tests/api/test_staff_matrix.py` writes the file anew;
read what changed before you commit it.
"""

import os
from pathlib import Path

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client

from backoffice.core.models import User
from tests.api.staff import acts, pages
from tests.api.test_matrix import COLUMNS, LEGEND, members  # noqa: F401  (a fixture)
from tests.api.test_reading import writes
from tests.fixtures.shop import make

FILE = Path(__file__).with_name("staff_matrix.txt")


@pytest.fixture
def boss(world):
    """Return who may do everything, in a shop that has a row in every list."""
    for model in admin.site._registry:
        if not model._default_manager.exists():
            make(model)
    return User.objects.create(username="boss", is_staff=True, is_superuser=True)


def line(what, marks):
    return f"{what:60}{' '.join(marks)}".rstrip()


def send(user, url):
    """Post an empty form and undo what it did; return the status and whether it wrote."""
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    before = writes()
    with transaction.atomic():
        answer = client.post(url)
        wrote = writes() != before
        transaction.set_rollback(True)
    to_login = answer.status_code == 302 and "/login/" in answer.headers["Location"]
    return 401 if to_login else answer.status_code, wrote


def agreed_or_written(lines):
    if os.environ.get("BACKOFFICE_WRITE_MATRIX"):
        FILE.write_text("\n".join(lines) + "\n")
    return FILE.read_text().splitlines()


def test_the_matrix_of_staff_is_as_it_was_agreed(boss, members):  # noqa: F811
    rows = {str(act): [act.may(members[c]) for c in COLUMNS] for act in acts(boss)}
    for route, url in pages():
        # A page that is not found or takes no form is as closed as a forbidden one.
        open_to = [send(members[c], url)[0] in (200, 302, 400) for c in COLUMNS]
        rows[f"page {route}"] = open_to
    lines = [line(what, ["yes" if may else " . " for may in rows[what]]) for what in sorted(rows)]
    lines = [f"# {LEGEND}", line("", COLUMNS), *lines]
    agreed = agreed_or_written(lines)

    missing = [text for text in lines if text not in agreed]
    gone = [text for text in agreed if text not in lines]
    assert (missing, gone) == ([], []), "read test_staff_matrix.py"


def test_who_may_not_is_refused_and_nothing_is_written(boss, members):  # noqa: F811
    wrong = {}
    for act in acts(boss):
        refused = next((m for m in members.values() if not act.may(m)), None)
        if act.kind == "action" or refused is None:
            continue
        # Who may look at a row that nobody may change is shown it; nothing else is a 200.
        status, wrote = send(refused, act.url)
        if wrote or status not in (403, 404):
            wrong[str(act), refused.username] = status, wrote

    assert wrong == {}


def test_an_action_that_one_may_not_do_does_nothing(boss, members):  # noqa: F811
    wrong = {}
    for act in acts(boss):
        refused = next((m for m in members.values() if not act.may(m)), None)
        if act.kind != "action" or refused is None:
            continue
        client = Client()
        client.force_login(refused)
        row = act.screen.model._default_manager.values_list("pk", flat=True).first()
        before = writes()
        form = {"action": act.name, "_selected_action": [row], "confirmed": "1"}
        status = client.post(act.url, form).status_code
        if writes() != before or status not in (302, 403):
            wrong[str(act), refused.username] = status

    assert wrong == {}


def test_strangers_are_sent_to_sign_in(boss):
    urls = {act.url for act in acts(boss)} | {url for _route, url in pages()}
    open_to_all = {
        f"/admin/{path}" for path in ("login/", "logout/", "language/", "jsi18n/", "second-factor/")
    } | {"/admin/second-factor/recovery-codes/"}  # leads to the second factor, and that to sign in

    met = {url: send(None, url) for url in urls}

    assert {url for url, (_status, wrote) in met.items() if wrote} <= open_to_all
    passed = {url for url, (status, _wrote) in met.items() if status not in (401, 403, 404, 405)}
    assert {url for url in passed if "set-password" not in url} <= open_to_all


def test_somebody_who_is_no_staff_is_a_stranger(boss):
    guest = User.objects.create(username="guest", is_staff=False)
    for url in ("/admin/orders/order/", "/admin/invariants/", "/admin/core/rule/add/"):
        assert send(guest, url) == (401, False)
