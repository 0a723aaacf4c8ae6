"""Pages of the second factor."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from backoffice.core.access.redirects import go_on, next_address
from backoffice.core.access.second_factor import (
    check_code,
    factor_of,
    fitting_step,
    offer_key,
    offered_key,
    renew_recovery_codes,
    set_up,
)
from backoffice.core.access.sessions import complete_session
from backoffice.core.models import User

FEW_CODES = 3


class CodeForm(forms.Form):
    """A code of an app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        help_text=gettext_lazy("Six digits of your app, or a recovery code."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.left: int | None = None

    def clean_code(self) -> str:
        now = timezone.now()
        checked = check_code(self.user, self.cleaned_data["code"], now=now)
        if checked.until:
            at = date_format(timezone.localtime(checked.until), "H:i:s")
            text = _("Too many wrong codes. Try again at %(at)s.")
            raise forms.ValidationError(text % {"at": at})
        if not checked.is_right:
            raise forms.ValidationError(
                _("This code is wrong, too old, or was used before. Wait for the next one.")
            )
        self.left = checked.left
        return self.cleaned_data["code"]


class SetUpForm(forms.Form):
    """A code that proves that an app has the key."""

    sealed = forms.CharField(widget=forms.HiddenInput)
    new_code = forms.CharField(
        label=gettext_lazy("Code that the app shows now"),
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        key = offered_key(self.user, values.get("sealed", ""))
        step = fitting_step(key, values.get("new_code", "").replace(" ", "")) if key else None
        if step is None and "new_code" not in self.errors:
            text = _("This code does not fit. Scan the new picture and enter the code it shows.")
            self.add_error("new_code", text)
        return {"key": key, "step": step}


@never_cache
@sensitive_post_parameters()
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for a code after the password."""
    user = request.half_user  # type: ignore[attr-defined]
    if user is None:
        return go_on(request)
    if "leave" in request.POST:
        logout(request)
        return go_on(request)
    if factor_of(user) is None:
        return HttpResponseRedirect(_address("admin:second_factor_set_up", request))
    form = CodeForm(request.POST or None, user=user)
    if form.is_valid():
        complete_session(request, user)
        _tell_codes_left(request, form.left)
        return go_on(request)
    return _page(request, "access/code.html", title=_("Second factor"), form=form)


def _tell_codes_left(request: HttpRequest, left: int | None) -> None:
    if left is None:
        return
    text = ngettext(
        "%(n)s recovery code is left. Make new ones under your account.",
        "%(n)s recovery codes are left. Make new ones under your account.",
        left,
    )
    messages.warning(request, text % {"n": left})


@never_cache
@sensitive_post_parameters()
def second_factor_set_up(request: HttpRequest) -> HttpResponse:
    """Give an app its key, once a code proves it; who has one proves that first."""
    half = request.half_user  # type: ignore[attr-defined]
    user: Any = half or request.user
    has_one = user.is_authenticated and factor_of(user) is not None
    if not user.is_authenticated or (half and has_one):
        return HttpResponseRedirect(_address("admin:login", request))
    form = SetUpForm(request.POST or None, user=user)
    # A code is used up by looking at it, so nobody looks before the rest is right.
    old = CodeForm(request.POST if form.is_valid() else None, user=user) if has_one else None
    if form.is_valid() and (old is None or old.is_valid()):
        codes = set_up(user, **form.cleaned_data, now=timezone.now())
        complete_session(request, user)
        return _codes_page(request, codes)
    shown = {"offer": offer_key(user), "form": form, "old": old}
    return _page(request, "access/set_up.html", title=_("Set up the second factor"), **shown)


@never_cache
@sensitive_post_parameters()
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes for who gives a code."""
    user: Any = request.user
    if not user.is_authenticated or factor_of(user) is None:
        return HttpResponseRedirect(_address("admin:second_factor_set_up", request))
    form = CodeForm(request.POST or None, user=user)
    if form.is_valid():
        return _codes_page(request, renew_recovery_codes(user, now=timezone.now()))
    return _page(request, "access/renew.html", title=_("New recovery codes"), form=form)


def _codes_page(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return _page(request, "access/codes.html", title=_("Your recovery codes"), codes=codes)


def _page(request: HttpRequest, template: str, **shown: Any) -> HttpResponse:
    return render(request, template, {"next": next_address(request), **shown})


def _address(name: str, request: HttpRequest) -> str:
    return f"{reverse(name)}?{urlencode({'next': next_address(request)})}"
