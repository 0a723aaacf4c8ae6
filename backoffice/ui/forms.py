"""Forms of dialogs."""

from typing import Any

from django import forms


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


class LocalDateTimeField(forms.DateTimeField):
    """An instant in the user's own zone, picked by the browser."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
