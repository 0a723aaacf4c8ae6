"""Forms of dialogs, and of settings with secrets."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.secrets import WebhookSecrets


class DocumentForm(forms.Form):
    """A form about one document; `prepare` adds what depends on it."""

    def __init__(self, document: Any, data: Any = None) -> None:
        super().__init__(data)
        self.document = document
        self.prepare(document)

    def prepare(self, document: Any) -> None:
        """Add fields, choices or initial values of this document."""

    @property
    def preview(self) -> list[str]:
        """Return lines that say beforehand what the act will do."""
        return []


def numbered(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[int, int]]:
    """Yield key and number of the fields that belong to rows."""
    for name, value in values.items():
        if name.startswith(f"{prefix}_"):
            yield int(name.removeprefix(f"{prefix}_")), value or 0


class LocalDateTimeField(forms.DateTimeField):
    """An instant in the user's own zone, picked by the browser."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]


class SecretsForm(forms.ModelForm):
    """A form whose secrets are written, never shown: what is left empty stays as it is set."""

    secrets: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.secrets:
            if name in self.fields:
                attrs = {"autocomplete": "off", "class": "bo-field w-full max-w-2xl"}
                self.fields[name].widget = forms.PasswordInput(attrs=attrs)
                if self.instance.pk:
                    self.fields[name].required = False
                    self.fields[name].help_text = _("Leave it empty to keep what is set.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in self.secrets:
            if not data.get(name) and self.instance.pk:
                data[name] = self.initial.get(name, "")
        return data

    def _post_clean(self) -> None:
        super()._post_clean()
        if isinstance(self.instance, WebhookSecrets):
            old = self.initial.get("webhook_secret", "")
            self.instance.replace_webhook_secret(old, now=timezone.now())
