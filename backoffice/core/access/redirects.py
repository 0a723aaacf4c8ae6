"""Where somebody goes next."""

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def next_address(request: HttpRequest) -> str:
    """Return where the form or the address says to go on, if it is ours; else the first page."""
    asked = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if is_ours else reverse("admin:index")


def go_on(request: HttpRequest) -> HttpResponseRedirect:
    """Send somebody there."""
    return HttpResponseRedirect(next_address(request))
