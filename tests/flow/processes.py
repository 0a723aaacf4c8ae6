"""The back office's own processes, to be killed."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent.parent
QUEUES = "default,tracking,settlement,planning,labels,webhooks"


class Processes:
    """A web server, a worker and beat on one database, which can die and come back."""

    def __init__(self, port: int, folder: Path, **env: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "backoffice.settings.development",
            **env,
        }
        module = [sys.executable, "-m"]
        celery = [*module, "celery", "-A", "backoffice"]
        web = [*module, "gunicorn", "backoffice.wsgi", "--worker-class", "gthread"]
        web += ["--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
        self.commands = {
            "web": [*web, "--no-control-socket"],
            "worker": [*celery, "worker", "-Q", QUEUES, "-c", "2"],
            "beat": [*celery, "beat", "-s", str(folder / "beat"), "--pidfile="],
        }
        self.log = open(folder / "processes.log", "ab")  # noqa: SIM115
        self.running: dict[str, subprocess.Popen] = {}

    def start(self, name: str) -> None:
        self.running[name] = subprocess.Popen(
            self.commands[name],
            cwd=ROOT,
            env=self.env,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def kill(self, name: str) -> None:
        """Kill a process and its children at once, as a power cut would."""
        process = self.running[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def __enter__(self) -> "Processes":
        for name in self.commands:
            self.start(name)
        return self

    def __exit__(self, *error: object) -> None:
        for name in self.running:
            self.kill(name)
        self.log.close()


class Client:
    """A program that repeats a call with its key until it has an answer."""

    def __init__(self, url: str, token: str, ends: float) -> None:
        self.url, self.token, self.ends = url, token, ends
        self.repeated = 0

    def post(self, path: str, data: Any, key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        while True:
            try:
                answer = httpx.post(f"{self.url}{path}", json=data, headers=headers, timeout=10)
                # The same key is being worked on, or the server cannot work now.
                if answer.status_code not in (409, 425, 429) and answer.status_code < 500:
                    return answer
            except httpx.HTTPError:
                pass
            assert time.monotonic() < self.ends, f"{path} has no answer"
            self.repeated += 1
            time.sleep(0.3)


def chaos(rounds: int, faults: dict[str, Callable[[], None]], chance: random.Random) -> list[str]:
    """Let each fault happen, then more of them, at random moments."""
    turns = sorted(faults) + chance.choices(sorted(faults), k=rounds)
    chance.shuffle(turns)
    for name in turns:
        time.sleep(chance.uniform(0.3, 3))
        faults[name]()
    return turns
