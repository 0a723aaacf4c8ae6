"""`/api/v1/`: every app lists its viewsets in `<app>/api/urls.py` as `ROUTES`."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.http import HttpRequest, JsonResponse
from django.urls import path, re_path
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter


def api_urls() -> list:
    """Collect the routes of all apps: `ROUTES = [("orders", OrderViewSet), …]`."""
    router = SimpleRouter()
    extra: list = []
    for config in apps.get_app_configs():
        module = _routes(config)
        for prefix, view in getattr(module, "ROUTES", []):
            router.register(prefix, view, basename=f"{config.label}-{prefix}")
        extra += getattr(module, "EXTRA", [])
    return [
        *router.urls,
        *extra,
        path(
            "schema/",
            SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[]),
            name="schema",
        ),
        path(
            "docs/",
            SpectacularSwaggerSplitView.as_view(
                url_name="api:schema",
                template_name="core/api_docs.html",
                authentication_classes=[],
                permission_classes=[],
            ),
            name="docs",
        ),
        re_path("", nowhere),
    ]


@csrf_exempt
def nowhere(request: HttpRequest, **kwargs: object) -> JsonResponse:
    """Answer what is not there as a problem too."""
    body = {
        "type": "/problems/not_found",
        "title": "Not found",
        "status": 404,
        "detail": _("There is nothing at this address."),
        "instance": request.path,
        "request_id": getattr(request, "request_id", ""),
    }
    return JsonResponse(body, status=404, content_type="application/problem+json")


def _routes(config: AppConfig) -> Any:
    if config.name == "backoffice.core":
        # Our own `urls` is this collection.
        return import_module("backoffice.core.api.routes")
    if config.module and module_has_submodule(config.module, "api"):
        package = import_module(f"{config.name}.api")
        if module_has_submodule(package, "urls"):
            return import_module(f"{config.name}.api.urls")
    return None


app_name = "api"
urlpatterns = api_urls()
