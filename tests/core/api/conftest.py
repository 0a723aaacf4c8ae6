import json

import pytest
from django.test import Client

from backoffice.core.tokens import create_token


@pytest.fixture
def api(db, channel, service_sku):
    """Call the API: `api("get", "orders/", scopes=…)`."""

    def call(method, path, body=None, *, scopes=("orders:read", "orders:write"), **headers):
        _, text = create_token("Shop", scopes)
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        data = body if isinstance(body, (str, bytes)) else json.dumps(body) if body else ""
        return Client(headers={"Authorization": f"Bearer {text}"} | headers).generic(
            method.upper(), f"/api/v1/{path}", data, content_type="application/json"
        )

    return call
