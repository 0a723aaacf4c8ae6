"""The search box: each field of a list's search is looked up by its own index."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from backoffice.core import extensions
from backoffice.core.filtering import FilterError

MOST = 1000
# A part of a text is looked up by its trigrams, so it needs three letters; fewer begin it.
SHORT = 3
PREFIXES = {"=": "iexact", "^": "istartswith"}
NUMBER = re.compile(r"([A-Za-z]{2,4})-?([0-9]{1,18})", re.ASCII)
LOOKUPS = ("exact", "iexact", "startswith", "istartswith", "icontains")


def search(queryset: QuerySet, fields: Any, term: str) -> QuerySet:
    """Return the rows that match a term in any field; raise FilterError where they are too many."""
    ids = _found(queryset, fields, term)
    if len(ids) > MOST:
        text = _("More than %(n)s rows match: write more of it.")
        raise FilterError({"q": [text % {"n": f"{MOST:,}"}]})
    return queryset.filter(pk__any=ids)


def _found(queryset: QuerySet, fields: Any, term: str) -> list[Any]:
    parts: list[str] = []
    parameters: list[Any] = []
    for sql, values in _branches(queryset, fields, term):
        parts.append(f"(SELECT * FROM ({sql}) AS q)")
        parameters += values
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"{' UNION '.join(parts)} LIMIT {MOST + 1}", parameters)
        return [row[0] for row in cursor.fetchall()]


def _branches(queryset: QuerySet, fields: Any, term: str) -> Iterator[tuple[str, Any]]:
    """Yield one statement for each field that can hold the term."""
    if "\x00" in term:
        return
    keys = queryset.model._default_manager.order_by().values("pk")
    for spec in fields:
        try:
            yield keys.filter(**_condition(spec, term))[: MOST + 1].query.sql_with_params()
        except (ValueError, TypeError, ValidationError, EmptyResultSet):
            # The term is no value of this field.
            continue
    for finder in extensions.finders(queryset.model._meta.label_lower):
        yield finder(term)[: MOST + 1].query.sql_with_params()


def _condition(spec: str, term: str) -> dict[str, Any]:
    lookup = _lookup(spec, term)
    short = NUMBER.fullmatch(term)
    if short and lookup.endswith("number__exact"):
        # Nobody types the zeros of a document's number.
        full = f"{short[1].upper()}-{short[2].zfill(8)}"
        return {f"{lookup.removesuffix('exact')}in": [term, full]}
    return {lookup: term}


def _lookup(spec: str, term: str) -> str:
    name = f"{spec[1:]}__{PREFIXES[spec[0]]}" if spec[0] in PREFIXES else spec
    if name.rpartition("__")[2] not in LOOKUPS:
        name = f"{name}__icontains"
    if len(term) < SHORT and name.endswith("__icontains"):
        name = f"{name.removesuffix('icontains')}istartswith"
    return name
