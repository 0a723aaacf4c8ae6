"""The databases of the benches: one made for each run, and filled ones that are kept."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from psycopg import sql

from tests import support_db

FRESH = "bench"


def use_fresh() -> None:
    """Make an empty database and point this process at it."""
    support_db.create_test_database(FRESH)
    os.environ.update(addresses(FRESH))


def addresses(database: str) -> dict[str, str]:
    """Return the environment of a process that works on a database."""
    names = ("DATABASE_URL", "OWNER_DATABASE_URL")
    return {name: support_db.url_of(name, database) for name in names}


def filled(rows: int) -> str:
    """Return the name of a shop of so many orders; it is made where it is missing or outdated."""
    migrations = [support_db.ROOT.glob(f"{level}/migrations/*.py") for level in ("*", "*/*")]
    made_of = [Path(__file__).with_name("shop.py"), *sorted(path for m in migrations for path in m)]
    digest = hashlib.sha1(b"".join(map(Path.read_bytes, made_of)), usedforsecurity=False)
    name = f"shop_{rows}_{digest.hexdigest()[:12]}"
    with support_db.connect_superuser() as admin:
        if support_db.database_exists(admin, name):
            return name
        print(f"Filling a shop of {rows:,} orders; it is kept for the next run", flush=True)
        old = admin.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"shop_{rows}_%"]
        )
        for (outdated,) in old.fetchall():
            support_db.drop_database(admin, outdated)
        draft = f"shop_{rows}_draft"
        support_db.create_test_database(draft)
        subprocess.run(
            [sys.executable, "-m", "bench.shop", str(rows)],
            env={**os.environ, **addresses(draft)},
            check=True,
        )
        rename = "ALTER DATABASE {} RENAME TO {}"
        support_db.run(admin, rename, sql.Identifier(draft), sql.Identifier(name))
    return name
