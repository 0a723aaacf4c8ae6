"""The adapters by name: each folder here with a `client.py` that makes its `ADAPTER`."""

from importlib import import_module
from pkgutil import iter_modules

from orders import channels
from orders.channels.adapter import Adapter


def _find() -> dict[str, Adapter]:
    folders = sorted(module.name for module in iter_modules(channels.__path__) if module.ispkg)
    return {
        name: import_module(f"{channels.__name__}.{name}.client").ADAPTER
        for name in folders
        if name != "sandbox"
    }


ADAPTERS = _find()
