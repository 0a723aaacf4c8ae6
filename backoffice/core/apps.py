"""The ground floor: what every app shares."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "backoffice.core"
    label = "core"
    verbose_name = _("System")

    def ready(self) -> None:
        from backoffice.core import (  # noqa: F401
            approvals,
            checks,
            importers,
            lookups,
            privacy,
            tasks,
        )
        from backoffice.core.database import install_database_guards

        post_migrate.connect(install_database_guards, dispatch_uid="core.install_database_guards")
