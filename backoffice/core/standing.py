"""Rows that exist in every installation: the users of jobs, the company, the currencies."""

from collections.abc import Callable

from django.contrib.auth.hashers import make_password
from django.db import connection

from backoffice.core.choices import UserKind
from backoffice.core.models import Company, Currency, User

CURRENCIES = {
    "EUR": "Euro",
    "USD": "US dollar",
    "GBP": "Pound sterling",
    "CNY": "Renminbi yuan",
    "BRL": "Brazilian real",
    "JPY": "Yen",
}
BASIC_JOBS = ["system", "events", "importer", "demo"]

_ids: dict[str, int] = {}
_creators: list[Callable[[], None]] = []


def standing(function: Callable[[], None]) -> Callable[[], None]:
    """Register what creates an app's own standing rows; it runs after every migration."""
    _creators.append(function)
    return function


def create_standing_rows() -> None:
    """Create what is missing; never change what is there."""
    from backoffice.core.tasks import SCHEDULED, load_tasks

    load_tasks()
    for name in [*BASIC_JOBS, *SCHEDULED]:
        User.objects.get_or_create(
            username=f"job:{name}",
            defaults={"kind": UserKind.JOB, "password": make_password(None), "first_name": name},
        )
    for code, name in CURRENCIES.items():
        Currency.objects.get_or_create(code=code, defaults={"name": name})
    if not Company.objects.exists():
        Company.objects.create(name="Backoffice")
    for create in _creators:
        create()


def job_user_id(name: str) -> int:
    """Return the id of a job's own user."""
    key = f"{connection.settings_dict['NAME']}:{name}"
    if key not in _ids:
        _ids[key] = User.objects.values_list("pk", flat=True).get(username=f"job:{name}")
    return _ids[key]
