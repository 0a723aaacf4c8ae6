"""The embedded Valkey."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from pathlib import Path

from devtools.base import Failure
from devtools.places import valkey_program
from devtools.processes import finish, spawn


def start_valkey(socket_path: Path, log) -> subprocess.Popen:
    """Start Valkey, which keeps nothing on disk, and wait until it answers."""
    command = [valkey_program(), "--port", 0, "--unixsocket", socket_path, "--unixsocketperm", 700]
    command += ["--save", "", "--appendonly", "no", "--dir", socket_path.parent]
    command += ["--databases", 64, "--daemonize", "no"]
    process = spawn(command, demote=True, stdout=log, stderr=log, cwd="/")
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(str(socket_path))
            client.sendall(b"PING\r\n")
            if client.recv(16).startswith(b"+PONG"):
                return process
        time.sleep(0.02)
    finish(process, [signal.SIGKILL], 5)
    raise Failure("Valkey does not start.")
