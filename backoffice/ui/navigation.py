"""The sidebar: what staff may open, by domain; documents first, settings and the system folded."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import DocumentAdmin, SettingsAdmin

WORK, SETTINGS, SYSTEM = "work", "settings", "system"
DOMAINS = ["orders", "logistics", "inventory", "finance", "support", "insights"]


@dataclass(frozen=True, slots=True)
class Item:
    """A link to a list and the permissions of which one opens it."""

    title: str | Promise
    url: str
    permissions: tuple[str, ...]
    query: str = ""


@dataclass(slots=True)
class Group:
    """A heading of the sidebar with its links."""

    title: str | Promise
    items: list[Any] = field(default_factory=list)
    is_open: bool = True


def _group_of(model_admin: Any) -> str:
    if model_admin.sidebar_group:
        return model_admin.sidebar_group
    if model_admin.opts.app_label not in DOMAINS:
        return SYSTEM
    return SETTINGS if isinstance(model_admin, SettingsAdmin) else model_admin.opts.app_label


@cache
def _groups(site: Any) -> list[Group]:
    """Return all groups of the site, everything in it that has a list of its own."""
    groups = {WORK: Group(_("Work"))}
    groups |= {label: Group(apps.get_app_config(label).verbose_name) for label in DOMAINS}
    groups |= {
        SETTINGS: Group(_("Settings"), is_open=False),
        SYSTEM: Group(_("System"), is_open=False),
    }
    approvals = Item(_("Approvals"), reverse(f"{site.name}:approvals"), ("core.view_approval",))
    groups[WORK].items.append(approvals)
    # Documents come before the rows that hang on them.
    ranked = sorted(site._registry.items(), key=lambda pair: not isinstance(pair[1], DocumentAdmin))
    for model, model_admin in ranked:
        opts = model._meta
        for label, name in model_admin.work_pages:
            may_view = (f"{opts.app_label}.view_{opts.model_name}",)
            groups[WORK].items.append(Item(label, reverse(f"{site.name}:{name}"), may_view))
        if model_admin.sidebar_group is None:
            continue
        url = reverse(f"{site.name}:{opts.app_label}_{opts.model_name}_changelist")
        may = tuple(f"{opts.app_label}.{verb}_{opts.model_name}" for verb in ("view", "change"))
        groups[_group_of(model_admin)].items.append(
            Item(opts.verbose_name_plural, url, may, model_admin.opens_with)
        )
    return list(groups.values())


def navigation(site: Any, request: HttpRequest) -> list[Group]:
    """Return the groups that this user may see, the open page marked."""
    may = request.user.has_perm
    found = []
    for group in _groups(site):
        links = [
            {
                "title": capfirst(item.title),
                "url": f"{item.url}?{item.query}" if item.query else item.url,
                "is_active": request.path.startswith(item.url),
            }
            for item in group.items
            if any(map(may, item.permissions))
        ]
        if links:
            is_open = group.is_open or any(link["is_active"] for link in links)
            found.append(Group(group.title, links, is_open))
    return found
