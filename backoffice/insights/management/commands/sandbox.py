"""Runs the outside world on loopback: carrier, payment provider, mail."""

import asyncio
import contextlib
import os
import signal
from argparse import ArgumentParser
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aiohttp import web
from django.conf import settings
from django.core.management.base import BaseCommand

from backoffice.core.sandbox_mail import Mailbox, start_smtp, start_window
from logistics.models import CarrierAccount

HOST = "127.0.0.1"
CARRIER = "logistics.carriers.sandbox.server"
PROVIDER = "finance.providers.sandbox.server"


def _carrier_options(web_url: str, folder: Path) -> dict[str, Any]:
    """Return how the carrier behaves: it pushes to the account that wants pushes."""
    options: dict[str, Any] = {"state_path": folder / "carrier.json"}
    account = (
        CarrierAccount.objects.filter(adapter="sandbox", push_enabled=True, is_active=True)
        .exclude(webhook_secret="")
        .order_by("pk")
        .first()
    )
    if account is not None:
        options["webhook_url"] = f"{web_url.rstrip('/')}/webhooks/carriers/{account.code}/"
        options["webhook_secret"] = account.webhook_secret
    if day := os.environ.get("SANDBOX_DAY_SECONDS"):
        options["day_seconds"] = float(day)
    return options


class Command(BaseCommand):
    """Run the sandbox servers until they are stopped."""

    help = "Runs the sandbox carrier, payment provider and mail server on loopback."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.SANDBOX_PORT)
        parser.add_argument(
            "--web",
            default=os.environ.get("BACKOFFICE_WEB_URL", "http://127.0.0.1:8000"),
            help="where the back office itself answers, for webhooks",
        )
        parser.add_argument("--folder", type=Path, default=settings.BASE_DIR / ".dev" / "sandbox")

    def handle(self, *args: Any, **options: Any) -> None:
        port, folder = options["port"], options["folder"]
        servers: dict[str, tuple[int, Mapping[str, Any]]] = {
            CARRIER: (port, _carrier_options(options["web"], folder)),
            PROVIDER: (port + 1, {"secret": settings.SANDBOX_PROVIDER_SECRET}),
        }
        asyncio.run(self._serve(servers, port + 2, folder))

    async def _serve(
        self, servers: Mapping[str, tuple[int, Mapping[str, Any]]], mail_port: int, folder: Path
    ) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        runners = []
        for module, (port, values) in servers.items():
            if find_spec(module) is None:
                continue
            app = import_module(module).create_app(**values)
            runner = web.AppRunner(app, shutdown_timeout=1.0)
            await runner.setup()
            await web.TCPSite(runner, HOST, port).start()
            runners.append(runner)
            self._say(f"{module.split('.')[0]}: http://{HOST}:{port}/")
        box = Mailbox(folder / "mail")
        mail = [await start_smtp(box, HOST, mail_port)]
        self._say(f"mail: smtp://{HOST}:{mail_port}")
        # The window is a convenience: another program may have its port.
        with contextlib.suppress(OSError):
            mail.append(await start_window(box, HOST, mail_port + 1))
            self._say(f"mail: http://{HOST}:{mail_port + 1}/messages")
        await stop.wait()
        for server in mail:
            server.close()
        for runner in runners:
            await runner.cleanup()

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
