"""What all screens share, and the two plain kinds: settings and rows that only services write."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.core.personal import HOLDINGS
from backoffice.core.scope import for_actor, require_visible
from backoffice.ui.disclosure import disclose
from backoffice.ui.erasure import PERMISSION, ask_to_erase
from backoffice.ui.exports.actions import export_csv, export_xlsx
from backoffice.ui.history import HistoryMixin, WritingMixin
from backoffice.ui.lists.views import ListMixin
from backoffice.ui.theme import ModelAdmin, TabularInline


class NeverDeleted:
    """Nothing is deleted in the admin."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(NeverDeleted):
    """Rows that only services write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Inline(TabularInline):
    """Rows that are edited with their parent."""

    extra = 0


class ReadOnlyInline(ReadOnly, Inline):
    """A document's children, to be looked at."""

    can_delete = False
    show_change_link = False


class BaseAdmin(ListMixin, HistoryMixin, ModelAdmin):
    """What all screens share."""

    # The group of the sidebar that shows it: empty for the usual one, None for nowhere.
    sidebar_group: str | None = ""
    # Pages of its own under "Work" in the sidebar: label and name of the address.
    work_pages: Sequence[tuple[Any, str]] = ()
    # The filter that the sidebar opens the list with.
    opens_with = ""
    # How far down its hits stand among those of other kinds.
    search_rank = 50
    # A foreign app's screen that the site put on our base.
    is_adopted = False
    # The fields that name a row in a file; the form reads its lines. Without, there is no import.
    import_key: tuple[str, ...] = ()
    # Why no file makes rows of it, where no importer does.
    why_no_import: Any = _("These rows are added one by one.")
    # Why no rule picks among them, where no action of rules is made for them.
    why_no_rule: Any = _("rules have nothing to do with these rows.")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.sidebar_group is not None and super().has_module_permission(request)

    def get_queryset(self, request: HttpRequest) -> Any:
        return for_actor(super().get_queryset(request))

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        excluded = super().get_exclude(request, obj) or ()
        # Who may change a secret writes it; who may only look does not see it.
        may = self.has_change_permission(request, obj)
        return excluded if may else (*excluded, *getattr(self.model, "secret_fields", ()))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        for action, name in self._shared_actions(request):
            actions[name] = (action, name, action.short_description)
        return actions

    def _shared_actions(self, request: HttpRequest) -> Iterator[tuple[Any, str]]:
        yield export_csv, "export_csv"
        yield export_xlsx, "export_xlsx"
        if HOLDINGS[self.opts.label_lower] and request.user.has_perm(PERMISSION):
            yield disclose, "disclose"
            yield ask_to_erase, "ask_to_erase"


class SettingsAdmin(NeverDeleted, WritingMixin, BaseAdmin):
    """Master data in plain forms, kept in history, retired by `is_active`."""

    keeps_filters = True
    why_no_rule = _("settings are changed by people only.")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        require_visible(obj)


class ReadOnlyAdmin(ReadOnly, BaseAdmin):
    """Rows to be looked at; actions with `permissions=["operate"]` need the right to change."""

    why_no_import = _("These are facts that the system records itself.")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")
