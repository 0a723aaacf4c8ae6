"""The adapters by name."""

from finance.providers.base import Adapter
from finance.providers.sandbox.client import SandboxAdapter

ADAPTERS: dict[str, Adapter] = {adapter.name: adapter for adapter in (SandboxAdapter(),)}


def configured_adapters() -> list[str]:
    """Return the names of adapters that have credentials."""
    return [name for name, adapter in ADAPTERS.items() if adapter.is_configured()]
