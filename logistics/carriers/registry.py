"""The adapters by name: each folder here with a `client.py` that makes its `ADAPTER`."""

from importlib import import_module
from pkgutil import iter_modules

from logistics import carriers
from logistics.carriers.adapter import Adapter


def _find() -> dict[str, Adapter]:
    folders = [module.name for module in iter_modules(carriers.__path__) if module.ispkg]
    return {
        name: import_module(f"{carriers.__name__}.{name}.client").ADAPTER
        for name in sorted(folders)
    }


ADAPTERS = _find()


def adapter_of(name: str) -> Adapter:
    """Return an adapter; KeyError for a name that none has."""
    return ADAPTERS[name]


def label_adapters() -> list[str]:
    """Return the names of adapters that buy labels."""
    return [name for name, adapter in ADAPTERS.items() if adapter.buys_labels]


def tracking_adapters() -> list[str]:
    """Return the names of adapters that can be asked for scans."""
    return [name for name, adapter in ADAPTERS.items() if adapter.tracks]
