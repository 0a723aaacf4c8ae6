"""The embedded PostgreSQL.

There is no TCP port, and the sockets lie in a 0700 folder that only we can enter, so `trust`
gives nothing away.
"""

from __future__ import annotations

import contextlib
import locale
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from devtools.base import Failure
from devtools.places import data_home, own_folder, postgres_programs
from devtools.processes import command_line, finish, spawn

FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300"]
CLUSTERS = {
    "run": ("pg", ["max_connections=100"]),
    "test": ("test-pg", FAST),
    "bench": ("bench-pg", ["max_connections=100", "shared_buffers=512MB", "max_wal_size=4GB"]),
}

CLUSTER_SQL = r"""
SET client_min_messages = warning;
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['owner', 'app']) name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
SELECT 'CREATE DATABASE backoffice OWNER owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'backoffice') \gexec
ALTER DATABASE backoffice SET timezone = 'UTC';
\connect backoffice
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
SELECT cardinality(show_trgm('退款多久到账'));
"""


def start_postgres(kind: str, sockets: Path, log) -> subprocess.Popen:
    """Start the cluster of `kind`, making it first if need be, and wait until it answers."""
    folder, settings = CLUSTERS[kind]
    data = data_home() / folder
    programs = postgres_programs()
    if not data.exists():
        make_cluster(programs, data, log, sync=kind != "test")
    own_folder(data)
    command = [programs / "postgres", "-D", data, "-k", sockets, "-h", ""]
    for setting in settings:
        command += ["-c", setting]
    for pause in (0.5, 1, 2, 4, 0):
        clear_stale_pid(data, sockets)
        server = spawn(
            command, death_signal=signal.SIGINT, demote=True, stdout=log, stderr=log, cwd="/"
        )
        if wait_until_ready(server, data):
            return server
        time.sleep(pause)  # the backends of a killed server may yet have to leave shared memory
    raise Failure("PostgreSQL does not start.")


def wait_until_ready(server: subprocess.Popen, data: Path) -> bool:
    """Wait for the word in the pid file, as pg_ctl does; recovery may take minutes."""
    deadline = time.monotonic() + 300
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            lines = (data / "postmaster.pid").read_text().split("\n")
            if len(lines) > 7 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
                return True
        time.sleep(0.02)
    finish(server, [signal.SIGQUIT, signal.SIGKILL], 5)
    return False


def make_cluster(programs: Path, data: Path, log, *, sync: bool) -> None:
    """Create a cluster aside and move it into place, so that a half-made one is never used."""
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    own_folder(draft)
    command = [programs / "initdb", "-D", draft, "-U", "postgres", "--auth=trust"]
    command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--locale=C", f"--lc-ctype={utf8_ctype()}", "--no-instructions"]
    command += [] if sync else ["--no-sync"]
    made = spawn(command, demote=True, stdout=log, stderr=log, cwd="/").wait()
    if made:
        raise Failure("The database cluster could not be created.")
    draft.rename(data)


def utf8_ctype() -> str:
    """Return a locale of this machine that knows all letters: trigrams ask it, not the provider."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8", "UTF-8"):
            with contextlib.suppress(locale.Error):
                return locale.setlocale(locale.LC_CTYPE, name)
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    raise Failure("This machine has no UTF-8 locale: install C.UTF-8 or en_US.UTF-8.")


def clear_stale_pid(data: Path, sockets: Path) -> None:
    """Remove what a dead server left behind; end an orphan that still runs on this data."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n")[0])
    except (OSError, ValueError):
        pid = 0
    for number in (0, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        deadline = time.monotonic() + 5
        while runs_on(data, pid) and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            time.sleep(0.1)
    for path in (pid_file, sockets / ".s.PGSQL.5432.lock", sockets / ".s.PGSQL.5432"):
        path.unlink(missing_ok=True)


def runs_on(data: Path, pid: int) -> bool:
    """Tell whether `pid` is a living server on this data, and not a stranger or a zombie."""
    return pid > 1 and str(data) in command_line(pid)


def prepare_cluster(sockets: Path) -> None:
    """Create roles, database and extension where they are missing, and try trigrams on Chinese."""
    command = [
        str(postgres_programs() / "psql"),
        "-h",
        str(sockets),
        "-U",
        "postgres",
        "-d",
        "postgres",
    ]
    command += ["-d", "postgres", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"]
    env = {"PATH": os.defpath, "PGCLIENTENCODING": "UTF8"}
    done = subprocess.run(
        command, input=CLUSTER_SQL, capture_output=True, text=True, encoding="utf-8", env=env
    )
    if done.returncode:
        raise Failure(f"The database could not be prepared:\n{done.stderr.strip()}")
    if int(done.stdout.split()[-1]) == 0:
        raise Failure("show_trgm() sees no letters in Chinese: wrong locale; run dev.py reset.")
