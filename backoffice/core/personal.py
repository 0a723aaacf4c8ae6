"""Whose personal data lie where: erased and told by the fields that the models declare.

A model names its columns about people in `personal_fields`, and in `impersonal_fields` those that
only look like it. A floor registers by `personal_data` which rows of a model are about a subject.
What such rows point to and nobody registers, such as an address, goes with them.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from backoffice.core.actor import current_unit

Model = type[models.Model]
Known = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Holding:
    """The rows of a model that are about a subject; `told` is shown beside their personal fields.

    Rows that match `kept` are told and not erased.
    """

    model: Model
    rows: Callable[[int], models.QuerySet]
    told: tuple[str, ...]
    kept: Q


HOLDINGS: dict[str, list[Holding]] = defaultdict(list)


def personal_data(
    subject: str,
    model: Model,
    rows: Callable[[int], models.QuerySet],
    *told: str,
    kept: Q = Q(pk__in=[]),  # noqa: B008
) -> None:
    """Register the rows of a model that are about a subject, given its key."""
    HOLDINGS[subject].append(Holding(model, rows, told, kept))


def personal_fields(model: Model) -> tuple[str, ...]:
    """Return the columns of a model that are about people."""
    return getattr(model, "personal_fields", ())


def personal_columns(model: Model) -> list[str]:
    """Return their names in the database."""
    return [str(model._meta.get_field(name).column) for name in personal_fields(model)]  # type: ignore[union-attr]


def parts_of(model: Model) -> Iterator[tuple[str, Model]]:
    """Yield the keys of a model to personal rows that nobody registers: they go with its own."""
    registered = {h.model for holdings in HOLDINGS.values() for h in holdings}
    for field in model._meta.concrete_fields:
        target = field.related_model
        if isinstance(target, type) and target not in registered and personal_fields(target):
            yield field.attname, target


def erase_rows(subject: str, pk: int) -> Counter[str]:
    """Blank the personal columns of all rows about a subject; return the rows by table."""
    blanked: Counter[str] = Counter()
    for rows in _parts(subject, pk):
        blanked[rows.model._meta.db_table] += _blank(rows)
    for holding in HOLDINGS[subject]:
        if personal_fields(holding.model):
            rows = holding.rows(pk).exclude(holding.kept)
            blanked[holding.model._meta.db_table] += _blank(rows)
    return blanked


def tell_rows(subject: str, pk: int) -> Known:
    """Return what is known about a subject, by table."""
    known: dict[str, list[Mapping[str, Any]]] = {}
    for holding in HOLDINGS[subject]:
        told = dict.fromkeys((*holding.told, *personal_fields(holding.model)))
        rows = holding.rows(pk).order_by("pk").values(*told)
        known.setdefault(holding.model._meta.db_table, []).extend(rows)
    for part in _parts(subject, pk):
        known[part.model._meta.db_table] = list(part.order_by("pk").values())
    return known


# Words in a column's name that mean somebody; a "name" alone does where there is an address to it.
TELLING = re.compile(
    r"(^|_)(e?mail|phone|fax|address|line[12]|recipient|sender|requester|contact|birth\w*|payer"
    r"|holder|iban|notes?|message|greeting|text|comment|remarks?|instructions?|body|subject)$"
    r"|(first|last|full|user|family|given|customer|contact)_?name$"
)
REACHING = re.compile(r"(^|_)(e?mail|phone)$")


def undeclared_fields(model: Model) -> list[str]:
    """Return the columns of a model that look personal and are not declared either way."""
    names = [
        f.name
        for f in model._meta.concrete_fields
        if isinstance(f, (models.CharField, models.TextField, models.JSONField, models.DateField))
    ]
    is_reached = any(REACHING.search(name) for name in names)
    telling = [n for n in names if TELLING.search(n) or (n == "name" and is_reached)]
    # Whose an address is, somebody has to say: the model that is registered, or declares it.
    registered = {h.model for holdings in HOLDINGS.values() for h in holdings}
    if model not in registered:
        telling += [name.removesuffix("_id") for name, _part in parts_of(model)]
    declared = {*personal_fields(model), *getattr(model, "impersonal_fields", ())}
    return [name for name in telling if name not in declared]


def unreached_models() -> list[Model]:
    """Return the models with personal columns that no registration leads to."""
    registered = {h.model for holdings in HOLDINGS.values() for h in holdings}
    reached = registered | {part for model in registered for _key, part in parts_of(model)}
    return [m for m in apps.get_models() if personal_fields(m) and m not in reached]


def unblankable_fields(model: Model) -> list[str]:
    """Return the personal columns that can be neither empty nor NULL."""
    fields = [model._meta.get_field(name) for name in personal_fields(model)]
    text = (models.CharField, models.TextField)
    return [f.name for f in fields if not (f.null or isinstance(f, text))]  # type: ignore[union-attr]


def _parts(subject: str, pk: int) -> list[models.QuerySet]:
    keys: dict[Model, set[int]] = defaultdict(set)
    for holding in HOLDINGS[subject]:
        for name, part in parts_of(holding.model):
            keys[part] |= set(holding.rows(pk).values_list(name, flat=True))
    return [part._base_manager.filter(pk__in=found) for part, found in keys.items()]


def _blank(rows: models.QuerySet) -> int:
    fields = {name: rows.model._meta.get_field(name) for name in personal_fields(rows.model)}
    values: dict[str, Any] = {n: None if f.null else "" for n, f in fields.items()}  # type: ignore[union-attr]
    if any(field.name == "updated_at" for field in rows.model._meta.concrete_fields):
        values["updated_at"] = current_unit().now
    ids = list(rows.values_list("pk", flat=True))
    return rows.model._base_manager.filter(pk__in=ids).update(**values)
