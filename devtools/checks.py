"""What `make test` and `make bench` run."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import time

from devtools.base import DEV, PYTHON, ROOT, VENV, say
from devtools.environment import project_environment
from devtools.places import socket_folder
from devtools.postgres import CLUSTERS
from devtools.processes import command_line, finish, spawn
from devtools.services import services
from devtools.valkey import start_valkey

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "backoffice.settings.production",
    "ALLOWED_HOSTS": "backoffice.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://backoffice.example.com",
    "PUBLIC_URL": "https://backoffice.example.com",
    "MEDIA_ROOT": "/var/lib/backoffice",
    "DEFAULT_FROM_EMAIL": "shop@example.com",
}
CHECKS = [
    ("ruff check .", {}),
    ("ruff format --check .", {}),
    ("mypy", {}),
    ("lint-imports", {}),
    ("manage.py makemigrations --check --dry-run", {"BACKOFFICE_DB_ROLE": "owner"}),
    ("manage.py check --deploy --fail-level WARNING", PRODUCTION),
    ("manage.py messages --check", {}),
]


def test(arguments: list[str]) -> int:
    """Run the checks and the tests; with arguments only pytest, which gets them."""
    with services("test") as use, own_valkey(use.env) as valkey:
        env = project_environment({**use.env, **valkey})
        env["BACKOFFICE_TEST_DB"] = f"test_{os.getpid()}"
        broken = (
            [] if arguments else [name for name, extra in CHECKS if not check(name, env, extra)]
        )
        for name in broken:
            say(f"FAILED  {name}")
        arguments = arguments or ["-n", str(os.cpu_count() or 1)]
        tests = spawn([PYTHON, "-m", "pytest", *arguments], env=env, cwd=ROOT, stdin=None).wait()
        return tests or int(bool(broken))


def check(name: str, env: dict[str, str], extra: dict[str, str]) -> bool:
    """Run one check, say how long it took, and show its output when it fails."""
    program, *arguments = name.split()
    command = [PYTHON, ROOT / program] if program == "manage.py" else [VENV / "bin" / program]
    secret = {"SECRET_KEY": secrets.token_urlsafe(64)}
    started = time.monotonic()
    process = spawn(
        [*command, *arguments],
        env={**env, **secret, **extra},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    text = process.communicate()[0].decode(errors="replace")
    passed = process.returncode == 0
    if not passed:
        say(text.rstrip())
    say(f"{'ok' if passed else 'FAILED':6}  {time.monotonic() - started:5.1f} s  {name}")
    return passed


@contextlib.contextmanager
def own_valkey(env: dict[str, str]):
    """Yield the address of a Valkey that only this test run uses."""
    if "DATABASE_URL" not in env:  # the services are given, Valkey among them
        yield {}
        return
    folder = socket_folder("test")
    for left in folder.glob("valkey-*.sock"):  # by runs that were killed
        if not command_line(int(left.stem.partition("-")[2])):
            left.unlink(missing_ok=True)
    path = folder / f"valkey-{os.getpid()}.sock"
    with open(DEV / "test.valkey.log", "a") as log:
        server = start_valkey(path, log)
    try:
        yield {"REDIS_URL": f"unix://{path}"}
    finally:
        finish(server, [signal.SIGTERM, signal.SIGKILL], 5)
        path.unlink(missing_ok=True)


def bench(arguments: list[str]) -> int:
    """Run the benchmarks on a cluster made for them, with durable writes."""
    assert "fsync=off" not in CLUSTERS["bench"][1]
    with services("bench") as use:
        env = project_environment(use.env)
        return spawn([PYTHON, "-m", "bench", *arguments], env=env, cwd=ROOT, stdin=None).wait()
