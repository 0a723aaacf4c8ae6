"""The screens of the inbox and the outbox: what is stuck, why, and the way on."""

import re
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Text, remedies
from backoffice.core.inbox import (
    NOT_DISMISSED,
    NOT_REFUSED,
    SOURCES,
    dismiss,
    reopen,
    replay,
)
from backoffice.core.models import InboundMessage, OutboundMessage
from backoffice.core.models.inbox import INBOX_COLOURS, InboxStatus
from backoffice.core.models.outbound import OUTBOUND_COLOURS
from backoffice.core.outbound import KEPT, resend_messages
from backoffice.core.wording import told
from backoffice.ui.admin import ReasonForm, RecordAdmin, act_on_many
from backoffice.ui.display import badge, raw
from backoffice.ui.grid import grid, link
from backoffice.ui.timeline import Entry, Story, name_actors, story

FAULT = re.compile(r"\w*(Error|Exception|DoesNotExist)\b: ")


def _only(status: str, why: Text) -> Any:
    return lambda message: [] if message.status == status else [why]


def reasons_told(reason: str) -> Iterator[str]:
    """Yield why a message was refused, one sentence for each thing that is wrong."""
    if FAULT.match(reason):
        yield _("The program failed on it. Tell who looks after the system: %(fault)s") % {
            "fault": reason
        }
    elif reason:
        yield told(reason)


@admin.register(InboundMessage)
class InboundMessageAdmin(RecordAdmin):
    why_no_import = gettext_lazy("Messages come from channels, carriers and providers.")
    list_display = (
        "source_name",
        "external_id",
        badge("status", INBOX_COLOURS),
        "reason",
        "received_at",
    )
    search_fields = ("external_id__exact",)
    search_help_text = gettext_lazy("External id")
    ordering = ("-id",)
    readonly_fields = ("source_name",)
    fieldsets = ((None, {"fields": ("source_name", "external_id", "happened_at", "received_at")}),)
    acts = {
        "replay": act_on_many(
            gettext_lazy("Try again"),
            gettext_lazy("Process %(row)s again as it came. First mend what was wrong."),
            replay,
            reasons=_only(InboxStatus.REFUSED, NOT_REFUSED),
        ),
        "dismiss": act_on_many(
            gettext_lazy("Dismiss"),
            gettext_lazy("Nothing is to come of %(row)s. This can be taken back."),
            dismiss,
            form=ReasonForm,
            reasons=_only(InboxStatus.REFUSED, NOT_REFUSED),
        ),
        "reopen": act_on_many(
            gettext_lazy("Take the dismissal back"),
            gettext_lazy("Put %(row)s among the refused again."),
            reopen,
            reasons=_only(InboxStatus.DISMISSED, NOT_DISMISSED),
        ),
    }

    @admin.display(description=gettext_lazy("source"), ordering="source")
    def source_name(self, message: InboundMessage) -> str:
        source = SOURCES.get(message.source)
        return str(source.label) if source else message.source

    def page_panels(self, request: HttpRequest, row: InboundMessage) -> list[tuple[Any, str]]:
        headers = grid((_("header"), _("value")), sorted(row.headers.items()), _("None."))
        return [
            (_("Why it was refused"), self._why(request, row)),
            (_("What came of it"), self._made(row)),
            (_("Content"), raw(row.body)),
            (_("Headers"), headers if row.headers else ""),
            *super().page_panels(request, row),
        ]

    def _why(self, request: HttpRequest, row: InboundMessage) -> str:
        if row.status == InboxStatus.DONE or not row.reason:
            return ""
        lines: list[SafeString] = [
            format_html("<p>{}</p>", text) for text in reasons_told(row.reason)
        ]
        for item in remedies(self.opts.label_lower, row):
            way: str = format_html('<a class="bo-verb" href="{}">{}</a>', item.url, item.label)
            if not request.user.has_perm(item.permission):
                way = _("You lack the permission for this.")
            lines.append(format_html("<p>{} {}</p>", item.text, way))
        return format_html_join("", "{}", ((line,) for line in lines))

    def _made(self, row: InboundMessage) -> str:
        source = SOURCES.get(row.source)
        if source is None or source.made is None:
            return ""
        made = [(found._meta.verbose_name, link(found)) for found in source.made(row)]
        return grid((_("document"), _("number")), made, _("No document yet."))

    def page_story(self, row: InboundMessage) -> Story:
        """Return each try and what was done about it, newest first."""
        told = [
            Entry(
                step.at,
                step.get_kind_display(),
                step.actor_id,
                " ".join(reasons_told(step.reason)),
                kind=step.kind.lower(),
            )
            for step in row.steps.order_by("-id")  # type: ignore[attr-defined]
        ]
        if not told and row.processed_at:
            told.append(Entry(row.processed_at, row.get_status_display(), None, ""))
        elif row.status == InboxStatus.DONE and row.processed_at:
            told.insert(0, Entry(row.processed_at, _("Done"), None, ""))
        told.append(Entry(row.received_at, _("Came in"), None, ""))
        name_actors(told)
        return Story(told, [])


@admin.register(OutboundMessage)
class OutboundMessageAdmin(RecordAdmin):
    why_no_import = gettext_lazy("Messages are queued by what happens to orders.")
    list_display = ("recipient", "subject", badge("status", OUTBOUND_COLOURS), "sent_at", "error")
    search_fields = ("recipient__istartswith",)
    search_help_text = gettext_lazy("Beginning of the recipient's address")
    ordering = ("-id",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    *("recipient", "template_key", "language", "created_at", "sent_at"),
                    *("attempts", "next_attempt_at", "error"),
                )
            },
        ),
    )
    acts = {
        "resend": act_on_many(
            gettext_lazy("Send again"),
            gettext_lazy("Send %(row)s again to the same address."),
            resend_messages,
            reasons=lambda message: [KEPT[message.status]] if message.status in KEPT else [],
        ),
    }

    def page_panels(self, request: HttpRequest, row: OutboundMessage) -> list[tuple[Any, str]]:
        return [(_("Content"), raw(row.body)), *super().page_panels(request, row)]

    def page_story(self, row: OutboundMessage) -> Story:
        """Return how the message fared, newest first."""
        found = story(row)
        told = [*found.entries, Entry(row.created_at, _("Queued"), None, "")]
        if row.sent_at:
            told.append(Entry(row.sent_at, _("Sent"), None, ""))
        return Story(sorted(told, key=lambda entry: entry.at, reverse=True), [])
