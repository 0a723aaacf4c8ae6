"""The files that the ground floor itself reads."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.core.imports import Column, Importer, Row, importer
from backoffice.core.models import MessageTemplate
from backoffice.core.sql import insert_rows


def load_templates(rows: Sequence[Row], *, now: datetime, reason: str = "") -> Mapping[int, str]:
    """Write message templates, new or changed; a later line of the same key wins."""
    last = {(r.values["key"], r.values["language"]): r for r in rows}
    insert_rows(
        MessageTemplate,
        {name: [r.values[name] for r in last.values()] for name in FIELDS},
        constants={"created_at": now, "updated_at": now},
        on_conflict="ON CONFLICT (key, language) DO UPDATE SET subject = excluded.subject,"
        " body = excluded.body, updated_at = excluded.updated_at",
    )
    return {}


def limited(length: int) -> Callable[[str], str]:
    """Return a parser that takes text up to a length."""

    def parse(text: str) -> str:
        if len(text) > length:
            raise ValueError(gettext("longer than %(n)s characters") % {"n": length})
        return text

    return parse


FIELDS = ("key", "language", "subject", "body")
importer(
    Importer(
        name="core.messagetemplate",
        label=_("message templates"),
        columns=[
            Column("key", _("key"), limited(60)),
            Column("language", _("language"), limited(10)),
            Column("subject", _("subject"), limited(200)),
            Column("body", _("body")),
        ],
        permission="core.change_messagetemplate",
        load=load_templates,
    )
)
