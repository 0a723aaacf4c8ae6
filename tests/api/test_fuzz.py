"""Schemathesis asks the whole server what the description allows, and what it does not.

`BACKOFFICE_FUZZ=1 python dev.py test tests/api/test_fuzz.py` asks more, and other things each time.
"""

import logging
import os
import random
import re

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.urls import reverse
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import ScenarioFinished

from backoffice.core.tokens import create_token
from tests.api.operations import SCOPES
from tests.api.world import build

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

MORE = bool(os.environ.get("BACKOFFICE_FUZZ"))
# Verbs of a kind have the same body, and so have PATCH and PUT: one of each is asked.
WRITES = (
    r"^(?!.*_(verbs|partial)_).*_update$"
    r"|^(orders|receipts|parcels|payments|refunds|tickets|surveys|stock_moves|rules)_create$"
    r"|^(stock_moves_transfers|parcels_scans|orders_bulk|orders_hold|pick_lists_confirm)_create$"
    r"|^(tickets_reply|sales_channels|orders_verbs_hold)_create$|^lanes_partial_update$"
)
ASKED = {
    "reads": r".*_(list|retrieve)$",
    "writes": r".*_(create|update)$" if MORE else WRITES,
}
CONFIG = """
seed = {seed}
headers = {{ Authorization = "Bearer {token}" }}
[generation]
max-examples = {examples}
deterministic = {deterministic}
no-shrink = true
database = "none"
[phases.coverage]
unexpected-methods = ["DELETE"]
[phases.stateful]
max-steps = 4
[checks]
negative_data_rejection.enabled = false
positive_data_acceptance.enabled = false
missing_required_header.enabled = false
unsupported_method.enabled = false
ignored_auth.enabled = false
use_after_free.enabled = false
ensure_resource_availability.enabled = false
"""


@pytest.mark.parametrize("kind", ASKED)
def test_nothing_breaks(kind, settings, caplog):
    caplog.set_level(logging.ERROR, "django.request")
    settings.API_REQUESTS_PER_MINUTE = 10**9
    build()
    config = CONFIG.format(
        seed=random.SystemRandom().randrange(10**6) if MORE else 1,
        token=create_token("Fuzz", SCOPES)[1],
        examples=20 if MORE else 1,
        deterministic=str(not MORE).lower(),
    )
    schema = schemathesis.openapi.from_wsgi(
        f"{reverse('api:schema')}?format=json",
        WSGIHandler(),
        config=SchemathesisConfig.from_str(config),
    ).include(operation_id_regex=re.compile(ASKED[kind]))
    calls, found = 0, {}

    for event in from_schema(schema).execute():
        if not isinstance(event, ScenarioFinished):
            continue
        calls += len(event.recorder.interactions)
        for nodes in event.recorder.checks.values():
            for node in nodes:
                if node.failure_info is not None:
                    failure = node.failure_info.failure
                    found[event.label, failure.title] = node.failure_info.code_sample

    assert found == {}
    assert calls > 1_000
