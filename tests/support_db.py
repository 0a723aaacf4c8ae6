"""Databases for tests: one template per state of the schema, one copy per worker.

Tests work as the weak role. A test that commits is undone by deleting every row and putting back
those that migrations made, by a superuser for whom triggers do not fire.
"""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import environ
import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
# What migrations and the post_migrate receivers put into a database is made from these files.
SOURCES = [
    "**/migrations/*.py",
    "backoffice/core/**/*.py",
    "*/models/*.py",
    "*/apps.py",
    "*/roles.py",
    "*/standing.py",
    "backoffice/insights/*.py",
]
TEMPLATE_LIFE = "3 hours"
LOCK = "SELECT pg_advisory_lock(hashtext('backoffice test templates'))"
UNLOCK = "SELECT pg_advisory_unlock(hashtext('backoffice test templates'))"

# Triggers and foreign keys do not fire for the one who puts things back.
CLEANER = "-c session_replication_role=replica -c lock_timeout=5s"

TABLES = """
SELECT relname FROM pg_class
 WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
   AND relname <> 'django_migrations'
"""

RESET = f"""
DO $$
DECLARE
  target record;
  columns text;
  dirty bool;
BEGIN
  FOR target IN
    SELECT relname AS name, to_regclass('seed.' || quote_ident(relname)) IS NOT NULL AS seeded
      FROM ({TABLES}) tables
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', target.name) INTO dirty;
    IF dirty THEN
      EXECUTE format('DELETE FROM public.%I', target.name);
    END IF;
    IF target.seeded THEN
      SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute
       WHERE attrelid = format('public.%I', target.name)::regclass
         AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
      EXECUTE format('INSERT INTO public.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM seed.%I',
                     target.name, columns, columns, target.name);
    END IF;
  END LOOP;
END $$
"""  # noqa: S608


def schema_hash() -> str:
    """Return what names the template: a digest of all that shapes a fresh database."""
    digest = hashlib.sha1(usedforsecurity=False)
    paths = {path for pattern in SOURCES for path in ROOT.glob(pattern)}
    for path in sorted(path for path in paths if ".venv" not in path.parts):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def connect_superuser(database: str = "", options: str = "") -> psycopg.Connection:
    """Open an autocommit connection as the superuser."""
    if not os.environ.get("SUPERUSER_DATABASE_URL"):
        raise RuntimeError("There is no test database here: run python3 dev.py test [arguments].")
    parts = environ.Env.db_url_config(os.environ["SUPERUSER_DATABASE_URL"])
    return psycopg.connect(
        host=parts["HOST"],
        port=parts["PORT"] or None,
        user=parts["USER"],
        password=parts["PASSWORD"] or None,
        dbname=database or parts["NAME"],
        options=options,
        autocommit=True,
    )


def url_of(variable: str, database: str) -> str:
    """Return the address in an environment variable with another database name."""
    return f"{os.environ[variable].rpartition('/')[0]}/{database}"


def create_test_database(name: str) -> None:
    """Create a copy of the template, which is built first where it is missing."""
    with connect_superuser() as admin:
        admin.execute(LOCK)
        try:
            template = os.environ.get("BACKOFFICE_TEST_TEMPLATE") or f"test_tpl_{schema_hash()}"
            drop_leftovers(admin, template)
            if not database_exists(admin, template):
                build_template(admin, template)
            drop_database(admin, name)
            copy = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"
            run(admin, copy, sql.Identifier(name), sql.Identifier(template))
            run(admin, "ALTER DATABASE {} SET timezone = 'UTC'", sql.Identifier(name))
        finally:
            admin.execute(UNLOCK)


def build_template(admin: psycopg.Connection, name: str) -> None:
    """Migrate a new database as the owner and keep aside the rows that this made."""
    draft = f"{name}_draft"
    drop_database(admin, draft)
    owner = environ.Env.db_url_config(os.environ["OWNER_DATABASE_URL"])["USER"]
    base, done = nearest_template(admin), migrations()
    create = f"CREATE DATABASE {{}} OWNER {{}} TEMPLATE {base} STRATEGY FILE_COPY"
    run(admin, create, sql.Identifier(draft), sql.Identifier(owner))
    with connect_superuser(draft) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    migrate(draft)
    with connect_superuser(draft) as connection:
        connection.execute("DROP SCHEMA IF EXISTS seed CASCADE")
        connection.execute("CREATE SCHEMA seed")
        for (table,) in connection.execute(TABLES).fetchall():
            source = sql.Identifier("public", table)
            if run(connection, "SELECT EXISTS (SELECT FROM {})", source).fetchone()[0]:
                copy = "CREATE TABLE {} AS TABLE {}"
                run(connection, copy, sql.Identifier("seed", table), source)
    comment = sql.Literal("\n".join(sorted(done)))
    run(admin, "COMMENT ON DATABASE {} IS {}", sql.Identifier(draft), comment)
    run(admin, "ALTER DATABASE {} RENAME TO {}", sql.Identifier(draft), sql.Identifier(name))
    run(admin, "ALTER DATABASE {} IS_TEMPLATE true", sql.Identifier(name))


def migrations() -> set[str]:
    """Return what tells each migration and its text from others."""
    paths = [path for level in ("*", "*/*") for path in ROOT.glob(f"{level}/migrations/*.py")]
    texts = {path.relative_to(ROOT): path.read_bytes() for path in paths}
    return {
        f"{path} {hashlib.sha1(text, usedforsecurity=False).hexdigest()}"
        for path, text in texts.items()
    }


def nearest_template(admin: psycopg.Connection) -> str:
    """Return the older template that lacks the fewest migrations, and has none that are gone.

    It is brought up to date as a shop is, which takes seconds where from nothing it takes a minute.
    """
    wanted, best = migrations(), ("template1", set[str]())
    older = admin.execute(
        "SELECT datname, string_to_array(shobj_description(oid, 'pg_database'), E'\\n')"
        " FROM pg_database WHERE datistemplate AND datname LIKE 'test\\_tpl\\_%'"
    )
    for name, done in older.fetchall():
        if done and set(done) <= wanted and len(done) > len(best[1]):
            best = name, set(done)
    return best[0]


def migrate(database: str) -> None:
    """Run manage.py migrate as the owner, as it runs in production."""
    env = {
        **os.environ,
        "DATABASE_URL": url_of("DATABASE_URL", database),
        "OWNER_DATABASE_URL": url_of("OWNER_DATABASE_URL", database),
        "BACKOFFICE_DB_ROLE": "owner",
    }
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--skip-checks", "-v", "0"]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"The migrations fail:\n{done.stdout}{done.stderr}")


def drop_leftovers(admin: psycopg.Connection, template: str) -> None:
    """Drop databases of runs that have died and templates of other schemas that are old."""
    for (name,) in admin.execute("SELECT datname FROM pg_database").fetchall():
        owner = re.fullmatch(r"test_(\d+)_\w+", name)
        if owner and admin.info.host.startswith("/") and not is_alive(int(owner[1])):
            drop_database(admin, name)
    old = admin.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_tpl\\_%%' AND datname <> %s"
        " AND (pg_stat_file(format('base/%%s/PG_VERSION', oid), true)).modification"
        " < now() - %s::interval",
        [template, TEMPLATE_LIFE],
    )
    for (name,) in old.fetchall():
        drop_database(admin, name)


def is_alive(pid: int) -> bool:
    """Tell whether a process of this machine lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def database_exists(admin: psycopg.Connection, name: str) -> bool:
    """Tell whether there is a database of this name."""
    found = admin.execute("SELECT FROM pg_database WHERE datname = %s", [name])
    return found.fetchone() is not None


def drop_database(admin: psycopg.Connection, name: str) -> None:
    """Drop a database, a template too, whoever is connected."""
    found = admin.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", [name])
    if row := found.fetchone():
        # One whose dropping was cut short cannot be altered any more.
        if row[0]:
            run(admin, "ALTER DATABASE {} IS_TEMPLATE false", sql.Identifier(name))
        run(admin, "DROP DATABASE {} WITH (FORCE)", sql.Identifier(name))


def run(connection: psycopg.Connection, query: str, *names: sql.Composable) -> psycopg.Cursor:
    """Execute a statement with its identifiers filled in."""
    return connection.execute(sql.SQL(query).format(*names))
