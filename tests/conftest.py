"""What every test gets: a database of its own worker, an empty cache, a browser if there is one."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import TransactionTestCase
from django.utils import translation

from tests import support_db

FIXTURES = Path(__file__).parent / "fixtures"
CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

# Fixtures of one domain are written in a module of their own.
pytest_plugins = [f"tests.fixtures.{path.stem}" for path in sorted(FIXTURES.glob("[!_]*.py"))]


def pytest_configure(config: pytest.Config) -> None:
    """Name the template once for all workers; give this worker its own Valkey database."""
    os.environ.setdefault("BACKOFFICE_TEST_TEMPLATE", f"test_tpl_{support_db.schema_hash()}")
    os.environ.setdefault("BACKOFFICE_TEST_DB", f"test_{os.getpid()}")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if os.environ.get("REDIS_URL") and os.environ.get("DJANGO_SETTINGS_MODULE"):
        use_redis_database(int(worker.removeprefix("gw")) + 1 if worker else 0)


def use_redis_database(number: int) -> None:
    """Point the cache and the broker at one numbered database of Valkey."""
    from django.conf import settings

    from backoffice.settings.base import redis_urls

    url = os.environ["REDIS_URL"].partition("?")[0]
    if url.startswith("unix:"):
        url += f"?db={number}"
    else:
        url = urlsplit(url)._replace(path=f"/{number}").geturl()
    os.environ["REDIS_URL"] = settings.REDIS_URL = url
    settings.CELERY_BROKER_URL, settings.CACHES["default"]["LOCATION"] = redis_urls(url)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """Give this worker a copy of the migrated template and connect to it as the weak role."""
    from django.db import connection

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{os.environ['BACKOFFICE_TEST_DB']}_{worker}"
    support_db.create_test_database(name)
    for variable in ("DATABASE_URL", "OWNER_DATABASE_URL"):
        os.environ[variable] = support_db.url_of(variable, name)
    # Threads get their settings from the same dictionary.
    connection.settings_dict["NAME"] = name
    original = TransactionTestCase._fixture_teardown
    with support_db.connect_superuser(name, support_db.CLEANER) as cleaner:
        TransactionTestCase._fixture_teardown = lambda self: cleaner.execute(support_db.RESET)
        yield
        TransactionTestCase._fixture_teardown = original
    with django_db_blocker.unblock():
        connection.close()
    with support_db.connect_superuser() as admin:
        support_db.drop_database(admin, name)


@pytest.fixture
def superuser_connection(transactional_db):
    """Yield an autocommit psycopg connection as the superuser; it sees committed rows only."""
    from django.db import connection

    with support_db.connect_superuser(connection.settings_dict["NAME"]) as superuser:
        yield superuser


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest):
    """Start each test that may reach the cache with an empty one."""
    if os.environ.get("DJANGO_SETTINGS_MODULE") and os.environ.get("REDIS_URL"):
        from django.core.cache import cache

        cache.clear()


@pytest.fixture(autouse=True)
def _usual_language():
    """Let no test speak the language of the one before."""
    yield
    translation.activate("en")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a browser; a missing one is an error only in CI."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found:
        return found
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail("There is no chromium for the browser tests.")
    pytest.skip("there is no chromium: install it to run the browser tests")
