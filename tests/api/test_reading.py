"""Reading leaves no trace: every address is crawled, and no row is written."""

import pytest
from django.test import Client

from backoffice.core.sql import execute
from backoffice.core.tokens import create_token
from tests.api.operations import OPERATIONS, SCOPES


def writes():
    """Count the writes of this transaction, table by table."""
    return execute(
        "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
        " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY relname"
    )


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_reading_every_address_changes_nothing(world, method, settings):
    settings.API_REQUESTS_PER_MINUTE = 10_000
    _token, text = create_token("reader", SCOPES)
    api = Client(headers={"Authorization": f"Bearer {text}"})
    api.get("/api/v1/orders/")
    before = writes()
    statuses = set()

    for operation in OPERATIONS:
        if operation.method != "GET" and method != "options":
            continue
        urls = [f"/api/v1{operation.path}"]
        if operation.is_detail:
            urls = [operation.url(row) for row in operation.model._default_manager.all()[:2]]
        for url in urls:
            statuses.add(getattr(api, method)(url).status_code)
    for path in ("schema/", "docs/"):
        statuses.add(getattr(api, method)(f"/api/v1/{path}").status_code)

    assert statuses == {200}
    assert writes() == before
