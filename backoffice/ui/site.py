"""The themed staff site: whoever registers a screen, it goes through our base classes."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_POST

from backoffice.core.access.redirects import go_on
from backoffice.core.actor import transaction
from backoffice.core.imports.registry import importer
from backoffice.core.models import Job, User
from backoffice.core.models.job import OPEN
from backoffice.ui.admin import BaseAdmin, NeverDeleted
from backoffice.ui.approvals import approvals_page
from backoffice.ui.imports.batch import settings_importer
from backoffice.ui.navigation import navigation
from backoffice.ui.theme import AdminSite


class ThemedSite(AdminSite):
    """A site whose pages share one navigation and one base of screens."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register ours; put the screens of foreign apps on our base, unless we have one."""
        for model in _models(model_or_iterable):
            if admin_class is None or not issubclass(admin_class, BaseAdmin):
                if not self.is_registered(model):
                    super().register(model, _adopted(admin_class), **options)
                continue
            if self.is_registered(model) and self._registry[model].is_adopted:
                self.unregister(model)
            super().register(model, admin_class, **options)
            screen: Any = self._registry[model]
            if screen.import_key:
                importer(settings_importer(screen))

    def get_urls(self) -> list[Any]:
        language = self.admin_view(require_POST(self.language))
        return [
            path("language/", language, name="language"),
            path("approvals/", self.admin_view(self.approvals), name="approvals"),
            *super().get_urls(),
        ]

    def approvals(self, request: HttpRequest) -> HttpResponse:
        """Show what waits for a second person, and decide it."""
        return approvals_page(request, self)

    def language(self, request: HttpRequest) -> HttpResponse:
        """Let the signed-in user read the pages in another language."""
        chosen = request.POST.get("language", "")
        if chosen not in dict(settings.LANGUAGES):
            raise PermissionDenied
        with transaction(now=timezone.now()):
            User.objects.filter(pk=request.user.pk).update(language=chosen)
        return go_on(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        # Only few pages show it, and it costs a millisecond for every twenty models.
        return SimpleLazyObject(lambda: AdminSite.get_app_list(self, request, app_label))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # The theme would take titles from its own setting and write colours into the page.
        context = super().each_context(request) | {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": None,
            "colors": None,
            "is_fullwidth": "1",
        }
        if request.user.is_active and request.user.is_staff:
            context["bo_navigation"] = navigation(self, request)
            mine = Job.objects.filter(created_by=request.user.pk, status__in=OPEN)
            context["bo_running"] = SimpleLazyObject(lambda: list(mine.order_by("-id")[:2]))
        return context

    def get_sidebar_list(self, request: HttpRequest) -> list[Any]:
        # The theme's own list is neither filtered by permission nor cheap.
        return []


def _models(given: Any) -> Iterable[type]:
    return [given] if isinstance(given, ModelBase) else given


def _adopted(foreign: Any) -> type[BaseAdmin]:
    bases = (NeverDeleted, BaseAdmin) + ((foreign,) if foreign else ())
    return type("AdoptedAdmin", bases, {"is_adopted": True})
