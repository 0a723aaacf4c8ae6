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
            filters,
            importers,
            lookups,
            privacy,
            tasks,
        )
        from backoffice.core.database import install_database_guards
        from backoffice.core.webhooks import endpoints, queue  # noqa: F401

        post_migrate.connect(install_database_guards, dispatch_uid="core.install_database_guards")
