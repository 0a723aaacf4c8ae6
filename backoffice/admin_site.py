"""The staff site."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from backoffice.core.access.account import account_page, sign_out_page
from backoffice.core.access.lockout import hasty_page
from backoffice.core.access.passwords import SetPassword, change_password
from backoffice.core.access.views import recovery_codes, second_factor, second_factor_set_up
from backoffice.dashboard import context, flow, slow_stage
from backoffice.insights.board import invariant_board
from backoffice.insights.stages import stages_page
from backoffice.insights.times import time_page
from backoffice.ui.search import search_page
from backoffice.ui.site import ThemedSite


class BackofficeAdminSite(ThemedSite):
    site_header = _("Backoffice")
    site_title = _("Backoffice")
    index_title = _("Today")
    index_template = "insights/dashboard.html"
    login_form = AdminAuthenticationForm
    login_template = "access/login.html"
    logout_template = "access/logged_out.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        # The screens of the second factor's library would show its keys.
        if not (admin_class and admin_class.__module__.startswith("django_otp.")):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        board = self.admin_view(self.invariants)
        sign_out = self.admin_view(require_POST(sign_out_page))
        return [
            path("invariants/", board, name="invariants"),
            path("search/", self.admin_view(self.search), name="search"),
            path("times/stages/", self.admin_view(self.stages), name="stages"),
            path("times/<slug:metric>/", self.admin_view(self.time), name="time"),
            path("flow/", self.admin_view(self.flow), name="flow"),
            path("account/", self.admin_view(self.account), name="account"),
            path("account/sign-out/", sign_out, name="sign_out_everywhere"),
            path("second-factor/", second_factor, name="second_factor"),
            path("second-factor/set-up/", second_factor_set_up, name="second_factor_set_up"),
            path("second-factor/recovery-codes/", recovery_codes, name="recovery_codes"),
            path("set-password/<uidb64>/<token>/", SetPassword.as_view(), name="set_password"),
            *super().get_urls(),
        ]

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Let somebody sign in, though not everybody at once."""
        if request.method == "POST":
            return hasty_page(request) or super().login(request, extra_context)
        if request.half_user:  # type: ignore[attr-defined]
            address = f"{reverse('admin:second_factor')}?{request.GET.urlencode()}"
            return HttpResponseRedirect(address)
        return super().login(request, extra_context)

    def account(self, request: HttpRequest) -> HttpResponse:
        """Let somebody change what is their own."""
        return account_page(request, self)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Let somebody change their password."""
        view = super().password_change
        return change_password(request, lambda asked: view(asked, extra_context))

    def search(self, request: HttpRequest) -> HttpResponse:
        """Find a document, a person or a thing by what staff know of it."""
        return search_page(request, self)

    def flow(self, request: HttpRequest) -> HttpResponse:
        """Show the stages of the flow alone, for a page that renews them."""
        shown = {"bo_lanes": flow(request, self), "bo_slow_stage": slow_stage(request)}
        return TemplateResponse(request, "insights/flow.html", shown)

    def time(self, request: HttpRequest, metric: str) -> HttpResponse:
        """Show one of the five times and what drove it."""
        return time_page(request, self, metric)

    def stages(self, request: HttpRequest) -> HttpResponse:
        """Show where an order's time goes, day by day."""
        return stages_page(request, self)

    def invariants(self, request: HttpRequest) -> HttpResponse:
        """Show the board of invariants and run them on demand."""
        return invariant_board(request, self)

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """Show the dashboard above the list of apps."""
        return super().index(request, {**(extra_context or {}), **context(request, self)})
