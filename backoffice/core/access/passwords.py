"""Pages on which somebody sets a password of their own."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.access.colleagues import LINKS
from backoffice.core.actor import acting, transaction
from backoffice.core.choices import UserKind
from backoffice.core.events import Fact, emit
from backoffice.core.models import User


class SetPassword(PasswordResetConfirmView):
    """Let who holds a link choose a password; the link leaves the address before the form shows."""

    template_name = "access/set_password.html"
    title = gettext_lazy("Choose a password")
    token_generator = LINKS
    reset_url_token = "choose"  # noqa: S105  (a part of the address)
    success_url = reverse_lazy("admin:login")

    def get_user(self, uidb64: str) -> Any:
        user: Any = super().get_user(uidb64)
        if user is None or not user.is_active or user.kind != UserKind.PERSON:
            return None
        if user.language:
            translation.activate(user.language)
        return user

    def form_valid(self, form: Any) -> HttpResponse:
        user: Any = self.user
        request_id = self.request.request_id  # type: ignore[attr-defined]
        with acting(user.pk, request_id=request_id), transaction(now=timezone.now()):
            response = super().form_valid(form)
            emit("user.password_set", [Fact(user.pk)])
        messages.success(self.request, _("Sign in with your new password."))
        return response


def change_password(request: HttpRequest, view: Any) -> HttpResponse:
    """Let somebody change the password and leave a trace of it."""
    if request.method != "POST":
        return view(request)
    with transaction(now=timezone.now()):
        response = view(request)
        if response.status_code == 302:
            user: User = request.user  # type: ignore[assignment]
            emit("user.password_set", [Fact(user.pk)])
    return response
