"""`/api/v1/`: every app lists its viewsets in `<app>/api/urls.py` as `ROUTES`."""

from importlib import import_module

from django.apps import apps
from django.http import HttpRequest, JsonResponse
from django.urls import path, re_path
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext as _
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter


def api_urls() -> list:
    """Collect the routes of all apps: `ROUTES = [("orders", OrderViewSet), …]`."""
    router = SimpleRouter()
    extra: list = []
    for config in apps.get_app_configs():
        package = config.module
        if package and module_has_submodule(package, "api"):
            # The ground floor's own urls module is this one.
            name = "routes" if config.label == "core" else "urls"
            module = import_module(f"{config.name}.api.{name}") if _has(config.name, name) else None
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
            SpectacularSwaggerView.as_view(
                url_name="api:schema", authentication_classes=[], permission_classes=[]
            ),
            name="docs",
        ),
        re_path("", nowhere),
    ]


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


def _has(package: str, name: str) -> bool:
    return module_has_submodule(import_module(f"{package}.api"), name)


app_name = "api"
urlpatterns = api_urls()
