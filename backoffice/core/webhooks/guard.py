"""Keeps calls out of our own network: an address is resolved once, checked, and used as it is."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings
from django.utils.translation import gettext as _

NAT64 = ip_network("64:ff9b::/96")
# Public by number only: protocol assignments, Azure's host, tunnels that carry IPv4 within.
NEVER = [
    ip_network(network)
    for network in ("192.0.0.0/24", "168.63.129.16/32", "2001::/32", "2002::/16")
]


class RefusedAddressError(OSError):
    """The address leads where no webhook may go."""


def is_public(text: str) -> bool:
    """Say whether an IP address is an ordinary one of the internet."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address in NAT64:
        address = IPv4Address(int(address) & 0xFFFFFFFF)
    if getattr(address, "ipv4_mapped", None) or getattr(address, "scope_id", None):
        return False
    if any(address in network for network in NEVER if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def check_url(url: str) -> None:
    """Refuse an address by its form; names are checked when they are resolved."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise RefusedAddressError(_("This is no address.")) from None
    allowed = ("https", "http") if settings.WEBHOOK_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in allowed:
        raise RefusedAddressError(_("The address has to begin with https://."))
    if not host or any(c.isspace() for c in url):
        raise RefusedAddressError(_("This is no address."))
    if parts.username or parts.password or parts.fragment:
        raise RefusedAddressError(_("The address must not hold a password or a fragment."))
    if _is_literal(host):
        check_address(host)


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def check_address(address: str) -> None:
    """Refuse an IP address of a private, local or reserved network."""
    if not settings.WEBHOOK_ALLOW_PRIVATE and not is_public(address):
        raise RefusedAddressError(_("The address leads into a private network."))


class GuardedResolver(AbstractResolver):
    """Resolve a name once for its one connection, which goes to no other address."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM
        )
        results = []
        for kind, _type, protocol, _name, where in found:
            # One bad address among good ones is a trap, not a mistake.
            check_address(str(where[0]))
            results.append(
                ResolveResult(
                    hostname=host,
                    host=str(where[0]),
                    port=port,
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return results

    async def close(self) -> None:
        """Hold nothing open."""
