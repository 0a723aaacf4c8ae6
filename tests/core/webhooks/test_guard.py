import asyncio
import socket

import pytest

from backoffice.core.webhooks import guard
from backoffice.core.webhooks.guard import (
    GuardedResolver,
    RefusedAddressError,
    check_url,
    is_public,
)


@pytest.fixture(autouse=True)
def _strict(settings):
    settings.WEBHOOK_ALLOW_PRIVATE = False


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
        *("192.0.2.1", "198.18.0.1", "203.0.113.7", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe", "::127.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::169.254.169.254", "2002:7f00:1::1", "2001:0:1::1"),
        *("2001:db8::1", "", "no address", "8.8.8"),
    ],
)
def test_what_is_not_an_ordinary_address_of_the_internet(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::808:808"]
)
def test_what_is(address):
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", "The address has to begin with https://."),
        ("ftp://example.com/", "The address has to begin with https://."),
        ("example.com", "The address has to begin with https://."),
        ("https://", "This is no address."),
        ("https://exa mple.com/", "This is no address."),
        ("https://example.com:99999/", "This is no address."),
        ("https://[::1/", "This is no address."),
        ("https://ada:secret@example.com/", "The address must not hold a password or a fragment."),
        ("https://example.com/#x", "The address must not hold a password or a fragment."),
        ("https://127.0.0.1/", "The address leads into a private network."),
        ("https://[::ffff:10.0.0.1]:8443/", "The address leads into a private network."),
        ("https://169.254.169.254/latest", "The address leads into a private network."),
    ],
)
def test_an_address_is_refused_by_its_form(url, reason):
    with pytest.raises(RefusedAddressError) as error:
        check_url(url)

    assert str(error.value) == reason


def test_good_addresses_pass_and_private_ones_where_the_installation_allows_them(settings):
    check_url("https://hooks.example.com:8443/in?shop=1")
    settings.WEBHOOK_ALLOW_PRIVATE = True
    check_url("http://127.0.0.1:9000/")
    with pytest.raises(RefusedAddressError):
        check_url("file:///etc/passwd")


def resolve(monkeypatch, *addresses):
    def answer(host, port, *args, **kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asyncio.run(GuardedResolver().resolve("hooks.example.com", 443))


def test_a_name_is_resolved_to_the_addresses_that_were_checked(monkeypatch):
    (found,) = resolve(monkeypatch, "93.184.216.34")

    assert (found["host"], found["port"], found["hostname"]) == (
        "93.184.216.34",
        443,
        "hooks.example.com",
    )


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["93.184.216.34", "127.0.0.1"]])
def test_one_private_address_among_the_answers_is_enough_to_refuse(monkeypatch, addresses):
    with pytest.raises(RefusedAddressError):
        resolve(monkeypatch, *addresses)


def test_numbers_in_disguise_are_resolved_and_then_refused(monkeypatch):
    # Not an IP address by its form; the system's resolver reads it as 127.0.0.1.
    assert not guard._is_literal("2130706433")
    with pytest.raises(RefusedAddressError):
        asyncio.run(GuardedResolver().resolve("2130706433", 443))
