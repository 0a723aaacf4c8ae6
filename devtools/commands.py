"""Management commands, run in .venv with the services they need."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from pathlib import Path

from devtools.base import PYTHON, ROOT, VENV
from devtools.environment import bootstrap, project_environment
from devtools.processes import spawn
from devtools.services import services

OWNER_COMMANDS = {
    "createcachetable", "flush", "makemigrations", "migrate", "optimizemigration",
    "remove_stale_contenttypes", "showmigrations", "sqlflush", "sqlmigrate", "squashmigrations",
}  # fmt: skip


def enter_environment() -> None:
    """Continue the program in .venv, unless it runs in an environment made for production."""
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    if os.environ.get("DATABASE_URL") and importlib.util.find_spec("django"):
        return
    bootstrap()
    os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606


@contextlib.contextmanager
def command_environment(arguments: list[str]):
    """Set os.environ for a management command, with services as long as it runs."""
    if arguments and arguments[0] in OWNER_COMMANDS:
        os.environ.setdefault("BACKOFFICE_DB_ROLE", "owner")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.development")
    if os.environ.get("DATABASE_URL"):
        yield
        return
    with services("run") as use:
        os.environ.update(project_environment(use.env))
        yield


def manage(arguments: list[str], env: dict[str, str], **options) -> int:
    """Run a management command and return its exit code."""
    command = [PYTHON, ROOT / "manage.py", *arguments]
    return spawn(command, env=project_environment(env), cwd=ROOT, **options).wait()


def enter_manage(arguments: list[str]) -> None:
    """Become manage.py, so that terminal and exit code are its own."""
    os.execv(PYTHON, [str(PYTHON), str(ROOT / "manage.py"), *arguments])  # noqa: S606
