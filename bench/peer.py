"""Five-leg transactions by django-hordak as its manual writes them.

`peer.py HOST PORT USER DATABASE COUNT` runs in an environment of its own; it
prints CPU seconds per transaction, client and database together.
"""

import resource
import sys
from pathlib import Path

import django
from django.conf import settings

host, port, user, database, count = sys.argv[1:]
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": host,
            "PORT": port,
            "USER": user,
            "NAME": database,
        }
    },
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "djmoney",
        "mptt",
        "hordak",
    ],
    CURRENCIES=("EUR",),
    DEFAULT_CURRENCY="EUR",
    HORDAK_INTERNAL_CURRENCY="EUR",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from hordak.models import Account, Leg, Transaction  # noqa: E402
from moneyed import Money  # noqa: E402


def used(pid: int) -> float:
    """Return the CPU seconds of this process and of its backend."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    backend = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return usage.ru_utime + usage.ru_stime + backend


call_command("migrate", verbosity=0)
accounts = [
    Account.objects.create(name=str(n), code=str(n), type="IN", currencies=["EUR"])
    for n in range(5)
]
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_backend_pid()")
    [pid] = cursor.fetchone()
started = used(pid)
for _number in range(int(count)):
    with transaction.atomic():
        entry = Transaction.objects.create(description="settlement")
        Leg.objects.create(transaction=entry, account=accounts[0], debit=Money(100, "EUR"))
        for account, part in zip(accounts[1:], (19, 12, 1, 68), strict=True):
            Leg.objects.create(transaction=entry, account=account, credit=Money(part, "EUR"))
print((used(pid) - started) / int(count))
