"""Encrypt all stored secrets anew with the newest key, so that older keys can go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from backoffice.core.actor import acting_job, transaction
from backoffice.core.locks import lock
from backoffice.core.secrets import secret_columns


class Command(BaseCommand):
    help = "Encrypts the secrets in the database anew with the newest key."

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = 0, []
        with acting_job("system"), transaction(now=timezone.now()):
            for model, names in secret_columns():
                rows = model._base_manager.order_by("pk")
                lock(model, rows.values_list("pk", flat=True))
                for row in rows:
                    values = {name: getattr(row, name) for name in names}
                    gone = {n for n, value in values.items() if getattr(value, "is_lost", False)}
                    lost += [f"{model._meta.label} {row.pk} {name}" for name in sorted(gone)]
                    fresh = {n: str(value) for n, value in values.items() if n not in gone}
                    model._base_manager.filter(pk=row.pk).update(**fresh)
                    done += 1
        self.stdout.write(f"{done} rows are encrypted with the newest key.")
        if lost:
            text = "No key opens these; bring the key back, or set them anew: "
            raise CommandError(text + ", ".join(lost))
