"""Every operation of the API, read from its addresses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admindocs.views import simplify_regex

from backoffice.core.api.urls import urlpatterns

SCOPES = [
    f"{app}:{right}"
    for app in ("core", "inventory", "orders", "logistics", "finance", "support", "insights")
    for right in ("read", "write")
]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of an address, and the view's action that answers it."""

    method: str
    path: str
    view: Any
    action: str

    @property
    def is_detail(self) -> bool:
        return "{" in self.path

    @property
    def resource(self) -> str:
        return self.path.strip("/").split("/")[0]

    @property
    def model(self) -> Any:
        return self.view.queryset.model

    def url(self, row: Any) -> str:
        """Return the address of this operation on one row."""
        name = getattr(row, self.view.lookup_field)
        return "/api/v1" + self.path.replace("{key}", str(name))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def operations() -> Iterator[Operation]:
    """Yield the operations of all view sets."""
    for pattern in urlpatterns:
        view = getattr(pattern.callback, "cls", None)
        if not hasattr(view, "queryset") or not getattr(pattern.callback, "actions", None):
            continue
        path = simplify_regex(str(pattern.pattern)).replace("<number>", "{key}")
        for method, action in pattern.callback.actions.items():
            if method != "head" and method in view.http_method_names:
                yield Operation(method.upper(), path.replace("<pk>", "{key}"), view, action)


OPERATIONS = sorted(operations(), key=lambda o: (o.path, o.method))
