"""The ground floor: what every app shares."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
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
            lookups,
            privacy,
            roles,
            tasks,
        )
        from backoffice.core.access import events  # noqa: F401
        from backoffice.core.access.roles import sync_roles
        from backoffice.core.access.sessions import begin_session
        from backoffice.core.constraints import word_constraints
        from backoffice.core.database import install_database_guards
        from backoffice.core.rules import running  # noqa: F401
        from backoffice.core.webhooks import endpoints, queue  # noqa: F401

        word_constraints()
        post_migrate.connect(install_database_guards, dispatch_uid="core.install_database_guards")
        post_migrate.connect(sync_roles, dispatch_uid="core.sync_roles")
        user_logged_in.connect(begin_session, dispatch_uid="core.begin_session")
