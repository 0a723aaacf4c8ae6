"""The two kinds of model: business documents and settings."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.history import History


def number_field(prefix: str) -> models.GeneratedField:
    """Return the column of a document's number: the prefix and its key, eight digits or more."""
    field = models.GeneratedField(
        expression=models.Func(
            models.F("id"),
            template=(
                f"('{prefix}-' || lpad((%(expressions)s)::text,"
                " greatest(8, length((%(expressions)s)::text)), '0'))"
            ),
            output_field=models.CharField(max_length=24),
        ),
        output_field=models.CharField(_("number"), max_length=24),
        db_persist=True,
        unique=True,
        verbose_name=_("number"),
    )
    field.number_prefix = prefix  # type: ignore[attr-defined]
    return field


def number_of(model: Any, key: int) -> str:
    """Return the number of a document by its key alone."""
    field = next(f for f in model._meta.concrete_fields if hasattr(f, "number_prefix"))
    return f"{field.number_prefix}-{key:08d}"


class BusinessDocument(models.Model):
    """A document with a number and states, written by services only.

    `serves` names the keys of the documents that it serves: its origin is theirs. `personal_fields`
    names its columns about people, `impersonal_fields` those that only look like it.
    """

    lock_rank: int
    serves: tuple[str, ...]
    personal_fields: tuple[str, ...] = ()
    impersonal_fields: tuple[str, ...] = ()

    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("created by")
    )
    updated_at = models.DateTimeField(_("updated at"), db_default=Now(), editable=False)
    modified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("modified by")
    )
    version = models.IntegerField(_("version"), default=0, db_default=0, editable=False)
    origin = models.CharField(
        _("origin"),
        max_length=6,
        choices=Origin.choices,
        default=Origin.LIVE,
        db_default=Origin.LIVE,
        editable=False,
    )

    history = History(inherit=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(getattr(self, "number", self.pk))


class SettingsModel(models.Model):
    """Master data that staff edit in plain forms; kept in history, retired by `is_active`."""

    personal_fields: tuple[str, ...] = ()
    impersonal_fields: tuple[str, ...] = ()

    is_active = models.BooleanField(_("active"), default=True, db_default=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True, db_default=Now())

    history = History(inherit=True)

    class Meta:
        abstract = True


class AppendOnlyModel(models.Model):
    """Rows that are only ever inserted; the database refuses the rest."""

    class Meta:
        abstract = True
