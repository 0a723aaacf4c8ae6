"""`make doctor` and `make reset`: look at the machine, remove the data."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from devtools.base import DEV, LINUX, PYTHON, ROOT, Failure, is_held, say
from devtools.places import data_home, servers_can_reach, service_user, socket_folder
from devtools.postgres import CLUSTERS
from devtools.processes import command_line
from devtools.supervisor import SANDBOX_PORT, SANDBOX_PORTS, WEB_PORT, hold_ports

CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
NEEDED_GIGABYTES = 2


def doctor() -> int:
    """Say of each thing that it is well or what to do about it."""
    healthy = True
    for name, ok, text in findings():
        healthy = healthy and ok
        say(f"{'ok' if ok else 'look':5} {name:9} {text}")
    return 0 if healthy else 1


def findings() -> Iterator[tuple[str, bool, str]]:
    """Yield name, verdict and words."""
    yield "python", True, f"{sys.version.split()[0]} ({sys.executable})"
    made = (PYTHON.parent.parent / "dev.lock.sha256").exists()
    yield "packages", made, ".venv is complete" if made else "run python3 dev.py setup"
    free = shutil.disk_usage(ROOT).free / 1e9
    yield "disk", free > NEEDED_GIGABYTES, f"{free:.0f} GB free, {NEEDED_GIGABYTES} are needed"
    uid = service_user()[0]
    yield "data", True, f"{data_home()}, owned by uid {uid}"
    reach = servers_can_reach(ROOT)
    yield "checkout", True, "in reach of the servers" if reach else "private; programs are copied"
    sockets = socket_folder("run")
    length = len(os.fsencode(sockets / ".s.PGSQL.5432.lock"))
    yield "sockets", length < 104, f"{sockets}, {length} of 104 bytes"
    for kind in CLUSTERS:
        held = is_held(f"{kind}.keeper.lock")
        strays = [] if held else servers_of(data_home() / CLUSTERS[kind][0], socket_folder(kind))
        text = "runs" if held else "does not run"
        if strays:
            text = f"left over: kill {' '.join(map(str, strays))}"
        yield f"{kind}-db", not strays, text
    yield "port", *ports(WEB_PORT, 1)
    yield "sandbox", *ports(SANDBOX_PORT, SANDBOX_PORTS)
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    yield "chromium", bool(browser), browser or "install it for the browser tests"


def ports(first: int, count: int) -> tuple[bool, str]:
    """Say which ports the next run takes, where the usual ones are taken by another program."""
    usual = f"{first}" if count == 1 else f"{first} to {first + count - 1}"
    try:
        held = hold_ports(first, count)
    except Failure as failure:
        return False, f"{failure} End what listens there."
    taken = held[0].getsockname()[1]
    for one in held:
        one.close()
    if taken == first:
        return True, f"{usual} {'is' if count == 1 else 'are'} free"
    return True, f"{usual} is not all free; the next run takes {taken} on"


def servers_of(*folders: Path) -> list[int]:
    """Return the processes whose command line names one of the folders."""
    if not LINUX:
        return []
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    mine = [pid for pid in pids if pid != os.getpid()]
    return [pid for pid in mine if any(f"{folder}" in command_line(pid) for folder in folders)]


def reset(*, yes: bool) -> int:
    """Remove all data after asking."""
    for kind in CLUSTERS:
        if is_held(f"{kind}.keeper.lock"):
            raise Failure(f"The {kind} database is in use: stop it first.")
    home = data_home()
    doomed = [home / folder for folder, _ in CLUSTERS.values()] + [DEV / "credentials"]
    doomed += [DEV / name for name in ("files", "beat", "sandbox", "empty", "logins")]
    if not yes:
        say("This removes: " + ", ".join(str(path) for path in doomed if path.exists()))
        if input("Type yes to go on: ").strip() != "yes":
            return 1
    for path in doomed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return 0
