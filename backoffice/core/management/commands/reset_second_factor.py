"""`manage.py reset_second_factor NAME`: for who lost phone and recovery codes, and is alone."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backoffice.core.access.second_factor import reset_second_factors
from backoffice.core.actor import acting_job
from backoffice.core.models import User


class Command(BaseCommand):
    help = "Take away somebody's second factor, so that they set up a new one at their next sign-in"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']!r}.")
        with acting_job("system"):
            reset_second_factors([user.pk], now=timezone.now(), reason=options["reason"])
        self.stdout.write(f"{user} sets up a new second factor at the next sign-in.")
