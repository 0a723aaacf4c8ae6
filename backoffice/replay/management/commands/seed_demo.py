"""Fill an empty database with a small demo shop."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from backoffice.core.actor import acting_job
from backoffice.core.choices import Origin
from backoffice.core.models import User
from backoffice.replay.demo.masters import create_shop
from backoffice.replay.demo.orders import demo_orders
from backoffice.replay.engine import deliver_all
from orders.models import SalesChannel
from orders.services.intake import place_orders

ADMIN = "admin"


class Command(BaseCommand):
    help = "Create the demo shop and the user admin, with $BACKOFFICE_ADMIN_PASSWORD."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing where data is")
        parser.add_argument("--orders", type=int, default=45)

    def handle(self, *args: Any, **options: Any) -> None:
        self._admin()
        if SalesChannel.objects.exists():
            if options["if_empty"]:
                return
            raise CommandError("There is a shop already: reset first, or pass --if-empty.")
        now = timezone.now()
        with acting_job("demo", origin=Origin.DEMO):
            with transaction.atomic():
                create_shop(now=now)
                commands = list(demo_orders(options["orders"], now=now))
                placed = place_orders(commands, now=now, reason="demo")
            if placed.refused:
                raise CommandError(f"The demo shop is broken: {placed.refused}")
            deliver_all()
        self.stdout.write(f"The demo shop holds {len(placed.created)} orders.")

    def _admin(self) -> None:
        password = os.environ.get("BACKOFFICE_ADMIN_PASSWORD")
        user, created = User.objects.get_or_create(
            username=ADMIN,
            defaults={"is_staff": True, "is_superuser": True, "first_name": "Admin"},
        )
        if password and (created or not user.check_password(password)):
            user.set_password(password)
            user.save(update_fields=["password"])
