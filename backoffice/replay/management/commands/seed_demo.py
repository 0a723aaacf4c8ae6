"""Fill an empty database with a demo shop and its past."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backoffice.core.models import User
from backoffice.replay.demo.history import History, measure
from backoffice.replay.demo.staff import open_roles
from backoffice.replay.models import DemoSettings
from backoffice.replay.progress import Progress
from orders.models import SalesChannel

ADMIN = "admin"


class Command(BaseCommand):
    help = "Create the demo shop and the user admin, with $BACKOFFICE_ADMIN_PASSWORD."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing where data is")
        parser.add_argument("--no-shop", action="store_true", help="create the users alone")
        parser.add_argument("--days", type=int, default=60, help="how long the shop has existed")
        parser.add_argument(
            "--scale", type=float, default=1.0, help="size of the shop: 1 is 40 orders a day"
        )
        parser.add_argument("--seed", type=int, default=7, help="the same seed, the same shop")
        parser.add_argument("--logins", type=Path, help="write the users' names into this file")

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("BACKOFFICE_ADMIN_PASSWORD", "")
        self._admin(password)
        if not options["no_shop"]:
            self._shop(options)
        logins = [ADMIN, *(open_roles(password) if password else [])]
        if options["logins"]:
            options["logins"].write_text("\n".join(logins) + "\n")

    def _shop(self, options: dict[str, Any]) -> None:
        if SalesChannel.objects.exists():
            if options["if_empty"]:
                return
            raise CommandError("There is a shop already: reset first, or pass --if-empty.")
        if options["days"] < 1 or options["scale"] <= 0:
            raise CommandError("The shop needs at least a day and some size.")
        history = History(options["seed"], options["days"], options["scale"], timezone.now())
        history.play(Progress(len(history.orders())))
        measure(now=timezone.now())
        DemoSettings.objects.create(seed=options["seed"])
        self.stdout.write(f"\nThe demo shop holds {options['days']} days of history.")

    def _admin(self, password: str) -> None:
        user, created = User.objects.get_or_create(
            username=ADMIN,
            defaults={"is_staff": True, "is_superuser": True, "first_name": "Admin"},
        )
        if password and (created or not user.check_password(password)):
            user.set_password(password)
            user.save(update_fields=["password"])
