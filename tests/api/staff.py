"""What staff may do in the admin: every verb of every screen, and every page that takes a form."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.test import RequestFactory

from backoffice.core import extensions
from tests.api.screens import HOME, ROUTES, filled, samples

# The pages of Django's own forms, and those that one verb each stands for.
FORMS = {"", "add/", "<path:object_id>/", "<path:object_id>/change/", "<path:object_id>/delete/"}
FORMS |= {"<path:object_id>/history/", "<int:pk>/act/<slug:act>/", "<int:pk>/do/<slug:name>/"}
FORMS |= {"<int:pk>/verb/<slug:verb>/", "<int:pk>/job/<slug:name>/"}


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a screen lets some do: its address, or that of the list that offers it."""

    screen: Any
    kind: str
    name: str
    url: str

    def may(self, user: Any) -> bool:
        """Ask the screen, as it asks itself first."""
        request = RequestFactory().post(self.url)
        request.user = user
        if self.kind == "action":
            shown = self.screen.has_view_or_change_permission(request)
            return shown and self.name in self.screen.get_actions(request)
        if self.kind == "verb":
            return bool(self.screen.may(request, self.screen.machine.transitions[self.name]))
        if self.kind == "job":
            return bool(user.has_perms(self.screen.errands[self.name].permissions))
        if self.kind == "act":
            row = self.screen.model._default_manager.get(pk=self.url.split("/")[4])
            return bool(self.screen._may_act(request, row, self.screen.acts[self.name]))
        if self.kind == "dialog":
            item = extensions.dialogs(self.screen.opts.label_lower)[self.name]
            may = self.screen.has_view_permission(request) and user.has_perm(item.permission)
            return bool(may)
        return bool(getattr(self.screen, f"has_{self.kind}_permission")(request))

    def __str__(self) -> str:
        opts = self.screen.opts
        return f"{opts.app_label}/{opts.model_name} {self.kind} {self.name}".strip()


def acts(boss: Any) -> Iterator[Act]:
    """Yield what every screen lets somebody do who may do everything."""
    for screen in admin.site._registry.values():
        opts = screen.opts
        base = f"{HOME}{opts.app_label}/{opts.model_name}/"
        row = f"{base}{next(iter(samples(screen.model)), 0)}/"
        found = [Act(screen, "add", "", f"{base}add/")]
        found += [Act(screen, verb, "", f"{row}{verb}/") for verb in ("change", "delete")]
        request = RequestFactory().post(base)
        request.user = boss
        found += [Act(screen, "action", name, base) for name in screen.get_actions(request)]
        verbs = screen.verbs if getattr(screen, "machine", None) else ()
        found += [Act(screen, "verb", name, f"{row}verb/{name}/") for name in verbs]
        jobs = getattr(screen, "errands", {})
        found += [Act(screen, "job", name, f"{row}job/{name}/") for name in jobs]
        names = getattr(screen, "acts", {})
        found += [Act(screen, "act", name, f"{row}act/{name}/") for name in names]
        dialogs = extensions.dialogs(opts.label_lower) if hasattr(screen, "dialog_view") else {}
        found += [Act(screen, "dialog", name, f"{row}do/{name}/") for name in dialogs]
        yield from (act for act in found if act.may(boss))


def pages() -> Iterator[tuple[str, str]]:
    """Yield every other page, one of each kind: its route, and an address of it."""
    for route, screen in ROUTES:
        tail = "/".join(route.split("/")[2:]) if screen else route
        if screen and tail in FORMS:
            continue
        keys = samples(screen.model)[:1] if screen else []
        url = next(iter(filled(route, screen, keys)), "")
        yield route, url
