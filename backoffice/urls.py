"""The addresses: staff admin, API, webhooks, health."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from backoffice.core import health
from backoffice.core.access.policy import csp_report
from orders.api.plain import plain_order, plain_order_slash
from support.views import survey_page

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("csp-report/", csp_report, name="csp_report"),
    path("api/v1/", include("backoffice.core.api.urls")),
    path("order/<str:number>", plain_order),
    path("order/<str:number>/", plain_order_slash),
    path("webhooks/", include("logistics.webhooks")),
    path("webhooks/", include("orders.webhooks")),
    path("survey/<str:token>/", survey_page, name="survey"),
    path("admin/", admin.site.urls),
]
