"""Named filters of documents, refusing what they do not know: an error never selects everything."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.exceptions import EmptyResultSet, FullResultSet, TooManyFieldsSent
from django.db import connection, models
from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from backoffice.core.scope import for_actor

FILTERSETS: dict[str, type["FilterSet"]] = {}
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
IDS = re.compile(r"[0-9]{1,18}(,[0-9]{1,18})*", re.ASCII)
AGE = re.compile(r"([1-9][0-9]{0,3})([mhdw])", re.ASCII)


class FilterError(ValueError):
    """Parameters were refused; `errors` says which and why."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = dict(errors)
        super().__init__(" ".join(f"{name}: {' '.join(why)}" for name, why in errors.items()))


@extend_schema_field(OpenApiTypes.INT64)
class IntegerFilter(django_filters.NumberFilter):
    """A whole number, such as a key: a fraction is refused instead of cut."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bounds = {"min_value": -(2**63), "max_value": 2**63 - 1}
        super().__init__(*args, **bounds | kwargs)

    def get_max_validator(self) -> None:
        return None


class AgeField(forms.CharField):
    """A length of time such as 30m, 2h, 7d or 4w."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"help_text": gettext_lazy("Such as 30m, 2h, 7d or 4w.")} | kwargs)

    def clean(self, value: Any) -> timedelta | None:
        text = super().clean(value)
        if not text:
            return None
        match = AGE.fullmatch(text)
        if match is None:
            raise forms.ValidationError(_("Write a number and m, h, d or w, such as 7d."))
        return timedelta(**{UNITS[match[2]]: int(match[1])})


@extend_schema_field({"type": "string", "pattern": f"^{AGE.pattern}$"})
class WithinFilter(django_filters.Filter):
    """What lies no longer ago than an age: `placed_within=7d`; counted from the set's `now`."""

    field_class = AgeField
    comparison = "gte"
    counted_from = "now"

    def filter(self, qs: QuerySet, value: timedelta | None) -> QuerySet:
        if value is None:
            return qs
        start = getattr(self.parent, self.counted_from) - value
        return qs.filter(**{f"{self.field_name}__{self.comparison}": start})


class AgoFilter(WithinFilter):
    """What lies longer ago than an age: `placed_before_ago=2h`."""

    comparison = "lt"
    counted_from = "until"


class IdsField(forms.CharField):
    """Up to a thousand keys such as 3,17,21."""

    def clean(self, value: Any) -> list[int]:
        text = super().clean(value)
        if not text:
            return []
        if len(text) > 20_000 or IDS.fullmatch(text) is None or text.count(",") >= 1000:
            raise forms.ValidationError(_("Write up to 1,000 numbers with commas between them."))
        return [int(part) for part in text.split(",")]


@extend_schema_field(OpenApiTypes.STR)
class IdsFilter(django_filters.Filter):
    """The rows with one of these keys."""

    field_class = IdsField

    def filter(self, qs: QuerySet, value: list[int]) -> QuerySet:
        return qs.filter(pk__any=value) if value else qs


class FilterSet(django_filters.FilterSet):
    """The filters of one document, for the API, the lists, saved views and rules alike.

    `fixed` names those whose answer never changes once the document exists: only they can be
    tried on the past as it is. What compares a column of the document's own row is tried on its
    history; `recorded` names the others that read no more than that row. `permissions`
    names those that tell more than the document's own page, with the right that they need. `now` is
    what relative times count from: an instant, or a column.
    Where that is not one moment but any up to `until`, an age is asked at the one that suits it.
    """

    fixed: ClassVar[frozenset[str]] = frozenset()
    recorded: ClassVar[frozenset[str]] = frozenset()
    permissions: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        meta = cls.__dict__.get("Meta")
        if meta is not None:
            FILTERSETS[meta.model._meta.label_lower] = cls

    def __init__(
        self,
        *args: Any,
        now: datetime | F | None = None,
        until: datetime | F | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.now = now or timezone.now()
        self.until = until or self.now
        self.idle: set[str] = set()
        for item in self.filters.values():
            # A column of the document itself has one value: looking for doubles would only cost.
            if isinstance(item, django_filters.MultipleChoiceFilter) and "__" not in str(
                item.field_name
            ):
                item.distinct = False

    def known(self) -> dict[str, str]:
        """Return every parameter with the filter that it belongs to."""
        names: dict[str, str] = {}
        for name, field in self.form.fields.items():
            suffixes = getattr(field.widget, "suffixes", None)
            names |= {f"{name}_{s}": name for s in suffixes} if suffixes else {name: name}
        return names

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Filter, and note the filters that added no condition."""
        for name, value in self.form.cleaned_data.items():
            filtered = self.filters[name].filter(queryset, value)
            if len(filtered.query.where) == len(queryset.query.where):
                self.idle.add(name)
            queryset = filtered
        return queryset

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
        if not errors:
            # What a field could not read, or a filter passed over, would select all.
            filtered = self.qs
            idle = [name for name in given if known[name] in self.idle]
            errors = {name: [_("This value is not understood.")] for name in idle}
        if errors:
            raise FilterError(errors)
        return filtered

    @classmethod
    def is_recorded(cls, name: str) -> bool:
        """Say whether history knows what this filter would have said at an earlier time."""
        history = getattr(cls._meta.model, "history", None)
        if history is None or name in cls.recorded:
            return history is not None
        item = cls.base_filters[name]
        kept = {field.name for field in history.model._meta.fields}
        is_plain = item.method is None and not isinstance(item, WithinFilter)
        return is_plain and item.field_name in kept

    def used(self) -> set[str]:
        """Return the filters that the parameters name, whatever their values."""
        known = self.known()
        return {known[name] for name in self.data if name in known}

    def given(self) -> Iterator[tuple[str, forms.Field, Any]]:
        """Yield name, field and value of every filter that is used and was understood."""
        for name, field in self.form.fields.items():
            value = self.form.cleaned_data.get(name) if self.is_valid() else None
            if value is not None and value != [] and value != "":
                yield name, field, value

    def words(self) -> dict[str, str]:
        """Return the conditions as people say them, by filter."""
        return {
            name: f"{field.label}: {_worded(field, value)}" for name, field, value in self.given()
        }

    def rotting(self) -> list[str]:
        """Return the filters in use that name a day or an instant, which passes."""
        dated = (forms.DateField, forms.DateTimeField)
        return [name for name, field, _value in self.given() if isinstance(field, dated)]


def _worded(field: forms.Field, value: Any) -> str:
    if isinstance(value, timedelta):
        return _age(value)
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "Y-m-d H:i")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return _(" or ").join(_worded(field, item) for item in value)
    if isinstance(value, models.Model):
        return str(value)
    labels = dict(getattr(field, "choices", ()))
    return str(labels.get(value, value))


def _age(value: timedelta) -> str:
    minutes = int(value.total_seconds()) // 60
    for unit, size in (("w", 7 * 24 * 60), ("d", 24 * 60), ("h", 60)):
        if minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


def by_code(
    model: type[models.Model], label: object, field: str | None = None
) -> django_filters.Filter:
    """Return a filter that takes the code of a settings row."""
    return django_filters.ModelChoiceFilter(
        field_name=field, queryset=model._default_manager.all(), to_field_name="code", label=label
    )


def plain(model: type[models.Model], *names: str) -> type[FilterSet]:
    """Return filters by the values of fields: choices many at a time, settings by their code."""
    filters: dict[str, Any] = {}
    for name in names:
        field: Any = model._meta.get_field(name)
        if field.choices:
            filters[name] = django_filters.MultipleChoiceFilter(
                choices=field.choices, label=field.verbose_name
            )
        elif field.related_model and hasattr(field.related_model, "code"):
            filters[name] = by_code(field.related_model, field.verbose_name)
    meta = type("Meta", (), {"model": model, "fields": [n for n in names if n not in filters]})
    return type(f"{model.__name__}Filter", (FilterSet,), {"Meta": meta, **filters})


def filterset_of(model: type[models.Model] | str) -> type[FilterSet] | None:
    """Return the filters of a document, or None where it has none."""
    label = model if isinstance(model, str) else model._meta.label_lower
    return FILTERSETS.get(label)


def read_filter(
    label: str,
    query: str,
    *,
    now: datetime | F,
    until: datetime | F | None = None,
    queryset: QuerySet | None = None,
) -> FilterSet:
    """Return a document's filter set with the values of a stored query string."""
    filterset = FILTERSETS.get(label)
    if filterset is None:
        raise FilterError({"": [_("%(document)s has no filters.") % {"document": label}]})
    try:
        data = QueryDict(query)
    except TooManyFieldsSent:
        raise FilterError({"": [_("The filter has too many parts.")]}) from None
    if queryset is None:
        queryset = for_actor(filterset._meta.model._default_manager.all())
    return filterset(data, queryset=queryset, now=now, until=until)


def select(label: str, query: str, *, now: datetime, queryset: QuerySet | None = None) -> QuerySet:
    """Return the documents that a stored query string names, or raise FilterError."""
    return read_filter(label, query, now=now, queryset=queryset).strict()


def narrow(filterset: FilterSet) -> QuerySet:
    """Return the documents that a filter picks out; raise FilterError where it would take all."""
    if not filterset.data:
        raise FilterError({"": [_("The filter is empty: it would take every document.")]})
    query = filterset.strict().query
    compiler = query.get_compiler(connection=connection)
    for condition in query.where.children[len(filterset.queryset.query.where) :]:
        try:
            compiler.compile(condition)
        except FullResultSet:
            # Such as a number above all that the column can hold.
            raise FilterError({"": [_("A part of the filter takes every document.")]}) from None
        except EmptyResultSet:
            pass
    return filterset.qs


def canonical(query: str) -> str:
    """Return a query string with its filters in order, so that equal filters are equal text."""
    given, ordered = QueryDict(query), QueryDict(mutable=True)
    for name in sorted(given):
        # Of several values the last may count: they keep their order.
        ordered.setlist(name, given.getlist(name))
    return ordered.urlencode()
