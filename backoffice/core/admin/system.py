"""Screens of the ground floor: tokens, the log, the jobs."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.db.models import TextField, Value
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import current_actor
from backoffice.core.events import KINDS, retry_set_aside
from backoffice.core.models import (
    Address,
    ApiToken,
    Company,
    Currency,
    Event,
    EventDelivery,
    MessageTemplate,
    TaskRun,
    TaskSwitch,
    User,
)
from backoffice.core.tasks import SCHEDULED, job_label
from backoffice.core.tokens import SCOPES, create_token, may_give
from backoffice.core.wording import told
from backoffice.ui.admin import ReadOnlyAdmin, SettingsAdmin
from backoffice.ui.display import LONG
from backoffice.ui.grid import linked

# What a row is called by, where it has one of these.
NAMES = {"number", "order_number", "code", "username", "name"}


class TokenForm(forms.ModelForm):
    """A token; its secret is made, shown once and kept as a hash."""

    class Meta:
        model = ApiToken
        fields = ["name", "scopes", "allowed_ips", "expires_at"]

    def clean_scopes(self) -> list[str]:
        scopes = self.cleaned_data["scopes"]
        giver = User.objects.get(pk=current_actor().user_id)
        for scope in scopes:
            if scope not in SCOPES:
                text = _("There is no scope %(scope)s. There are: %(all)s.")
                raise forms.ValidationError(text % {"scope": scope, "all": ", ".join(SCOPES)})
            if scope not in (self.initial.get("scopes") or []) and not may_give(giver, scope):
                text = _("%(scope)s would be more than you may do yourself.")
                raise forms.ValidationError(text % {"scope": scope})
        return scopes


@admin.register(ApiToken)
class ApiTokenAdmin(SettingsAdmin):
    why_no_import = gettext_lazy("A token's secret is shown once, to who makes it.")
    list_display = ("name", "prefix", "scopes", "expires_at", "last_used_at", "is_active")
    form = TokenForm
    readonly_fields = ("prefix", "user", "last_used_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = ["name", "scopes", "allowed_ips", "expires_at"]
        return [*fields, "is_active", *self.readonly_fields] if obj else fields

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        token, text = create_token(
            obj.name, obj.scopes, expires_at=obj.expires_at, allowed_ips=obj.allowed_ips
        )
        obj.pk, obj.prefix, obj.user = token.pk, token.prefix, token.user
        words = _("The token, shown this once: %(token)s")
        messages.warning(request, words % {"token": text})


@admin.register(Company)
class CompanyAdmin(SettingsAdmin):
    list_display = ("__str__", "is_active", "updated_at")
    why_no_import = gettext_lazy("There is one company.")


@admin.register(Currency)
class CurrencyAdmin(SettingsAdmin):
    import_key = ("code",)
    list_display = ("__str__", "is_active", "updated_at")


@admin.register(MessageTemplate)
class MessageTemplateAdmin(SettingsAdmin):
    import_key = ("key", "language")
    list_display = ("__str__", "is_active", "updated_at")


@admin.register(Address)
class AddressAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("Addresses come with orders, customers and warehouses.")
    list_display = ("__str__",)
    sidebar_group = None


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("Events are told by the work itself.")
    search_rank = 99
    list_display = ("happened", "subject", "order", "actor", "occurred_at", "why")
    search_fields = ("order_id__exact", "subject_id__exact")
    search_help_text = gettext_lazy("Key of the order or of the subject")
    ordering = ("-id",)

    def fill(self, rows: Sequence[Event]) -> None:
        """Load the names of what the events of a page are about, in one query."""
        keys: dict[str, set[int]] = {"core.user": {event.actor_id for event in rows}}
        for event in rows:
            keys.setdefault(event.subject_type, set()).add(event.subject_id)
            if event.order_id:
                keys.setdefault("orders.order", set()).add(event.order_id)
        parts = []
        for label, ids in keys.items():
            model = apps.get_model(label)
            name = next((f.name for f in model._meta.fields if f.name in NAMES), "pk")
            named = model._base_manager.filter(pk__in=ids).order_by()
            parts.append(named.values_list(Value(label), "pk", Cast(name, TextField())))
        found = {(label, pk): name for label, pk, name in parts[0].union(*parts[1:], all=True)}
        for event in rows:
            event.bo_about = found  # type: ignore[attr-defined]

    def _named(self, event: Event, label: str, pk: int | None) -> str:
        if pk is None:
            return ""
        if not hasattr(event, "bo_about"):
            self.fill([event])
        model, number = apps.get_model(label), event.bo_about.get((label, pk))  # type: ignore[attr-defined]
        name = capfirst(str(model._meta.verbose_name))
        return linked(model(pk=pk), f"{name} {number}") if number else f"{name} {pk}"

    @admin.display(description=gettext_lazy("what happened"))
    def happened(self, event: Event) -> str:
        return _(KINDS[event.kind].help) if event.kind in KINDS else event.kind

    @admin.display(description=gettext_lazy("subject"))
    def subject(self, event: Event) -> str:
        return self._named(event, event.subject_type, event.subject_id)

    @admin.display(description=gettext_lazy("order"))
    def order(self, event: Event) -> str:
        # An order's own event names it already.
        is_own = event.subject_type == "orders.order"
        return "" if is_own else self._named(event, "orders.order", event.order_id)

    @admin.display(description=gettext_lazy("actor"))
    def actor(self, event: Event) -> str:
        if not hasattr(event, "bo_about"):
            self.fill([event])
        return event.bo_about.get(("core.user", event.actor_id), "")  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("reason"))
    def why(self, event: Event) -> str:
        return told(event.reason)

    why.css = LONG  # type: ignore[attr-defined]


@admin.register(EventDelivery)
class EventDeliveryAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("These events wait for who listens to them.")
    search_rank = 99
    list_display = ("event_id", "handler", "attempts", "next_attempt_at", "set_aside_at", "error")
    actions = ("retry",)

    @admin.action(description=gettext_lazy("Try again what was set aside"), permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: Any) -> None:
        count = retry_set_aside(queryset.values_list("pk", flat=True))
        messages.success(request, _("%(n)s events are tried again.") % {"n": count})


@admin.register(TaskRun)
class TaskRunAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("These are the runs of scheduled jobs.")
    search_rank = 98
    list_display = ("job", "slot_at", "started_at", "finished_at", "result", "error")
    search_fields = ("task__startswith",)
    search_help_text = gettext_lazy("Beginning of the job's code, such as finance.")
    ordering = ("-id",)

    @admin.display(description=gettext_lazy("job"), ordering="task")
    def job(self, run: TaskRun) -> str:
        return str(job_label(run.task))


@admin.register(TaskSwitch)
class TaskSwitchAdmin(SettingsAdmin):
    why_no_import = gettext_lazy("The schedule is fixed; here its jobs are paused.")
    list_display = ("job", "is_running", "note")

    @admin.display(description=gettext_lazy("job"), ordering="task")
    def job(self, switch: TaskSwitch) -> str:
        return str(job_label(switch.task))

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name != "task":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        names = sorted((name, job_label(name)) for name in SCHEDULED)
        return forms.ChoiceField(choices=names, label=db_field.verbose_name)
