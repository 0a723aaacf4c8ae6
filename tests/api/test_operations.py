"""Every operation of the description, called by the client made of it: it tells the truth."""

import pytest

from backoffice.core.models import User
from backoffice.core.tokens import create_token
from tests.api.bodies import CREATE, OTHER, VERBS
from tests.api.operations import OPERATIONS, SCOPES
from tests.api.states import prepare
from tests.fixtures.api import Program, operations

BY_PATH = {(o.method.lower(), o.path): o for o in OPERATIONS}
# Programs have no rights of their own: to decide what others asked for, to let rules act.
BY_PEOPLE = {"approvals", "rules"}
# Nobody takes back what somebody else asked for.
BLOCKED = {"approvals_withdraw_create"}


@pytest.fixture
def call(world):
    """Call as a program; what people alone may do, as somebody who may do everything."""
    program = Program(create_token("Everything", SCOPES)[1])
    boss = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    person = Program(user=boss)

    def run(operation_id, *args, **parameters):
        resource = operations()[operation_id]["path"].removeprefix("/api/v1/").partition("/")[0]
        caller = person if resource in BY_PEOPLE else program
        return caller(operation_id, *args, **parameters)

    return run


def known(operation_id):
    """Return method and address of a documented operation, and the view that answers it."""
    operation = operations()[operation_id]
    path = operation["path"].removeprefix("/api/v1/")
    for name in ("{number}", "{id}"):
        path = path.replace(name, "{key}")
    return operation, BY_PATH.get((operation["method"], f"/{path}")), path.strip("/").split("/")


def kinds(*wanted):
    """Return the operations of some kinds."""
    return [i for i in sorted(operations()) if kind_of(i) in wanted]


def kind_of(operation_id):
    operation, view, parts = known(operation_id)
    method = operation["method"]
    if operation_id in OTHER:
        return "other"
    if method == "get":
        return "retrieve" if "{key}" in parts else "list"
    if method in ("put", "patch"):
        return method
    if parts[1:2] == ["verbs"]:
        return "verbs"
    if "{key}" in parts:
        return "verb"
    return "bulk" if parts[-1] == "bulk" else "create"


def keys(view):
    """Return the parameter that names a row, and the rows' names."""
    name = "number" if view.view.lookup_field != "pk" else "id"
    rows = view.model._default_manager.order_by("pk")
    return name, list(rows.values_list(view.view.lookup_field, flat=True))


@pytest.mark.parametrize("operation_id", kinds("list"))
def test_a_list_is_read(call, operation_id):
    answer = call(operation_id)

    assert answer.status_code == 200
    rows = answer.json()
    assert rows if isinstance(rows, list) else rows["results"]


@pytest.mark.parametrize("operation_id", kinds("retrieve"))
def test_one_row_is_read_and_not_sent_again(call, world, operation_id):
    _operation, view, _parts = known(operation_id)
    if view is None:
        assert call(operation_id, number=world.mixed.order_number).status_code == 200
        return
    name, rows = keys(view)
    first = call(operation_id, **{name: rows[0]})
    again = call(operation_id, **{name: rows[0]}, if_none_match=first.headers["ETag"])

    assert (first.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize("operation_id", kinds("create"))
def test_one_is_made(call, world, operation_id):
    _operation, _view, (resource, *_rest) = known(operation_id)

    body = CREATE[resource](world)

    answer = call(operation_id, body, idempotency_key="k")
    again = call(operation_id, body, idempotency_key="k")
    other = call(operation_id, body)

    expected = 202 if resource == "support-messages" else 201
    assert answer.status_code == expected, answer.content
    assert (again.status_code, again.json()) == (expected, answer.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    # The same once more is there already, or another of its kind.
    assert other.status_code in (expected, 200, 400, 409)


@pytest.mark.parametrize("operation_id", kinds("bulk"))
def test_many_are_made(call, world, operation_id):
    _operation, _view, (resource, *_rest) = known(operation_id)

    answer = call(operation_id, {"items": [CREATE[resource](world)]})

    (result,) = answer.json()["results"]
    assert (answer.status_code, result["status"]) == (200, "CREATED"), result
    assert result["numbers"]


@pytest.mark.parametrize("operation_id", kinds("put", "patch"))
def test_settings_are_written_as_they_were_read(call, world, operation_id):
    operation, view, (resource, *_rest) = known(operation_id)
    name, rows = keys(view)
    read = operation_id.replace("partial_update", "retrieve").replace("update", "retrieve")
    before = call(read, **{name: rows[0]})
    body = {"is_active": True} if "is_active" in before.json() else {}
    if operation["method"] == "put":
        body = writable(operation, before.json()) | secrets(resource)

    written = call(operation_id, body, **{name: rows[0]}, if_match=before.headers["ETag"])
    stale = call(operation_id, body, **{name: rows[0]}, if_match='"0"')

    assert (written.status_code, stale.status_code) == (200, 412), written.content
    changed = {"updated_at", "owner_id"}
    after = {k: v for k, v in written.json().items() if k not in changed}
    assert after == {k: v for k, v in before.json().items() if k not in changed}


def writable(operation, row):
    """Return what a row says of the fields that may be written."""
    from tests.fixtures.api import description

    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema = description()["components"]["schemas"][reference.rpartition("/")[2]]
    return {name: row[name] for name in schema["properties"] if name in row}


def secrets(resource):
    given = {
        "carrier-accounts": {"api_key": "k"},
        "payout-accounts": {"account_number": "12345"},
    }
    return given.get(resource, {})


@pytest.mark.parametrize("operation_id", kinds("verb"))
def test_a_verb_is_done_where_it_may_be(call, world, operation_id):
    operation, view, (resource, _key, verb) = known(operation_id)
    body = VERBS.get(f"{resource}/{verb}", lambda world: {})(world) | {"reason": "tried"}
    body = body if "requestBody" in operation else None
    prepare(operation_id, world)
    name, rows = keys(view)

    answers = set()
    for row in rows:
        answer = call(operation_id, body, **{name: row}, idempotency_key=str(row))
        answers.add(answer.status_code)
        if answer.status_code == 200:
            break

    assert answers <= {200, 409}
    assert (200 in answers) == (operation_id not in BLOCKED)


@pytest.mark.parametrize("operation_id", kinds("verbs"))
def test_a_verb_is_done_on_many(call, world, operation_id):
    _operation, view, (resource, _verbs, verb) = known(operation_id)
    body = VERBS.get(f"{resource}/{verb}", lambda world: {})(world)
    _name, rows = keys(view)

    answer = call(operation_id, body | {"numbers": [*rows[:3], "NONE"]})

    assert answer.status_code == 200
    told = answer.json()
    assert {*told["moved"], *told["blocked"]} == {*rows[:3], "NONE"}


@pytest.mark.parametrize("operation_id", kinds("other"))
def test_what_is_like_nothing_else_works_too(call, world, operation_id):
    operation, view, _parts = known(operation_id)
    parameters = {}
    if "{" in operation["path"]:
        name, rows = keys(view) if view else ("number", [world.fresh.order_number])
        parameters = {name: rows[0]}

    answer = call(operation_id, OTHER[operation_id](world), **parameters)

    assert answer.status_code in (200, 201, 204), answer.content
