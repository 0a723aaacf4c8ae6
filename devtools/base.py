"""Paths, locks and small files that every part of the launcher uses."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEV = ROOT / ".dev"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PROJECT = hashlib.sha1(os.fsencode(ROOT), usedforsecurity=False).hexdigest()[:8]
LINUX = sys.platform == "linux"
STOP_SECONDS = 20


class Failure(Exception):
    """Say what went wrong and what to do."""


def say(text: str) -> None:
    """Print one line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def lock(name: str, mode: int = fcntl.LOCK_EX) -> int:
    """Wait for the named lock and return its descriptor; the kernel drops it when we die."""
    make_dev()
    descriptor = os.open(DEV / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, mode)
    except BlockingIOError:
        os.close(descriptor)
        raise
    return descriptor


def try_lock(name: str, mode: int = fcntl.LOCK_EX) -> int | None:
    """Take the named lock if it is free now."""
    try:
        return lock(name, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


@contextlib.contextmanager
def locked(name: str):
    """Hold the named lock for the block."""
    descriptor = lock(name)
    try:
        yield
    finally:
        os.close(descriptor)


def is_held(name: str) -> bool:
    """Tell whether a living process holds the named lock."""
    descriptor = try_lock(name, fcntl.LOCK_SH)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def make_dev() -> None:
    """Create .dev, refusing one that belongs to somebody else."""
    with contextlib.suppress(FileExistsError):
        DEV.mkdir(mode=0o755)
    owner = DEV.stat().st_uid
    if owner != os.geteuid():
        raise Failure(f"{DEV} belongs to uid {owner}: work as that user, or remove it first.")


def write_private(path: Path, text: str) -> None:
    """Replace a file that only we may read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(draft, path)


def tail(path: Path, lines: int = 30) -> str:
    """Return the last lines of a log."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
