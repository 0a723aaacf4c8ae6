"""`make run`: prepare the data, run the product's processes side by side, stop them in order."""

from __future__ import annotations

import collections
import contextlib
import hashlib
import http.client
import os
import selectors
import signal
import socket
import subprocess
import time

from devtools.base import (
    DEV,
    PYTHON,
    ROOT,
    STOP_SECONDS,
    VENV,
    Failure,
    is_held,
    say,
    tail,
    try_lock,
)
from devtools.commands import manage
from devtools.environment import project_environment, secret
from devtools.places import data_home
from devtools.postgres import CLUSTERS
from devtools.processes import spawn
from devtools.services import services

QUEUES = "default,tracking,settlement,planning,labels,webhooks"
LAST_LINES = 30


class Stop(Exception):
    """End the run because a signal asked for it."""


class Child:
    """A process whose lines are shown behind its name."""

    def __init__(self, name: str, command: list, env: dict[str, str]) -> None:
        self.name = name
        self.process = spawn(
            command,
            env=env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop them in order
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        self.partial = b""
        self.lines: collections.deque[str] = collections.deque(maxlen=LAST_LINES)

    def show(self) -> bool:
        """Print what has been written since; return False at the end of it."""
        try:
            chunk = os.read(self.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return True
        *lines, self.partial = (self.partial + chunk).split(b"\n")
        for line in lines:
            self.lines.append(line.decode(errors="replace"))
            say(f"{self.name:7} | {self.lines[-1]}")
        return bool(chunk)


class Group:
    """The children of one run, in the order in which they stop."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.selector = selectors.DefaultSelector()

    def start(self, name: str, command: list, env: dict[str, str]) -> None:
        """Start one more child."""
        child = Child(name, command, env)
        self.children.append(child)
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def pump(self, seconds: float) -> None:
        """Show what the children write within this time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not self.selector.get_map():
                time.sleep(left)
            for key, _ in self.selector.select(left):
                if not key.data.show():
                    self.selector.unregister(key.fileobj)

    def require_all(self) -> None:
        """Fail with the last words of a child that has ended."""
        for child in self.children:
            if child.process.poll() is not None:
                self.pump(0.2)
                last = "\n".join(child.lines)
                code = child.process.returncode
                raise Failure(
                    f"{last}\n{child.name} ended with code {code}; the lines above say why."
                )

    def stop(self) -> None:
        """Ask each child in turn to end, then kill what is left when the time is up."""
        deadline = time.monotonic() + STOP_SECONDS
        with contextlib.suppress(Stop):  # asked a second time: no more patience
            for child in self.children:
                if child.process.poll() is None:
                    child.process.terminate()
                while child.process.poll() is None and time.monotonic() < deadline:
                    self.pump(0.05)
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()


WEB_PORT, SANDBOX_PORT, SANDBOX_PORTS = 8000, 8900, 4


def run(*, empty: bool = False, port: int = 0) -> int:
    """Run everything until a signal comes; leave nothing behind.

    A shop that was started empty stays so. `port` is taken as it is, or the run fails.
    """
    running = try_lock("run.lock")
    if running is None:
        pid = (DEV / "run.lock").read_text().strip()
        raise Failure(f"It already runs as process {pid}: python3 dev.py stop ends it.")
    os.ftruncate(running, 0)
    os.write(running, str(os.getpid()).encode())
    if empty:
        (DEV / "empty").touch()

    def stop(number, frame):
        raise Stop

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        with services("run") as use:
            serve(use, port)
    except Stop:
        say("Stopped.")
    return 0


def serve(use, wanted: int = 0) -> None:
    """Prepare the data, start the children and watch them."""
    password = secret("credentials")
    web = hold_ports(wanted, 1, last=wanted) if wanted else hold_ports(WEB_PORT, 1)
    servers = hold_ports(SANDBOX_PORT, SANDBOX_PORTS)
    port, sandbox = (held[0].getsockname()[1] for held in (web, servers))
    env = {**use.env, "BACKOFFICE_SANDBOX_PORT": str(sandbox)}
    env["BACKOFFICE_WEB_URL"] = f"http://127.0.0.1:{port}"
    # The sandbox carrier's day takes a minute, so that a newcomer sees parcels arrive.
    env["SANDBOX_DAY_SECONDS"] = os.environ.get("SANDBOX_DAY_SECONDS", "60")
    prepare(env, password)
    env = project_environment(env)
    bin = VENV / "bin"
    gunicorn = [bin / "gunicorn", "backoffice.wsgi", "--worker-class", "gthread"]
    gunicorn += ["--workers", 2, "--threads", 4, "--graceful-timeout", 5]
    # Both workers are made of one import, which takes longer than all else at a start.
    gunicorn += ["--bind", f"127.0.0.1:{port}", "--no-control-socket", "--preload"]
    celery = [bin / "celery", "-A", "backoffice"]
    group = Group()
    for held in (*web, *servers):
        held.close()
    try:
        group.start("web", gunicorn, env)
        group.start("beat", [*celery, "beat", "-s", DEV / "beat", "--pidfile="], env)
        group.start("sandbox", [PYTHON, ROOT / "manage.py", "sandbox"], env)
        group.start("worker", [*celery, "worker", "-Q", QUEUES, "-c", 2], env)
        wait_until_ready(group, port)
        say(f"\n  http://127.0.0.1:{port}/   user: admin   password: {password}")
        say(f"{roles()}  Ctrl-C stops.\n")
        while True:
            group.pump(1)
            group.require_all()
            if not use.alive():
                raise Failure(f"{tail(DEV / 'run.log')}\nPostgreSQL or Valkey has ended.")
    finally:
        group.stop()


def prepare(env: dict[str, str], password: str) -> None:
    """Migrate and fill the database, unless nothing has changed since that was done."""
    stamp, key = DEV / "prepared", prepared_key()
    if key and stamp.exists() and stamp.read_text() == key:
        return
    shop = ["--no-shop"] if (DEV / "empty").exists() else ["--if-empty"]
    for arguments, extra in (
        (["migrate", "-v", "1"], {"BACKOFFICE_DB_ROLE": "owner"}),
        (["seed_demo", *shop, "--logins", DEV / "logins"], {"BACKOFFICE_ADMIN_PASSWORD": password}),
    ):
        if manage(arguments, {**env, **extra}):
            raise Failure(f"manage.py {arguments[0]} failed; the lines above say why.")
    stamp.write_text(prepared_key())


def roles() -> str:
    """Name the users besides admin who may sign in, each with the rights of a role."""
    logins = DEV / "logins"
    names = logins.read_text().split()[1:] if logins.exists() else []
    return f"  The same password for: {', '.join(names)}.\n" if names else ""


def prepared_key() -> str:
    """Name this code and this cluster; nothing for a database that is not ours to know."""
    version = data_home() / CLUSTERS["run"][0] / "PG_VERSION"
    if os.environ.get("DATABASE_URL") or not version.exists():
        return ""
    made = version.stat()
    digest = hashlib.sha256(f"{made.st_ino} {made.st_mtime_ns}".encode())
    for app in ("backoffice", "inventory", "orders", "logistics", "finance", "support"):
        for path in sorted((ROOT / app).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def wait_until_ready(group: Group, port: int) -> None:
    """Wait until /readyz answers 200."""
    deadline = time.monotonic() + 60
    answer = "no answer"
    while time.monotonic() < deadline:
        group.pump(0.2)
        group.require_all()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            answer = f"{response.status} {response.read(2000).decode(errors='replace')}"
            if response.status == 200:
                return
        except (OSError, http.client.HTTPException) as error:
            answer = str(error)
        finally:
            connection.close()
    raise Failure(f"/readyz is not ready: {answer}")


def hold_ports(first: int, count: int, last: int = 0) -> list[socket.socket]:
    """Listen on the first `count` free ports in a row from `first` on, until their servers start.

    Filling a shop takes minutes, in which another run would take what is merely free.
    """
    last = last or first + 99
    for port in range(first, last + 1):
        held: list[socket.socket] = []
        try:
            for offset in range(count):
                held.append(socket.create_server(("127.0.0.1", port + offset)))
        except OSError:
            for taken in held:
                taken.close()
        else:
            return held
    if first == last:
        raise Failure(f"Port {first} is taken: choose another, or leave --port out.")
    raise Failure(f"No free port from {first} to {last}.")


def stop() -> int:
    """Stop a run from elsewhere and wait for its end."""
    if not is_held("run.lock"):
        say("Nothing runs.")
        return 0
    os.kill(int((DEV / "run.lock").read_text()), signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS + 10
    while is_held("run.lock"):
        if time.monotonic() > deadline:
            raise Failure("It does not stop; see python3 dev.py doctor.")
        time.sleep(0.1)
    return 0
