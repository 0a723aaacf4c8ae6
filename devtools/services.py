"""PostgreSQL and Valkey, started by their first user and stopped by their last.

A keeper process is their parent. Users hold a shared lock, which the kernel drops however they
die, and the servers die with the keeper; so nothing is ever left running.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

from devtools.base import (
    DEV,
    ROOT,
    STOP_SECONDS,
    Failure,
    is_held,
    lock,
    locked,
    say,
    tail,
    try_lock,
    write_private,
)
from devtools.places import socket_folder
from devtools.postgres import prepare_cluster, start_postgres
from devtools.processes import finish
from devtools.valkey import start_valkey


def keep(kind: str, ready: int) -> int:
    """Run the servers of `kind` until nobody uses them any more."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.append(number))
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    lock(f"{kind}.keeper.lock")
    state_file(kind).unlink(missing_ok=True)
    servers: list[subprocess.Popen] = []
    try:
        write_private(state_file(kind), json.dumps(start_servers(kind, servers)))
        os.write(ready, b"ready")
        os.close(ready)
        while not stopping and all(server.poll() is None for server in servers):
            if try_lock(f"{kind}.users.lock") is not None:
                break
            time.sleep(0.2)
        return int(any(server.poll() is not None for server in servers))
    except Failure as failure:
        os.write(ready, str(failure).encode())
        return 1
    finally:
        state_file(kind).unlink(missing_ok=True)
        for server in reversed(servers):
            finish(server, [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL], 8)


def start_servers(kind: str, servers: list[subprocess.Popen]) -> dict:
    """Start what `kind` needs and return how to reach it."""
    sockets = socket_folder(kind)
    with open(DEV / f"{kind}.log", "w") as log:
        servers.append(start_postgres(kind, sockets, log))
        prepare_cluster(sockets)
        if kind != "test":  # each test run has a Valkey of its own, which it may flush
            servers.append(start_valkey(sockets / "valkey.sock", log))
    host = quote(str(sockets))
    env = {
        "DATABASE_URL": f"postgres://app@/{host}/backoffice",
        "OWNER_DATABASE_URL": f"postgres://owner@/{host}/backoffice",
        "SUPERUSER_DATABASE_URL": f"postgres://postgres@/{host}/postgres",
        "REDIS_URL": f"unix://{host}/valkey.sock",
    }
    names = [".s.PGSQL.5432", *([] if kind == "test" else ["valkey.sock"])]
    return {"pid": os.getpid(), "env": env, "sockets": [str(sockets / name) for name in names]}


def answers(sockets: list[str]) -> bool:
    """Tell whether a server listens on every socket."""
    for path in sockets:
        with socket.socket(socket.AF_UNIX) as client:
            if client.connect_ex(path):
                return False
    return True


def state_file(kind: str) -> Path:
    """Return where the keeper says how to reach its servers."""
    return DEV / ("state.json" if kind == "run" else f"{kind}.state.json")


class Services:
    """A use of the servers of one kind: the first use starts them, the last one stops them."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.keeper: subprocess.Popen | None = None
        with locked(f"{kind}.start.lock"):
            self.users = lock(f"{kind}.users.lock", fcntl.LOCK_SH)
            if not self.join():
                self.start()
                self.join()

    def join(self) -> bool:
        """Use the servers that run; wait for those that are about to start or to end."""
        deadline = time.monotonic() + 60
        while self.alive():
            with contextlib.suppress(FileNotFoundError):
                state = json.loads(state_file(self.kind).read_text())
                self.pid, self.env = state["pid"], state["env"]
                if answers(state["sockets"]):
                    return True
                self.stop()
            if time.monotonic() > deadline:
                raise Failure("The services neither start nor stop: see python3 dev.py doctor.")
            time.sleep(0.02)
        return False

    def alive(self) -> bool:
        """Tell whether the servers' keeper lives."""
        return is_held(f"{self.kind}.keeper.lock")

    def start(self) -> None:
        """Start the keeper in a session of its own and wait for its word."""
        reader, writer = os.pipe()
        log = DEV / f"{self.kind}.keeper.log"
        command = [sys.executable, str(ROOT / "dev.py"), "_keep", self.kind, str(writer)]
        with open(log, "w") as output:
            self.keeper = subprocess.Popen(
                command,
                cwd="/",
                pass_fds=[writer],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            word = answer.read().decode(errors="replace")
        if word != "ready":
            self.keeper.wait()
            os.close(self.users)
            raise Failure(
                f"{tail(DEV / f'{self.kind}.log')}\n{tail(log)}\n"
                f"{word or 'The services did not start.'}"
            )

    def leave(self) -> None:
        """Give up this use; stop the servers when it was the last."""
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.stop()
        os.close(self.users)

    def stop(self) -> None:
        """Stop the keeper and with it the servers."""
        deadline = time.monotonic() + STOP_SECONDS
        number: int = signal.SIGTERM
        while self.alive():
            if number:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)
            number = signal.SIGKILL if time.monotonic() > deadline else 0
            if self.keeper:
                self.keeper.poll()
            time.sleep(0.02)
        if self.keeper:
            self.keeper.wait()


def given_services() -> dict[str, str] | None:
    """Return the environment of a database and a Valkey that the caller brought along."""
    given = [name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)]
    if not given:
        return None
    if len(given) == 1:
        raise Failure(f"Only {given[0]} is set: set both DATABASE_URL and REDIS_URL, or neither.")
    if not os.environ.get("OWNER_DATABASE_URL"):
        say("OWNER_DATABASE_URL is not set: DATABASE_URL is used for migrations too.")
    owner = os.environ.get("OWNER_DATABASE_URL") or os.environ["DATABASE_URL"]
    return {"OWNER_DATABASE_URL": owner}


@contextlib.contextmanager
def services(kind: str):
    """Yield the services of one kind, given or embedded: `env` reaches them, `alive` watches."""
    if (env := given_services()) is not None:
        yield SimpleNamespace(env=env, alive=lambda: True, log=None)
        return
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]  # libpq would listen to these as well
    use = Services(kind)
    try:
        yield use
    finally:
        use.leave()
