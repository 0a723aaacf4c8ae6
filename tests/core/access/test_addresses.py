import pytest
from django.test import RequestFactory
from rest_framework.settings import api_settings

from backoffice.core.access.addresses import client_address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.7", "192.0.2.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.5, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.5, 198.51.100.7", "203.0.113.5"),
        (1, "no address'; --", None),
        (1, "", None),
    ],
)
def test_only_trusted_proxies_tell_an_address(monkeypatch, proxies, forwarded, address):
    monkeypatch.setattr(api_settings, "NUM_PROXIES", proxies)
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)

    assert client_address(request) == address


def test_a_socket_has_no_address():
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="")) is None
