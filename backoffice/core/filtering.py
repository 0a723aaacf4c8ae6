"""Named filters of documents, refusing what they do not know: an error never selects everything."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

import django_filters
from django.db import models
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

FILTERSETS: dict[str, type["FilterSet"]] = {}


class FilterError(ValueError):
    """Parameters were refused; `errors` says which and why."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = dict(errors)
        super().__init__(" ".join(f"{name}: {' '.join(why)}" for name, why in errors.items()))


class FilterSet(django_filters.FilterSet):
    """The filters of one document, for the API, the lists, saved views and rules alike.

    `fixed` names those whose answer never changes once the document exists: only they can be
    tried on the past. `now` is what relative times count from.
    """

    fixed: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        meta = cls.__dict__.get("Meta")
        if meta is not None:
            FILTERSETS[meta.model._meta.label_lower] = cls

    def __init__(self, *args: Any, now: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now or timezone.now()

    def known(self) -> dict[str, str]:
        """Return every parameter with the filter that it belongs to."""
        names: dict[str, str] = {}
        for name, field in self.form.fields.items():
            suffixes = getattr(field.widget, "suffixes", None)
            names |= {f"{name}_{s}": name for s in suffixes} if suffixes else {name: name}
        return names

    def strict(self, ignore: Collection[str] = ()) -> QuerySet:
        """Return the filtered rows; raise FilterError on an unknown, empty or wrong parameter."""
        known = self.known()
        errors: dict[str, list[str]] = {}
        given = {name: self.data[name] for name in self.data if name not in ignore}
        for name, value in given.items():
            if name not in known:
                errors[name] = [_("This filter is unknown.")]
            elif not value:
                errors[name] = [_("This filter is empty.")]
        for name, wrong in self.form.errors.items():
            errors.setdefault(name, [str(text) for text in wrong])
        for name in given:
            # A field that cannot read a value may take it for none, which would select all.
            if name not in errors and known[name] not in self.form.errors:
                cleaned = self.form.cleaned_data.get(known[name])
                if cleaned is None or (hasattr(cleaned, "__len__") and not len(cleaned)):
                    errors[name] = [_("This value is not understood.")]
        if errors:
            raise FilterError(errors)
        return self.qs


def filterset_of(model: type[models.Model] | str) -> type[FilterSet] | None:
    """Return the filters of a document, or None where it has none."""
    label = model if isinstance(model, str) else model._meta.label_lower
    return FILTERSETS.get(label)


def select(label: str, query: str, *, now: datetime, queryset: QuerySet | None = None) -> QuerySet:
    """Return the documents that a stored query string names, or raise FilterError."""
    filterset = FILTERSETS.get(label)
    if filterset is None:
        raise FilterError({"": [_("%(document)s has no filters.") % {"document": label}]})
    return filterset(QueryDict(query), queryset=queryset, now=now).strict()
