"""Connections of channels and how they are doing; what channels call our SKUs."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.core.calls import CallError
from backoffice.ui.admin import Act, ActsMixin, ReadOnlyAdmin, SettingsAdmin
from backoffice.ui.display import badge
from backoffice.ui.document import plain
from backoffice.ui.forms import SecretsForm
from orders.channels.registry import ADAPTERS
from orders.choices import COLOURS
from orders.models import ChannelConnection, ChannelNews, Listing, StockTold
from orders.polling import test_connection
from orders.selectors.connections import backlog, refused_messages
from orders.services.channel_news import retry_news


class ConnectionForm(SecretsForm):
    """A connection and its secrets."""

    secrets = ("api_key", "api_secret", "webhook_secret")
    adapter = forms.ChoiceField(
        choices=lambda: [(name, name) for name in ADAPTERS], label=_("adapter")
    )

    class Meta:
        model = ChannelConnection
        exclude = ()  # noqa: DJ006

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        adapter, options = ADAPTERS.get(data.get("adapter", "")), data.get("options")
        if adapter is not None and options is not None:
            is_object = isinstance(options, dict)
            problems = adapter.option_problems(options) if is_object else [_("Give an object.")]
            if problems:
                self.add_error("options", problems)
        return data


def _test(request: HttpRequest, row: ChannelConnection, now: datetime, values: Any) -> None:
    try:
        name = test_connection(row, now=now)
    except CallError as error:
        messages.error(request, gettext("The channel does not answer as it should: %s") % error)
    else:
        messages.success(request, gettext("The channel answers: %s") % name)


ACTS = {
    "test": Act(
        _("Test the connection"), _("%(row)s is called once; nothing changes there."), _test
    )
}


@admin.register(ChannelConnection)
class ChannelConnectionAdmin(ActsMixin, SettingsAdmin):
    acts = ACTS
    sidebar_group = "orders"
    form = ConnectionForm
    list_display = ("channel", "adapter", "heard_at", "polled_at", "last_error", "is_active")
    list_select_related = ("channel", "state")
    readonly_fields = (
        *("webhook_address", "heard_at", "polled_at", "polled_until", "caught", "last_error"),
        *("waiting", "refused"),
    )
    search_fields = ("channel__code", "channel__name")

    def _state(self, row: ChannelConnection, name: str) -> Any:
        value = getattr(getattr(row, "state", None), name, None)
        return plain(value) if isinstance(value, datetime) else value

    @admin.display(description=_("address for the channel's webhooks"))
    def webhook_address(self, row: ChannelConnection) -> str:
        if not row.pk:
            return "–"
        return settings.PUBLIC_URL + reverse("channel_webhook", args=[row.channel.code])

    @admin.display(description=_("last message at"))
    def heard_at(self, row: ChannelConnection) -> Any:
        return self._state(row, "heard_at")

    @admin.display(description=_("last asked at"))
    def polled_at(self, row: ChannelConnection) -> Any:
        return self._state(row, "polled_at")

    @admin.display(description=_("asked up to"))
    def polled_until(self, row: ChannelConnection) -> Any:
        return self._state(row, "polled_until")

    @admin.display(description=_("missed messages caught"))
    def caught(self, row: ChannelConnection) -> Any:
        return self._state(row, "caught")

    @admin.display(description=_("last error"))
    def last_error(self, row: ChannelConnection) -> Any:
        return self._state(row, "last_error") or "–"

    @admin.display(description=_("messages to be worked off"))
    def waiting(self, row: ChannelConnection) -> int:
        return backlog(row) if row.pk else 0

    @admin.display(description=_("messages that could not be read"))
    def refused(self, row: ChannelConnection) -> int:
        return refused_messages(row) if row.pk else 0

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            url = reverse("admin:orders_channelorder_changelist")
            link = f"{url}?channel={row.channel.code}&status=HELD&status=DIFFERS"
            context["bo_links"] = [{"label": _("Orders to be put right"), "url": link}]
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(ChannelNews)
class ChannelNewsAdmin(ReadOnlyAdmin):
    sidebar_group = "orders"
    list_display = (
        "order",
        "connection",
        "kind",
        "key",
        badge("status", COLOURS),
        "result",
        "attempts",
        "next_attempt_at",
        "sent_at",
    )
    list_select_related = ("order", "connection__channel")
    search_fields = ("order__order_number__exact", "key__exact")
    search_help_text = _("Order or key")
    ordering = ("-id",)
    actions = ("retry",)

    @admin.action(description=_("Tell again what failed"), permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: Any) -> None:
        count = retry_news(list(queryset.values_list("pk", flat=True)), now=timezone.now())
        messages.success(request, gettext("%(n)s news are told again.") % {"n": count})


@admin.register(StockTold)
class StockToldAdmin(ReadOnlyAdmin):
    sidebar_group = "orders"
    list_display = ("listing", "quantity", "told_at", "error")
    list_select_related = ("listing__sku", "listing__channel")
    search_fields = ("listing__code__exact", "listing__sku__code__exact")
    ordering = ("-listing_id",)


@admin.register(Listing)
class ListingAdmin(SettingsAdmin):
    import_key = ("channel", "code")
    sidebar_group = "orders"
    list_display = ("channel", "code", "sku", "external_id", "buffer", "is_active")
    list_select_related = ("channel", "sku")
    raw_id_fields = ("sku",)
    search_fields = ("code__exact", "sku__code__exact")
    ordering = ("-id",)
