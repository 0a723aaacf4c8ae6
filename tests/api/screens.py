"""Every address of the staff site, read from its URL resolver, with rows of the shop filled in."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import URLResolver, resolve

from backoffice.core import extensions
from backoffice.core.models.rule import RuleMode
from backoffice.insights.choices import Metric

HOME = "/admin/"
SCREENS = {f"{m._meta.app_label}/{m._meta.model_name}": s for m, s in admin.site._registry.items()}
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
LINK = re.compile(r'href="([^"#]+)')


def _routes(patterns: Any, base: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (route, the screen that it belongs to) of every pattern."""
    for pattern in patterns:
        route = base + re.sub(r"\^|\$|\(\?P(<\w+>)[^)]*\)", r"\1", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, SCREENS.get("/".join(route.split("/")[:2]))


ROUTES = list(_routes(admin.site.urls[0]))


def addresses() -> Iterator[str]:
    """Yield every address; of the pages of one row, those of one row of each status."""
    for route, screen in ROUTES:
        yield from filled(route, screen, samples(screen.model) if screen else [])


def addresses_of(row: Any) -> Iterator[str]:
    """Yield the addresses that are about one row."""
    for route, screen in ROUTES:
        if screen and isinstance(row, screen.model) and {"pk", "object_id"} & _parameters(route):
            yield from filled(route, screen, [row.pk])


def _parameters(route: str) -> set[str]:
    return set(PARAMETER.findall(route))


def filled(route: str, screen: Any, keys: Iterable[Any]) -> Iterator[str]:
    """Yield a route with what its parameters may be."""
    names = _parameters(route)
    rows = [{"pk": key, "object_id": key} for key in keys]
    if not screen or not names & set(rows[0] if rows else ()):
        rows = [{}]
    for row in rows:
        for choice in _choices(names - set(row), screen):
            values = row | choice
            yield HOME + PARAMETER.sub(lambda found, v=values: str(v[found[1]]), route)


def _choices(names: set[str], screen: Any) -> Iterable[dict[str, Any]]:
    """Return what parameters other than the row may be; a new one is told here."""
    if not names:
        return [{}]
    if names == {"content_type_id", "object_id"}:
        kinds = ContentType.objects.get_for_models(*admin.site._registry).items()
        return [{"content_type_id": k.pk, "object_id": samples(model)[0]} for model, k in kinds]
    if names == {"uidb64", "token"}:
        return [{"uidb64": "MQ", "token": "nothing"}]
    (name,) = names
    known = {
        "verb": lambda: screen.verbs,
        "act": lambda: screen.acts,
        "name": lambda: extensions.dialogs(screen.opts.label_lower),
        "kind": lambda: [kind for kind, _label in screen.kinds],
        "mode": lambda: RuleMode.values,
        "app_label": lambda: sorted({screen.opts.app_label for screen in SCREENS.values()}),
        "url": lambda: ["nothing/"],
        "metric": lambda: [metric.lower() for metric in Metric.values],
    }
    return [{name: value} for value in known[name]()]


def samples(model: Any) -> list[Any]:
    """Return the keys of rows to look at: one of each status."""
    rows = model._default_manager.order_by("pk")
    if any(field.name == "status" for field in model._meta.fields):
        return list(rows.order_by("status", "pk").distinct("status").values_list("pk", flat=True))
    return list(rows.values_list("pk", flat=True)[:1])


def links(url: str, html: str) -> Iterator[str]:
    """Yield where a page of the staff site leads to within it."""
    for target in LINK.findall(html):
        found = urljoin(url, target.replace("&amp;", "&"))
        if found.startswith(HOME):
            yield found


def kind(url: str) -> tuple[Any, ...]:
    """Return what makes two addresses one to us: the route and the names of what they ask."""
    parts = urlsplit(url)
    asked = {name for name, _value in parse_qsl(parts.query)} - {"_changelist_filters"}
    return resolve(parts.path).route, frozenset(asked)
