"""Children that do not outlive their parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

from devtools.base import LINUX
from devtools.places import become_service_user

LIBC = ctypes.CDLL(None) if LINUX else None
PR_SET_PDEATHSIG = 1
WATCHED_PIPES: list[int] = []


def die_with_parent(death_signal: int, parent: int) -> None:
    """Have the kernel send `death_signal` to this process when its parent dies."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os._exit(1)


def spawn(command: list, *, death_signal: int = signal.SIGTERM, demote: bool = False, **options):
    """Start a child that does not outlive us; call it from the main thread only."""
    parent = os.getpid()

    def prepare() -> None:
        if demote:
            become_service_user()
        die_with_parent(death_signal, parent)  # after setuid, which would clear it

    command = [str(part) for part in command]
    options.setdefault("stdin", subprocess.DEVNULL)
    process = subprocess.Popen(command, preexec_fn=prepare, **options)
    if not LINUX:
        watch_parent(process.pid, death_signal)
    return process


def watch_parent(pid: int, death_signal: int) -> None:
    """Kill `pid` from a helper that sees our end of a pipe close, where prctl is missing."""
    reader, writer = os.pipe()
    code = "import os,sys; os.read(0, 1); os.kill(int(sys.argv[1]), int(sys.argv[2]))"
    command = [sys.executable, "-c", code, str(pid), str(int(death_signal))]
    subprocess.Popen(command, stdin=reader, start_new_session=True)
    os.close(reader)
    WATCHED_PIPES.append(writer)


def command_line(pid: int) -> str:
    """Return the command line of a living process; empty for a dead one or a zombie."""
    if LINUX:
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
            return raw.replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return "" if "<defunct>" in shown.stdout else shown.stdout


def finish(process: subprocess.Popen, signals: list[int], seconds: float) -> None:
    """Send one signal after the other, `seconds` apart, until the process ends."""
    for number in signals:
        if process.poll() is None:
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
