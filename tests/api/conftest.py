"""The shop of `world`, made once for a module; each test looks at it and leaves it as it was."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from tests.api.world import World, build


@pytest.fixture(scope="module")
def _shop(django_db_setup: None, django_db_blocker: object) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


@pytest.fixture
def world(_shop: World) -> Iterator[World]:
    """Yield the shop; what a test changes is undone."""
    with transaction.atomic():
        yield _shop
        transaction.set_rollback(True)
