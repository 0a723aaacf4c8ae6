"""Where a request comes from."""

from ipaddress import ip_address
from typing import Any

from rest_framework.throttling import BaseThrottle


def client_address(request: Any) -> str | None:
    """Return the caller's address as the trusted proxies tell it; None where it is none."""
    text = BaseThrottle().get_ident(request) or ""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return None
