"""The screens of webhooks: endpoints, and the log of what was sent to them."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.events import KINDS
from backoffice.core.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from backoffice.core.models.webhook import WEBHOOK_COLOURS, WebhookStatus
from backoffice.core.webhooks.body import message_bodies
from backoffice.core.webhooks.endpoints import rotate_secret, send_test
from backoffice.core.webhooks.queue import OFF, PAST, replay_deliveries, replay_since
from backoffice.core.webhooks.subscriptions import FILTERS, selectable
from backoffice.ui.admin import (
    Act,
    ActsMixin,
    ReadOnlyInline,
    RecordAdmin,
    SettingsAdmin,
    act_on_many,
)
from backoffice.ui.display import badge, raw
from backoffice.ui.forms import LocalDateTimeField

SHOWN_ONCE = gettext_lazy("The secret, shown this once: %(secret)s")


def _kinds() -> list[tuple[str, Any]]:
    """Return all, the groups and their kinds, group by group."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in selectable():
        text = _(KINDS[name].help) if name in KINDS else _("All of them")
        groups.setdefault(name.split(".")[0], []).append((name, f"{name}: {text}"))
    return sorted(groups.items())


def _many(size: int) -> forms.SelectMultiple:
    return forms.SelectMultiple(attrs={"size": size, "class": "bo-field w-full max-w-2xl"})


class EndpointForm(forms.ModelForm):
    """An endpoint; events and filters are chosen from what there is."""

    kinds = forms.MultipleChoiceField(
        choices=_kinds, label=gettext_lazy("Events"), widget=_many(14)
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["description", "url", "kinds", "includes_demo", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.instance.filters or {}
        for name, item in FILTERS.items():
            self.fields[f"filter_{name}"] = forms.MultipleChoiceField(
                choices=item.values,
                label=capfirst(str(item.label)),
                widget=_many(4),
                required=False,
                initial=chosen.get(name, []),
                help_text=_("None chosen means all of them."),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chosen = {name: data.get(f"filter_{name}") for name in FILTERS}
        self.instance.filters = {name: values for name, values in chosen.items() if values}
        return data


class SinceForm(forms.Form):
    """From when on."""

    since = LocalDateTimeField(label=gettext_lazy("since"))


def _test(request: HttpRequest, row: WebhookEndpoint, now: datetime, values: Any) -> None:
    send_test(row.pk, now=now)
    messages.success(request, _("A test event is on its way: see the deliveries."))


def _rotate(request: HttpRequest, row: WebhookEndpoint, now: datetime, values: Any) -> None:
    messages.warning(request, SHOWN_ONCE % {"secret": rotate_secret(row.pk, now=now)})


def _replay(request: HttpRequest, row: WebhookEndpoint, now: datetime, values: Any) -> None:
    count = replay_since(row.pk, values["since"], now=now)
    messages.success(request, _("%(n)s events are sent again.") % {"n": count})


ACTS = {
    "test": Act(
        gettext_lazy("Send test event"), gettext_lazy("A test event is sent to %(row)s."), _test
    ),
    "rotate": Act(
        gettext_lazy("New secret"),
        gettext_lazy(
            "%(row)s gets a new secret. For a day, messages are signed with both,"
            " so that the receiver can change over."
        ),
        _rotate,
    ),
    "replay": Act(
        gettext_lazy("Send all since again"),
        gettext_lazy(
            "All events since a time that %(row)s wants are sent again, under the same ids."
        ),
        _replay,
        form=SinceForm,
    ),
}


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ActsMixin, SettingsAdmin):
    why_no_import = gettext_lazy("Each endpoint has a secret, which is shown once.")
    form = EndpointForm
    acts = ACTS
    list_display = ("description", "url", "is_active", "paused_until", "last_success_at")
    list_select_related = ("health",)
    search_fields = ("description__icontains", "url__icontains")
    ordering = ("description", "id")

    @admin.display(description=gettext_lazy("paused until"))
    def paused_until(self, endpoint: WebhookEndpoint) -> datetime | None:
        return getattr(getattr(endpoint, "health", None), "paused_until", None)

    @admin.display(description=gettext_lazy("last success at"))
    def last_success_at(self, endpoint: WebhookEndpoint) -> datetime | None:
        return getattr(getattr(endpoint, "health", None), "last_success_at", None)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        names = list(EndpointForm.Meta.fields)
        is_form = obj is None or self.has_change_permission(request, obj)
        names[3:3] = [f"filter_{name}" for name in FILTERS] if is_form else ["filters"]
        return [(None, {"fields": names})]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        # The fields of filters are no fields of the model.
        kwargs["fields"] = EndpointForm.Meta.fields
        return super().get_form(request, obj, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            messages.warning(request, SHOWN_ONCE % {"secret": obj.secret})

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None:
            url = reverse("admin:core_webhookdelivery_changelist")
            context["bo_links"] = [{"label": _("Deliveries"), "url": f"{url}?endpoint={row.pk}"}]
        return super().render_change_form(request, context, *args, **kwargs)


class AttemptInline(ReadOnlyInline):
    model = WebhookAttempt
    fields = ("at", "status", "milliseconds", "error", "answer")
    readonly_fields = fields
    ordering = ("-id",)


def _kept(delivery: WebhookDelivery) -> list[Any]:
    """Say why a delivery is not sent again."""
    off = [] if delivery.endpoint.is_active else [OFF]
    return [*off, PAST] if delivery.status == WebhookStatus.SUPPRESSED else off


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    why_no_import = gettext_lazy("These are the calls of webhooks.")
    list_display = (
        "message_id",
        "endpoint",
        "kind",
        badge("status", WEBHOOK_COLOURS),
        "answer_status",
        "attempts",
        "queued_at",
        "next_attempt_at",
    )
    list_select_related = ("endpoint", "event")
    search_fields = ("event__id__exact",)
    ordering = ("-id",)
    fields = (
        *("message_id", "endpoint", "kind", "answer_status", "attempts"),
        *("queued_at", "next_attempt_at", "finished_at"),
    )
    readonly_fields = ("message_id", "kind")
    inlines = (AttemptInline,)
    acts = {
        "replay": act_on_many(
            gettext_lazy("Send again"),
            gettext_lazy("Send %(row)s again, under the same id."),
            replay_deliveries,
            reasons=_kept,
        ),
    }

    @admin.display(description=gettext_lazy("kind"))
    def kind(self, delivery: WebhookDelivery) -> str:
        return delivery.event.kind

    def page_panels(self, request: HttpRequest, row: WebhookDelivery) -> list[tuple[Any, str]]:
        body = message_bodies([row.event_id]).get(row.event_id, "")
        return [(_("message"), raw(body)), *super().page_panels(request, row)]
