"""The adapters by name."""

from logistics.carriers.base import Adapter
from logistics.carriers.manual.client import ManualAdapter
from logistics.carriers.sandbox.client import SandboxAdapter

_ALL: tuple[Adapter, ...] = (ManualAdapter(), SandboxAdapter())
ADAPTERS: dict[str, Adapter] = {adapter.name: adapter for adapter in _ALL}


def adapter_of(name: str) -> Adapter:
    """Return an adapter; KeyError for a name that none has."""
    return ADAPTERS[name]


def label_adapters() -> list[str]:
    """Return the names of adapters that buy labels."""
    return [name for name, adapter in ADAPTERS.items() if adapter.buys_labels]


def tracking_adapters() -> list[str]:
    """Return the names of adapters that can be asked for scans."""
    return [name for name, adapter in ADAPTERS.items() if adapter.tracks]
