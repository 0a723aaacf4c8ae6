"""The search box: each field of a list's search is looked up by its own index."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.core import extensions
from backoffice.core.filtering import FilterError

MOST = 1000
# A part of a text is looked up by its trigrams, so it needs three letters; fewer begin it.
SHORT = 3
PREFIXES = {"=": "iexact", "^": "istartswith"}
NUMBER = re.compile(r"([A-Za-z]{2,4})-?([0-9]{1,18})", re.ASCII)
DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
# How many of the newest numbers that would end in the digits are looked up, each by its key.
ENDINGS = 200
DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
# The newest numbers that end in the digits, each looked up by its key.
ENDING = """
SELECT t.id FROM {table} t WHERE t.id = ANY(ARRAY(SELECT n FROM (SELECT max(id) AS top FROM {table})
  AS m, generate_series(m.top - mod(m.top - %s, %s), %s, -%s) AS n LIMIT 200))
"""
EXACT = "number__exact"
# By these a related document is known.
NAMING = {"number", "order_number", "code", "username", "id"}
LOOKUPS = ("exact", "iexact", "startswith", "istartswith", "icontains")


def search(queryset: QuerySet, fields: Any, term: str) -> QuerySet:
    """Return the rows that match a term in any field; raise FilterError where they are too many."""
    ids = _found(queryset, fields, term)
    if len(ids) > MOST:
        text = _("More than %(n)s rows match: write more of it.")
        raise FilterError({"q": [text % {"n": f"{MOST:,}"}]})
    return queryset.filter(pk__any=ids)


def looks_for(model: Any, fields: Any) -> str:
    """Name what a search looks for; a related document goes by its own name."""
    found = []
    for spec in fields:
        path = [name for name in spec.lstrip("=^").split("__") if name not in LOOKUPS]
        if len(path) > 1 and path[-1] in NAMING:
            path.pop()
        owner = model
        for name in path:
            field = owner._meta.get_field(name)
            owner = field.related_model
        found.append(
            str(field.verbose_name if hasattr(field, "verbose_name") else owner._meta.verbose_name)
        )
    return capfirst(", ".join(dict.fromkeys(found)))


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
            condition = _condition(queryset.model, spec, term)
            yield keys.filter(**condition)[: MOST + 1].query.sql_with_params()
        except (ValueError, TypeError, ValidationError, EmptyResultSet):
            # The term is no value of this field.
            continue
    if len(term) >= SHORT and DIGITS.fullmatch(term) and _is_numbered(queryset.model, fields):
        place, step = int(term), 10 ** len(term)
        table = connection.ops.quote_name(queryset.model._meta.db_table)
        yield ENDING.format(table=table), [place, step, place, step]
    for finder in extensions.finders(queryset.model._meta.label_lower):
        yield finder(term)[: MOST + 1].query.sql_with_params()


def _condition(model: Any, spec: str, term: str) -> dict[str, Any]:
    lookup = _lookup(spec, term)
    if not lookup.endswith(EXACT):
        return {lookup: term}
    # Nobody types the zeros of a document's number, nor always its letters.
    short = NUMBER.fullmatch(f"{_prefix(model, lookup)}{term}" if term.isdigit() else term)
    full = [f"{short[1].upper()}-{short[2].zfill(8)}"] if short else []
    return {f"{lookup.removesuffix('exact')}in": [term, *full]}


def _prefix(model: Any, lookup: str) -> str:
    """Return what the numbers of a column begin with; nothing where the key is no part of them."""
    *way, name = lookup.removesuffix("__exact").split("__")
    for step in way:
        model = model._meta.get_field(step).related_model
    return getattr(model._meta.get_field(name), "number_prefix", "")


def _is_numbered(model: Any, fields: Any) -> bool:
    own = (spec for spec in fields if spec.endswith(EXACT) and spec.count("__") == 1)
    return any(_prefix(model, spec) for spec in own)


def _lookup(spec: str, term: str) -> str:
    name = f"{spec[1:]}__{PREFIXES[spec[0]]}" if spec[0] in PREFIXES else spec
    if name.rpartition("__")[2] not in LOOKUPS:
        name = f"{name}__icontains"
    if len(term) < SHORT and name.endswith("__icontains"):
        name = f"{name.removesuffix('icontains')}istartswith"
    return name
