"""The Python environment in .venv and what processes in it are given."""

from __future__ import annotations

import hashlib
import os
import secrets
import shlex
import subprocess
import sys

from devtools.base import DEV, PYTHON, ROOT, VENV, Failure, locked, say, write_private

LOCKS = [ROOT / "requirements" / "bootstrap.lock", ROOT / "requirements" / "dev.lock"]


def bootstrap() -> None:
    """Bring .venv in line with the locks; cost nothing when it already is."""
    with locked("lock"):
        want = hashlib.sha256(b"\0".join(path.read_bytes() for path in LOCKS)).hexdigest()
        stamp = VENV / "dev.lock.sha256"
        if PYTHON.exists() and stamp.exists() and stamp.read_text() == want:
            return
        say("Preparing .venv; the first time takes about a minute")
        stamp.unlink(missing_ok=True)
        make_venv()
        pip = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        pip += ["--require-hashes", "-r"]
        uv = [str(VENV / "bin" / "uv"), "pip", "sync", "-q", "--require-hashes"]
        uv += ["--python", str(PYTHON), str(LOCKS[1])]
        if not (quiet([*pip, str(LOCKS[0])]) and quiet(uv, env=uv_environment())):
            say("uv is of no use here: pip installs instead, which takes longer")
            done = subprocess.run([*pip, str(LOCKS[1])], stdin=subprocess.DEVNULL)
            if done.returncode:
                raise Failure("Packages could not be installed; the lines above say why.")
        stamp.write_text(want)


def make_venv() -> None:
    """Create .venv, or again when it is broken."""
    if quiet([str(PYTHON), "-c", "import pip"]):
        return
    for tool in ("venv", "virtualenv"):
        if quiet([sys.executable, "-m", tool, "--clear", str(VENV)]) and PYTHON.exists():
            return
    raise Failure(
        f"{sys.executable} cannot make a virtual environment.\n"
        "On Debian and Ubuntu: apt install python3-venv. Elsewhere: python3 -m ensurepip, "
        "or python3 -m pip install virtualenv. Then run this again."
    )


def quiet(command: list[str], **options) -> bool:
    """Run a command without a word and tell whether it succeeded."""
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, **options)
    except OSError:
        return False
    return done.returncode == 0


def uv_environment() -> dict[str, str]:
    """Tell uv of the mirror and the certificates that pip is configured with."""
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True
    ).stdout
    env = dict(os.environ)
    names = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        if name := names.get(key.rpartition(".")[2]):
            env.setdefault(name, shlex.split(value)[0] if value else "")
    return env


def project_environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a process of the project."""
    env = {**os.environ, **(extra or {})}
    env["PATH"] = f"{VENV / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
    env["VIRTUAL_ENV"] = str(VENV)
    env["PYTHONUNBUFFERED"] = "1"
    env.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.development")
    env.setdefault("SECRET_KEY", secret("secret_key"))
    return env


def secret(name: str) -> str:
    """Return the secret kept under .dev, made on first use."""
    with locked("lock"):
        path = DEV / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48 if name == "secret_key" else 12))
        return path.read_text().strip()
