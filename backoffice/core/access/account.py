"""Somebody's own account: language, time zone, second factor, sessions."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from backoffice.core.access.colleagues import time_zones
from backoffice.core.access.second_factor import factor_of, recovery_codes_left
from backoffice.core.access.sessions import sign_out_everywhere
from backoffice.core.actor import transaction
from backoffice.core.models import User


class AccountForm(forms.ModelForm):
    """How pages and mails speak to somebody."""

    class Meta:
        model = User
        fields = ("language", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label = self.fields["time_zone"].label
        zones = [(name, name) for name in time_zones()]
        self.fields["time_zone"] = forms.ChoiceField(choices=zones, label=label)


def account_page(request: HttpRequest, site: Any) -> HttpResponse:
    """Show and change what is one's own."""
    user: Any = request.user
    form = AccountForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if form.is_valid():
        with transaction(now=timezone.now()):
            form.save()
        with translation.override(form.instance.language or None):
            messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("admin:account"))
    context = site.each_context(request) | {
        "title": _("Your account"),
        "form": form,
        "factor": factor_of(user),
        "codes_left": recovery_codes_left(user),
    }
    return TemplateResponse(request, "access/account.html", context)


def sign_out_page(request: HttpRequest) -> HttpResponse:
    """End all sessions of who asks, this one too."""
    sign_out_everywhere([request.user.pk], now=timezone.now())  # type: ignore[list-item]
    logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return HttpResponseRedirect(reverse("admin:login"))
